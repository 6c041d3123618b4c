//! Nodes as bytes: the number of the format, then columns of differences, which are small where the values
//! are not. An entry takes about 6 bytes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::entry::{Child, Damaged, Entry, Node, Root};

/// The first byte of every item, so that another format can follow.
const FORMAT: u8 = 1;

/// Ascending times.
#[derive(Serialize, Deserialize)]
struct Times {
    /// `None` if there are no times.
    first: Option<i64>,
    gaps: Vec<u64>,
}

/// Any numbers, each as the difference to the one before it. Differences wrap around, so every column of
/// differences stands for numbers.
#[derive(Serialize, Deserialize)]
struct Steps(Vec<i64>);

#[derive(Serialize, Deserialize)]
struct Entries {
    times: Times,
    ids: Steps,
}

#[derive(Serialize, Deserialize)]
enum NodeColumns {
    Leaf(Entries),
    Inner { firsts: Entries, counts: Vec<u64>, nodes: Steps },
}

#[derive(Serialize, Deserialize)]
struct RootColumns {
    last_node: u64,
    upcoming: Times,
    node: NodeColumns,
}

impl Times {
    fn of(times: &[i64]) -> Self {
        // The difference of ascending i64 always fits u64.
        let gaps = times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]).cast_unsigned()).collect();
        Self { first: times.first().copied(), gaps }
    }

    fn into_times(self) -> Result<Vec<i64>, Damaged> {
        let Some(mut time) = self.first else {
            return if self.gaps.is_empty() { Ok(Vec::new()) } else { Err(Damaged::new("times have no beginning")) };
        };
        let mut times = vec![time];
        for gap in self.gaps {
            time = time.checked_add_unsigned(gap).ok_or_else(|| Damaged::new("a time is too late"))?;
            times.push(time);
        }
        Ok(times)
    }
}

impl Steps {
    fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut before = 0_u64;
        Self(numbers.map(|number| number.wrapping_sub(std::mem::replace(&mut before, number)).cast_signed()).collect())
    }

    fn into_numbers(self) -> Vec<u64> {
        let mut number = 0_u64;
        let add = |step: i64| {
            number = number.wrapping_add_signed(step);
            number
        };
        self.0.into_iter().map(add).collect()
    }
}

impl Entries {
    fn of(entries: impl Iterator<Item = Entry> + Clone) -> Self {
        let times: Vec<i64> = entries.clone().map(|entry| entry.at).collect();
        Self { times: Times::of(&times), ids: Steps::of(entries.map(|entry| entry.id)) }
    }

    fn into_entries(self) -> Result<Vec<Entry>, Damaged> {
        let (times, ids) = (self.times.into_times()?, self.ids.into_numbers());
        same_length(times.len(), ids.len())?;
        let entries: Vec<Entry> = times.into_iter().zip(ids).map(|(at, id)| Entry { at, id }).collect();
        if !entries.is_sorted_by(|before, after| before < after) {
            return Err(Damaged::new("entries are not ascending"));
        }
        Ok(entries)
    }
}

impl NodeColumns {
    fn of(node: &Node) -> Self {
        match node {
            Node::Leaf(entries) => Self::Leaf(Entries::of(entries.iter().copied())),
            Node::Inner(children) => Self::Inner {
                firsts: Entries::of(children.iter().map(|child| child.first)),
                counts: children.iter().map(|child| child.count).collect(),
                nodes: Steps::of(children.iter().map(|child| child.node)),
            },
        }
    }

    fn into_node(self) -> Result<Node, Damaged> {
        match self {
            Self::Leaf(entries) => Ok(Node::Leaf(entries.into_entries()?)),
            Self::Inner { firsts, counts, nodes } => {
                Ok(Node::Inner(children(firsts.into_entries()?, counts, nodes.into_numbers())?))
            }
        }
    }
}

fn children(firsts: Vec<Entry>, counts: Vec<u64>, nodes: Vec<u64>) -> Result<Vec<Child>, Damaged> {
    same_length(firsts.len(), counts.len())?;
    same_length(firsts.len(), nodes.len())?;
    if firsts.is_empty() || counts.contains(&0) {
        return Err(Damaged::new("an inner node without anything below it"));
    }
    if counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count)).is_none() {
        return Err(Damaged::new("counts are too large"));
    }
    let columns = firsts.into_iter().zip(counts).zip(nodes);
    Ok(columns.map(|((first, count), node)| Child { first, count, node }).collect())
}

