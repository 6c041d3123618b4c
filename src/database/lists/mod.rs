//! Ordered lists of articles that say how many stand before each: B+ trees with counts.
//!
//! A list is sorted by when its articles were or will be published. So what stands from the m-th to
//! the n-th place is found in a request for each level of the tree, two where there are fewer than
//! a hundred thousand, however far from the end; and everything whose time is still to come stands
//! at the end already, where a reader of now does not look.
//!
//! Nodes are items. A change writes those that it touches in its own transaction, each on the
//! condition that it still is as it was read.

mod change;
mod encoding;
mod entry;
mod page;
mod stored;
#[cfg(test)]
mod tests;
mod tree;
mod whole;

pub(super) use entry::Entry;
pub(super) use page::{FoundPage, PageOf};
pub(super) use stored::{List, StoredNodes, built, first_node};
