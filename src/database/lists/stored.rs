//! Lists in the table.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::entry::{Damaged, Entry, Node, Root};
use super::tree::Tree;
use super::whole::{build, validate};
use crate::business::Fault;
use crate::database::keys::{self, Key, ListName};
use crate::database::table::{Item, Table, Transaction, from_item};

/// The most entries of a leaf, and the most children of another node: what fits into 4 KB, which
/// is what a read unit reads.
/// Tests have lists of several levels with less.
const FAN_OUT: usize = if cfg!(test) { 4 } else { 512 };

/// A node as an item.
#[derive(Serialize, Deserialize)]
struct NodeItem {
    #[serde(with = "serde_bytes")]
    node: Vec<u8>,
    /// The title of the list, in the root of one that has a title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

/// A list, as far as it is loaded.
pub(in crate::database) struct List {
    name: ListName,
    tree: Tree,
    title: Option<String>,
    /// The items that were read; the root has no number.
    items: HashMap<Option<u64>, Item>,
}

/// What is stored of a list that has nothing yet.
pub(in crate::database) fn first_node() -> impl Serialize {
    NodeItem { node: Root::default().encode(), title: None }
}

impl List {
    /// A list of which the root was read, if it is there.
    pub(in crate::database) fn new(name: ListName, root: Option<Item>) -> Result<Self, Fault> {
        let Some(item) = root else {
            if name.is_always_there() {
                return Err(Fault::failed(format!("list {name} is not there: run `check --repair`")));
            }
            return Ok(Self { name, tree: Tree::new(Root::default(), FAN_OUT), title: None, items: HashMap::new() });
        };
        let NodeItem { node, title } = from_item(item.clone())?;
        let tree = Tree::new(Root::decode(&node).map_err(Fault::failed)?, FAN_OUT);
        Ok(Self { name, tree, title, items: HashMap::from([(None, item)]) })
    }

    /// The title of a tag's list: the tag as it is written.
    pub(in crate::database) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    pub(in crate::database) fn set_title(&mut self, title: &str) {
        self.title = Some(title.to_owned());
    }

    pub(in crate::database) fn name(&self) -> &ListName {
        &self.name
    }

    /// Loads what `missing` says until that is nothing, a request for each level of all lists
    /// together.
    pub(in crate::database) async fn load(
        table: &Table,
        lists: &mut [Self],
        missing: impl Fn(&Self) -> Vec<u64>,
    ) -> Result<(), Fault> {
        loop {
            let mut wanted: Vec<(usize, u64, Key)> = Vec::new();
            for (index, list) in lists.iter().enumerate() {
                let keys = missing(list).into_iter().map(|number| (index, number, keys::list_node(&list.name, number)));
                wanted.extend(keys);
            }
            if wanted.is_empty() {
                return Ok(());
            }
            let keys: Vec<Key> = wanted.iter().map(|(_, _, key)| key.clone()).collect();
            let mut found = table.batch_get(&keys).await?;
            for (index, number, key) in wanted {
                lists[index].add(number, found.remove(&key))?;
            }
        }
    }

    fn add(&mut self, number: u64, item: Option<Item>) -> Result<(), Fault> {
        let item = item.ok_or_else(|| Fault::failed(format!("node {number} of list {} is not there", self.name)))?;
        let NodeItem { node, .. } = from_item(item.clone())?;
        self.tree.load(number, Node::decode(&node).map_err(Fault::failed)?);
        self.items.insert(Some(number), item);
        Ok(())
    }

    pub(in crate::database) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(in crate::database) fn tree_mut(&mut self) -> &mut Tree {
        &mut self.tree
    }

    /// Writes what has changed.
    pub(in crate::database) fn write(self, transaction: &mut Transaction<'_>) -> Result<(), Fault> {
        let Self { name, tree, title, items } = self;
        let is_ended = tree.len() == 0 && !name.is_always_there();
        let changes = tree.changes();
        let root = (None, keys::list_root(&name), NodeItem { node: changes.root.encode(), title });
        let nodes = changes.written.into_iter();
        let nodes = nodes.map(|(number, node)| {
            (Some(number), keys::list_node(&name, number), NodeItem { node: node.encode(), title: None })
        });
        for (place, key, node) in [root].into_iter().chain(nodes) {
            match items.get(&place) {
                Some(before) if place.is_none() && is_ended => transaction.remove(&key, before)?,
                Some(before) => transaction.replace(&key, &node, before)?,
                None => transaction.create(&key, &node)?,
            };
        }
        for number in changes.removed {
            transaction.delete(&keys::list_node(&name, number))?;
        }
        Ok(())
    }
}

/// All nodes of a list that can be read.
#[derive(Default)]
pub(in crate::database) struct StoredNodes {
    /// Of all its items, those that cannot be read included.
    keys: Vec<Key>,
    root: Option<Root>,
    nodes: BTreeMap<u64, Node>,
}

impl StoredNodes {
    /// Adds what the item of a key holds.
    pub(in crate::database) fn add(&mut self, key: Key, item: Item) -> Result<(), Fault> {
        let number = keys::node_number(&key.sk);
        self.keys.push(key);
        let NodeItem { node, .. } = from_item(item)?;
        match number {
            Some(number) => drop(self.nodes.insert(number, Node::decode(&node).map_err(Fault::failed)?)),
            None => self.root = Some(Root::decode(&node).map_err(Fault::failed)?),
        }
        Ok(())
    }

    /// The highest number of an article that is in it.
    pub(in crate::database) fn highest_id(&self) -> Option<u64> {
        let nodes = self.root.iter().map(|root| &root.node).chain(self.nodes.values());
        nodes.filter_map(Node::highest_id).max()
    }

    /// Everything that is in it, oldest first.
    pub(in crate::database) fn entries(&self) -> Result<Vec<Entry>, Fault> {
        let root = self.root.as_ref().ok_or_else(|| Fault::failed("it has no root"))?;
        validate(root, &self.nodes).map_err(Fault::failed)
    }

    /// The keys of all its items.
    pub(in crate::database) fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// A list built anew, as items by their keys; the root comes last.
pub(in crate::database) fn built(
    list: &ListName,
    title: Option<String>,
    entries: Vec<Entry>,
    now: i64,
) -> Vec<(Key, impl Serialize)> {
    let changes = build(entries, FAN_OUT, now);
    let node =
        |(number, node): (u64, Node)| (keys::list_node(list, number), NodeItem { node: node.encode(), title: None });
    let root = (keys::list_root(list), NodeItem { node: changes.root.encode(), title });
    changes.written.into_iter().map(node).chain([root]).collect()
}

impl From<Damaged> for Fault {
    fn from(damaged: Damaged) -> Self {
        Self::failed(damaged)
    }
}
