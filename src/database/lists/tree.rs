//! A list of which some nodes are loaded: which others are needed, and reading.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::entry::{Child, DEPTH_LIMIT, Damaged, Entry, Node, Root, child_for};

/// A list of which the root and some other nodes are loaded.
///
/// Before each operation stands one of the `missing_` methods: it names the nodes of the next level that are to
/// be [loaded](Tree::load), and nothing when all that the operation needs is there.
#[derive(Clone, Debug)]
pub(in crate::database) struct Tree {
    pub(super) root: Root,
    pub(super) nodes: BTreeMap<u64, Node>,
    pub(super) fan_out: usize,
    /// `last_node` before any change; what has a higher number is not stored yet.
    pub(super) last_stored: u64,
    /// Nodes that were changed since they were loaded, or are not stored yet.
    pub(super) changed: BTreeSet<u64>,
    /// Stored nodes that are no longer part of the list.
    pub(super) removed: BTreeSet<u64>,
}

/// The way from the root to a leaf. A place is the number of a node, `None` for the root.
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    pub(super) leaf: Option<u64>,
    /// Whether the leaf is the last of the list.
    pub(super) rightmost: bool,
}

/// An inner node, and which of its children comes next on the path.
pub(super) struct Step {
    pub(super) place: Option<u64>,
    pub(super) index: usize,
}

impl Tree {
    /// A list of which only the root is loaded. `fan_out` is the most entries of a leaf and the most children
    /// of an inner node, at least 4.
    #[must_use]
    pub(in crate::database) fn new(root: Root, fan_out: usize) -> Self {
        Self {
            last_stored: root.last_node,
            root,
            nodes: BTreeMap::new(),
            fan_out: fan_out.max(4),
            changed: BTreeSet::new(),
            removed: BTreeSet::new(),
        }
    }

    /// Takes a node that was named as missing. One that is loaded already stays as it is, as it may have changed.
    pub(in crate::database) fn load(&mut self, number: u64, node: Node) {
        self.nodes.entry(number).or_insert(node);
    }

    /// Which nodes of the next level are missing before `entry` can be inserted or removed, or be asked for its
    /// position or its neighbours.
    ///
    /// These are, on each level, the node on the path to the entry, the node left of it, which has the entry
    /// before it, and the sibling that it merges with if a removal leaves too little in it.
    #[must_use]
    pub(in crate::database) fn missing_for(&self, entry: Entry) -> Vec<u64> {
        let (mut node, mut left_node) = (Some(&self.root.node), None);
        for _ in 0..DEPTH_LIMIT {
            let Some(Node::Inner(children)) = node else { break };
            let index = child_for(children, entry);
            let on_path = children.get(index);
            let left = left_of(children, index, left_node);
            let right = children.get(1).filter(|_| index == 0);
            let missing = self.not_loaded([on_path, left, right].into_iter().flatten());
            if !missing.is_empty() {
                return missing;
            }
            node = on_path.and_then(|child| self.nodes.get(&child.node));
            left_node = left.and_then(|child| self.nodes.get(&child.node));
        }
        Vec::new()
    }

    /// Which nodes of the next level are missing before the entries at these positions can be
    /// [selected](Tree::select).
    #[must_use]
    pub(in crate::database) fn missing_between(&self, positions: Range<u64>) -> Vec<u64> {
        let mut level = vec![(0, &self.root.node)];
        for _ in 0..DEPTH_LIMIT {
            let below = children_between(&level, &positions);
            let missing = self.not_loaded(below.iter().map(|(_, child)| *child));
            if below.is_empty() || !missing.is_empty() {
                return missing;
            }
            // Nodes that contradict their parents are left to `select` to report. Following them could take for
            // ever, while nodes with the right counts share out the positions.
            level = below.into_iter().filter_map(|(start, child)| Some((start, self.loaded(child).ok()?))).collect();
        }
        Vec::new()
    }

    /// The first node on the path to an entry that is not loaded.
    pub(super) fn missing_on_path(&self, entry: Entry) -> Option<u64> {
        let mut node = &self.root.node;
        for _ in 0..DEPTH_LIMIT {
            let Node::Inner(children) = node else { return None };
            let child = children.get(child_for(children, entry))?;
            let Some(below) = self.nodes.get(&child.node) else { return Some(child.node) };
            node = below;
        }
        None
    }