fn same_length(one: usize, other: usize) -> Result<(), Damaged> {
    if one == other { Ok(()) } else { Err(Damaged::new("columns differ in length")) }
}

impl Node {
    /// The node as the bytes of an item.
    #[must_use]
    pub(in crate::database) fn encode(&self) -> Vec<u8> {
        to_bytes(&NodeColumns::of(self))
    }

    /// The node that was encoded.
    ///
    /// # Errors
    ///
    /// If the bytes are not those of a node: another format, not ascending, too short or too long.
    pub(in crate::database) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        from_bytes::<NodeColumns>(bytes)?.into_node()
    }
}

impl Root {
    /// The root as the bytes of an item.
    #[must_use]
    pub(in crate::database) fn encode(&self) -> Vec<u8> {
        to_bytes(&RootColumns {
            last_node: self.last_node,
            upcoming: Times::of(&self.upcoming),
            node: NodeColumns::of(&self.node),
        })
    }

    /// The root that was encoded.
    ///
    /// # Errors
    ///
    /// If the bytes are not those of a root, as for [`Node::decode`].
    pub(in crate::database) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let columns: RootColumns = from_bytes(bytes)?;
        Ok(Self {
            node: columns.node.into_node()?,
            last_node: columns.last_node,
            upcoming: columns.upcoming.into_times()?,
        })
    }
}

fn to_bytes(columns: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(columns, vec![FORMAT]).expect("a vector takes all bytes, and columns have known lengths")
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damaged> {
    let Some((&FORMAT, columns)) = bytes.split_first() else {
        return Err(Damaged::new("unknown format"));
    };
    match postcard::take_from_bytes(columns) {
        Ok((columns, [])) => Ok(columns),
        Ok(_) => Err(Damaged::new("bytes follow the end")),
        Err(error) => Err(Damaged::new(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = BTreeSet<Entry>> {
        let at = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -3_i64..3];
        btree_set((at, any::<u64>()).prop_map(|(at, id)| Entry { at, id }), 0..20)
    }

    fn nodes() -> impl Strategy<Value = Node> {
        let child = |(first, (count, node))| Child { first, count, node };
        let inner = (entries(), vec((1..u64::MAX / 20, any::<u64>()), 20))
            .prop_map(move |(firsts, rest)| firsts.into_iter().zip(rest).map(child).collect::<Vec<_>>())
            .prop_filter("an inner node has children", |children| !children.is_empty());
        prop_oneof![
            entries().prop_map(|entries| Node::Leaf(entries.into_iter().collect())),
            inner.prop_map(Node::Inner)
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(node in nodes(), last_node: u64, mut upcoming in vec(any::<i64>(), 0..9)) {
            prop_assert_eq!(Node::decode(&node.encode()), Ok(node.clone()));
            upcoming.sort_unstable();
            let root = Root { node, last_node, upcoming };
            prop_assert_eq!(Root::decode(&root.encode()), Ok(root));
        }

        #[test]
        fn changed_bytes_never_panic(node in nodes(), position: prop::sample::Index, byte: u8) {
            let mut bytes = node.encode();
            let position = position.index(bytes.len());
            bytes[position] = byte;
            if let Ok(node) = Node::decode(&bytes) {
                prop_assert_eq!(Node::decode(&node.encode()), Ok(node));
            }
            prop_assert!(Node::decode(&node.encode()[..position]).is_err());
            prop_assert!(Node::decode(&[&node.encode()[..], &[byte]].concat()).is_err());
        }

        #[test]
        fn any_bytes_never_panic(bytes in vec(any::<u8>(), 0..64)) {
            let formatted = [&[FORMAT][..], &bytes].concat();
            for bytes in [bytes, formatted] {
                let _ = (Node::decode(&bytes), Root::decode(&bytes));
            }
        }
    }

    #[test]
    fn what_is_not_ascending_or_of_another_format_is_refused() {
        let entry = |at, id| Entry { at, id };
        assert!(Node::decode(&Node::Leaf(vec![entry(1, 2), entry(1, 1)]).encode()).is_err());
        assert!(Node::decode(&Node::Leaf(vec![entry(2, 1), entry(1, 1)]).encode()).is_err());
        assert!(Node::decode(&Node::Inner(vec![]).encode()).is_err());
        let mut bytes = Root::default().encode();
        bytes[0] = 2;
        assert!(Root::decode(&bytes).is_err());
        assert!(Root::decode(&[]).is_err());
    }
}
