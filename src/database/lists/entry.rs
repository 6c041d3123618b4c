//! What a list is made of: entries, the nodes that hold them, and the root.

/// More levels than any list has: a node that is its own descendant must not be followed for ever. With 512
/// children to a node, four levels hold more than a billion entries.
pub(super) const DEPTH_LIMIT: usize = 16;

/// A list cannot be read or changed: a node is missing, or what nodes say of each other does not agree.
///
/// A reader also gets this when a writer came between its reads; it may start again from the root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list is damaged: {0}")]
pub(in crate::database) struct Damaged(String);

impl Damaged {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    pub(super) fn too_deep() -> Self {
        Self(format!("it has more than {DEPTH_LIMIT} levels"))
    }
}

/// One article in a list. Entries are ordered by time, those of the same time by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::database) struct Entry {
    /// When it was or will be published, in milliseconds since 1970.
    pub(in crate::database) at: i64,
    /// The article.
    pub(in crate::database) id: u64,
}

/// What an inner node knows of a node below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) struct Child {
    /// Exactly the smallest entry below the child, so that the entry after a leaf is known without the next leaf.
    pub(in crate::database) first: Entry,
    /// How many entries are below the child, at least 1.
    pub(in crate::database) count: u64,
    /// The number of the child.
    pub(in crate::database) node: u64,
}

/// A part of a list that is stored as one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::database) enum Node {
    /// Entries, ascending.
    Leaf(Vec<Entry>),
    /// Children, ascending; all leaves of a list are on one level.
    Inner(Vec<Child>),
}

impl Node {
    /// How many entries or children stand in the node itself.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }

    /// How many entries are in the node or below it.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Leaf(entries) => entries.len() as u64,
            // Saturating, as the counts of a damaged list may be anything.
            Self::Inner(children) => children.iter().fold(0, |count, child| count.saturating_add(child.count)),
        }
    }

    /// The highest id in the node itself.
    pub(super) fn highest_id(&self) -> Option<u64> {
        match self {
            Self::Leaf(entries) => entries.iter().map(|entry| entry.id).max(),
            Self::Inner(children) => children.iter().map(|child| child.first.id).max(),
        }
    }

    /// The smallest entry in the node or below it.
    pub(super) fn first(&self) -> Option<Entry> {
        match self {
            Self::Leaf(entries) => entries.first().copied(),
            Self::Inner(children) => children.first().map(|child| child.first),
        }
    }

    /// What the parent of this node says of it.
    pub(super) fn as_child(&self, number: u64) -> Result<Child, Damaged> {
        let first = self.first().ok_or_else(|| Damaged::new(format!("node {number} is empty")))?;
        Ok(Child { first, count: self.count(), node: number })
    }

    /// Takes everything from the position on into a new node.
    pub(super) fn split_off(&mut self, position: usize) -> Self {
        match self {
            Self::Leaf(entries) => Self::Leaf(entries.split_off(position)),
            Self::Inner(children) => Self::Inner(children.split_off(position)),
        }
    }

    /// This node and the one right of it as one.
    pub(super) fn joined(self, right: Self) -> Result<Self, Damaged> {
        match (self, right) {
            (Self::Leaf(left), Self::Leaf(right)) => Ok(Self::Leaf([left, right].concat())),
            (Self::Inner(left), Self::Inner(right)) => Ok(Self::Inner([left, right].concat())),
            _ => Err(Damaged::new("a leaf is beside an inner node")),
        }
    }
}

/// Where a list starts: the one node that has no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::database) struct Root {
    /// All entries of a small list, else the uppermost children.
    pub(in crate::database) node: Node,
    /// The highest number that a node was given so far. Numbers are never used again.
    pub(in crate::database) last_node: u64,
    /// The times of all entries that were later than `now` at the last change, ascending.
    pub(in crate::database) upcoming: Vec<i64>,
}

impl Root {
    /// The number for a new node.
    pub(super) fn next_number(&mut self) -> Result<u64, Damaged> {
        self.last_node = self.last_node.checked_add(1).ok_or_else(|| Damaged::new("no node number is left"))?;
        Ok(self.last_node)
    }
}

impl Default for Root {
    /// An empty list.
    fn default() -> Self {
        Self { node: Node::Leaf(Vec::new()), last_node: 0, upcoming: Vec::new() }
    }
}

/// Which child an entry is below, or would be: the last that does not start after it. What is smaller than
/// everything belongs to the leftmost.
pub(super) fn child_for(children: &[Child], entry: Entry) -> usize {
    children.partition_point(|child| child.first <= entry).saturating_sub(1)
}