    /// Each number once, as no batch may ask for an item twice.
    fn not_loaded<'a>(&self, children: impl Iterator<Item = &'a Child>) -> Vec<u64> {
        let numbers = children.map(|child| child.node).filter(|number| !self.nodes.contains_key(number));
        numbers.collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// How many entries the list has. Needs the root only.
    #[must_use]
    pub(in crate::database) fn len(&self) -> u64 {
        self.root.node.count()
    }

    /// How many entries are not later than `now`, in milliseconds since 1970. Needs the root only.
    ///
    /// `now` must not be before that of the last change: what was not later then counts in any case.
    #[must_use]
    pub(in crate::database) fn rank_now(&self, now: i64) -> u64 {
        let upcoming = self.root.upcoming.len() - self.root.upcoming.partition_point(|at| *at <= now);
        self.len().saturating_sub(upcoming as u64)
    }

    /// The time of the earliest entry that is later than `now`. Needs the root only.
    #[must_use]
    pub(in crate::database) fn next_upcoming(&self, now: i64) -> Option<i64> {
        self.root.upcoming.get(self.root.upcoming.partition_point(|at| *at <= now)).copied()
    }

    /// How many entries are smaller than `entry`, which need not be in the list. Needs what
    /// [`Tree::missing_for`] names.
    ///
    /// # Errors
    ///
    /// If the list is damaged or a node is not loaded.
    pub(in crate::database) fn position(&self, entry: Entry) -> Result<u64, Damaged> {
        let path = self.path(entry)?;
        let mut position = self.leaf(path.leaf)?.partition_point(|other| *other < entry) as u64;
        for step in &path.steps {
            let before = &self.children(step.place)?[..step.index];
            position = before.iter().fold(position, |sum, child| sum.saturating_add(child.count));
        }
        Ok(position)
    }

    /// Between which positions an entry is or would be, as far as the nodes that are loaded tell.
    pub(super) fn position_bounds(&self, entry: Entry) -> Range<u64> {
        let (mut node, mut start) = (&self.root.node, 0_u64);
        for _ in 0..DEPTH_LIMIT {
            let Node::Inner(children) = node else { break };
            let index = child_for(children, entry);
            start = children[..index].iter().fold(start, |sum, child| sum.saturating_add(child.count));
            let Some(child) = children.get(index) else { break };
            let Some(below) = self.nodes.get(&child.node) else { return start..start.saturating_add(child.count) };
            node = below;
        }
        let Node::Leaf(entries) = node else { return start..start };
        let position = start + entries.partition_point(|other| *other < entry) as u64;
        position..position
    }

    /// The entries at these positions, oldest first, where 0 is the oldest of all. Past the end there are none.
    /// Needs what [`Tree::missing_between`] names.
    ///
    /// # Errors
    ///
    /// As [`Tree::position`].
    pub(in crate::database) fn select(&self, positions: Range<u64>) -> Result<Vec<Entry>, Damaged> {
        let mut level = vec![(0, &self.root.node)];
        for _ in 0..=DEPTH_LIMIT {
            let below = children_between(&level, &positions);
            if below.is_empty() {
                return Ok(entries_between(&level, &positions));
            }
            if level.iter().any(|(_, node)| matches!(node, Node::Leaf(_))) {
                return Err(Damaged::new("a leaf is beside an inner node"));
            }
            let loaded = below.into_iter().map(|(start, child)| Ok((start, self.loaded(child)?)));
            level = loaded.collect::<Result<_, Damaged>>()?;
        }
        Err(Damaged::too_deep())
    }

    /// The greatest entry before `entry` and the smallest after it; it need not be in the list itself.
    ///
    /// Once [`Tree::missing_for`] names nothing, both are known: the one before is in the same leaf or is the
    /// last of the leaf left of it, which is loaded, and the one after is in the same leaf or is the `first` of
    /// the next child of a node on the path.
    ///
    /// # Errors
    ///
    /// As [`Tree::position`].
    pub(in crate::database) fn neighbours(&self, entry: Entry) -> Result<(Option<Entry>, Option<Entry>), Damaged> {
        let path = self.path(entry)?;
        let (mut left_node, mut after) = (None, None);
        for step in &path.steps {
            let children = self.children(step.place)?;
            let left = left_of(children, step.index, left_node);
            left_node = left.map(|child| self.loaded(child)).transpose()?;
            // The deeper, the nearer.
            after = children.get(step.index + 1).map(|child| child.first).or(after);
        }
        let entries = self.leaf(path.leaf)?;
        let before = entries[..entries.partition_point(|other| *other < entry)].last();
        let last_left = left_node.and_then(|node| if let Node::Leaf(entries) = node { entries.last() } else { None });
        let next = entries.get(entries.partition_point(|other| *other <= entry)).copied();
        Ok((before.or(last_left).copied(), next.or(after)))
    }

    /// The way to the leaf that `entry` is in, or would be.
    pub(super) fn path(&self, entry: Entry) -> Result<Path, Damaged> {
        let mut path = Path { steps: Vec::new(), leaf: None, rightmost: true };
        let mut node = &self.root.node;
        while let Node::Inner(children) = node {
            if path.steps.len() == DEPTH_LIMIT {
                return Err(Damaged::too_deep());
            }
            let index = child_for(children, entry);
            let child = children.get(index).ok_or_else(|| Damaged::new("an inner node has no children"))?;
            path.rightmost &= index + 1 == children.len();
            path.steps.push(Step { place: path.leaf, index });
            path.leaf = Some(child.node);
            node = self.loaded(child)?;
        }
        Ok(path)
    }

    /// The node of a child, if it is what its parent says.
    pub(super) fn loaded(&self, child: &Child) -> Result<&Node, Damaged> {
        let node = self.node(Some(child.node))?;
        if node.as_child(child.node)? != *child {
            return Err(Damaged::new(format!("node {} is not what its parent says", child.node)));
        }
        Ok(node)
    }

    pub(super) fn node(&self, place: Option<u64>) -> Result<&Node, Damaged> {
        let Some(number) = place else { return Ok(&self.root.node) };
        self.nodes.get(&number).ok_or_else(|| Damaged::new(format!("node {number} is not loaded")))
    }

    pub(super) fn leaf(&self, place: Option<u64>) -> Result<&[Entry], Damaged> {
        match self.node(place)? {
            Node::Leaf(entries) => Ok(entries),
            Node::Inner(_) => Err(Damaged::new("an inner node where a leaf should be")),
        }
    }

    pub(super) fn children(&self, place: Option<u64>) -> Result<&[Child], Damaged> {
        match self.node(place)? {
            Node::Inner(children) => Ok(children),
            Node::Leaf(_) => Err(Damaged::new("a leaf where an inner node should be")),
        }
    }
}

