//! Whole lists: making one anew and checking one, for a repair and for tests.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Changes;
use super::entry::{Child, DEPTH_LIMIT, Damaged, Entry, Node, Root};

/// A list of these entries, in nodes that are three quarters full, numbered from 1.
///
/// `now` is in milliseconds since 1970. The entries may stand in any order. What was stored of an older list
/// under other numbers is the caller's to remove.
#[must_use]
pub(super) fn build(mut entries: Vec<Entry>, fan_out: usize, now: i64) -> Changes {
    entries.sort_unstable();
    entries.dedup();
    let fan_out = fan_out.max(4);
    let upcoming = entries.iter().map(|entry| entry.at).filter(|at| *at > now).collect();
    let mut written = Vec::new();
    let mut node = Node::Leaf(entries);
    while node.len() > fan_out {
        let below = match node {
            Node::Leaf(entries) => chunks(&entries, fan_out, Node::Leaf),
            Node::Inner(children) => chunks(&children, fan_out, Node::Inner),
        };
        node = Node::Inner(below.into_iter().map(|below| number(below, &mut written)).collect());
    }
    Changes { root: Root { node, last_node: written.len() as u64, upcoming }, written, removed: Vec::new() }
}

fn chunks<T: Clone>(all: &[T], fan_out: usize, node: fn(Vec<T>) -> Node) -> Vec<Node> {
    all.chunks(fan_out * 3 / 4).map(|chunk| node(chunk.to_vec())).collect()
}

fn number(node: Node, written: &mut Vec<(u64, Node)>) -> Child {
    let number = written.len() as u64 + 1;
    let child = node.as_child(number).expect("chunks are not empty");
    written.push((number, node));
    child
}

/// All entries of a list that is wholly loaded, `nodes` being all that is stored of it besides the root.
///
/// # Errors
///
/// If anything is not as it should be: order, counts, firsts, levels, a node that is missing, used twice or not
/// used, or upcoming times that are not those of entries.
pub(super) fn validate(root: &Root, nodes: &BTreeMap<u64, Node>) -> Result<Vec<Entry>, Damaged> {
    let mut used = BTreeSet::new();
    let mut level = vec![&root.node];
    for _ in 0..=DEPTH_LIMIT {
        if level.iter().all(|node| matches!(node, Node::Leaf(_))) {
            let entries = entries_of(&level)?;
            check_upcoming(&root.upcoming, &entries)?;
            return match nodes.keys().find(|number| !used.contains(*number)) {
                Some(number) => Err(Damaged::new(format!("node {number} is not used"))),
                None => Ok(entries),
            };
        }
        let mut below = Vec::new();
        for child in children_of(&level)? {
            if child.node > root.last_node || !used.insert(child.node) {
                return Err(Damaged::new(format!("node {} is used twice or was never made", child.node)));
            }
            below.push(child_node(child, nodes)?);
        }
        level = below;
    }
    Err(Damaged::too_deep())
}

fn child_node<'a>(child: &Child, nodes: &'a BTreeMap<u64, Node>) -> Result<&'a Node, Damaged> {
    let number = child.node;
    let node = nodes.get(&number).ok_or_else(|| Damaged::new(format!("node {number} is missing")))?;
    if node.as_child(number)? != *child {
        return Err(Damaged::new(format!("node {number} is not what its parent says")));
    }
    Ok(node)
}

fn children_of<'a>(level: &[&'a Node]) -> Result<Vec<&'a Child>, Damaged> {
    let mut all = Vec::new();
    for node in level {
        match node {
            Node::Inner(children) => all.extend(children),
            Node::Leaf(_) => return Err(Damaged::new("a leaf is beside an inner node")),
        }
    }
    if all.is_empty() {
        return Err(Damaged::new("an inner node has no children"));
    }
    Ok(all)
}

fn entries_of(leaves: &[&Node]) -> Result<Vec<Entry>, Damaged> {
    let of_leaf = |node: &&Node| if let Node::Leaf(entries) = node { entries.clone() } else { Vec::new() };
    let entries: Vec<Entry> = leaves.iter().flat_map(of_leaf).collect();
    // With every `first` being exact, ascending entries mean ascending children too.
    if entries.is_sorted_by(|before, after| before < after) {
        Ok(entries)
    } else {
        Err(Damaged::new("entries are not ascending"))
    }
}

fn check_upcoming(upcoming: &[i64], entries: &[Entry]) -> Result<(), Damaged> {
    // Not always those of the latest entries: clocks of processes differ a little.
    let mut times = entries.iter().map(|entry| entry.at);
    if upcoming.iter().all(|at| times.any(|time| time == *at)) {
        Ok(())
    } else {
        Err(Damaged::new("upcoming times are not those of entries"))
    }
}