/// The child left of one on the path: in the same node, or the last of the node left of that.
fn left_of<'a>(children: &'a [Child], index: usize, left_node: Option<&'a Node>) -> Option<&'a Child> {
    match (index.checked_sub(1), left_node) {
        (Some(left), _) => children.get(left),
        (None, Some(Node::Inner(children))) => children.last(),
        (None, _) => None,
    }
}

/// The children of a level that have entries at these positions, each with the position of its first entry.
fn children_between<'a>(level: &[(u64, &'a Node)], positions: &Range<u64>) -> Vec<(u64, &'a Child)> {
    let mut between = Vec::new();
    for (start, node) in level {
        let Node::Inner(children) = node else { continue };
        let mut start = *start;
        for child in children {
            let end = start.saturating_add(child.count);
            if start < positions.end && positions.start < end && !positions.is_empty() {
                between.push((start, child));
            }
            start = end;
        }
    }
    between
}

/// The entries in the leaves of a level that are at these positions.
fn entries_between(level: &[(u64, &Node)], positions: &Range<u64>) -> Vec<Entry> {
    let mut between = Vec::new();
    for (start, node) in level {
        if let Node::Leaf(entries) = node {
            let numbered = (*start..).zip(entries);
            between.extend(numbered.filter(|(position, _)| positions.contains(position)).map(|(_, entry)| *entry));
        }
    }
    between
}
