//! Changing a list: inserting and removing entries, splitting and merging nodes, and what is to be written.

use super::entry::{Child, Damaged, Entry, Node, Root};
use super::tree::{Step, Tree};

/// What is to be written, in one transaction, for a list to be as it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::database) struct Changes {
    /// The root, which every change alters.
    pub(in crate::database) root: Root,
    /// The nodes that are new or were changed, by number.
    pub(in crate::database) written: Vec<(u64, Node)>,
    /// The numbers of the stored nodes that are no longer part of the list.
    pub(in crate::database) removed: Vec<u64>,
}

impl Tree {
    /// Puts an entry in its place; `false` if it is there already. `now` is in milliseconds since 1970. Needs
    /// what [`Tree::missing_for`] names; after a change that may be something again, even for an entry that
    /// needed nothing before.
    ///
    /// # Errors
    ///
    /// If the list is damaged or a node is not loaded. It may be half changed then and must not be written.
    pub(in crate::database) fn insert(&mut self, entry: Entry, now: i64) -> Result<bool, Damaged> {
        let path = self.path(entry)?;
        let mut entries = self.leaf(path.leaf)?.to_vec();
        let Err(position) = entries.binary_search(&entry) else { return Ok(false) };
        let append = path.rightmost && position == entries.len();
        entries.insert(position, entry);
        let mut created = self.write_or_split(path.leaf, Node::Leaf(entries), append)?;
        for Step { place, index } in path.steps.into_iter().rev() {
            let mut children = self.children(place)?.to_vec();
            children[index] = self.child(children[index].node)?;
            if let Some(child) = created {
                children.insert(index + 1, child);
            }
            created = self.write_or_split(place, Node::Inner(children), append)?;
        }
        self.forget_past(now);
        if entry.at > now {
            let position = self.root.upcoming.partition_point(|at| *at <= entry.at);
            self.root.upcoming.insert(position, entry.at);
        }
        Ok(true)
    }

    /// Takes an entry out; `false` if it is not there. `now` is in milliseconds since 1970. Needs what
    /// [`Tree::missing_for`] names; after a change that may be something again, even for an entry that needed
    /// nothing before.
    ///
    /// # Errors
    ///
    /// As [`Tree::insert`].
    pub(in crate::database) fn remove(&mut self, entry: Entry, now: i64) -> Result<bool, Damaged> {
        let path = self.path(entry)?;
        let mut entries = self.leaf(path.leaf)?.to_vec();
        let Ok(position) = entries.binary_search(&entry) else { return Ok(false) };
        entries.remove(position);
        self.write(path.leaf, Node::Leaf(entries));
        for step in path.steps.iter().rev() {
            self.shrink(step)?;
        }
        self.lower_root();
        self.forget_past(now);
        if let Ok(position) = self.root.upcoming.binary_search(&entry.at) {
            self.root.upcoming.remove(position);
        }
        Ok(true)
    }

    /// What is to be written. A node that was made and removed again is in neither list.
    #[must_use]
    pub(in crate::database) fn changes(mut self) -> Changes {
        let written = self.changed.iter().filter_map(|number| Some((*number, self.nodes.remove(number)?))).collect();
        Changes { root: self.root, written, removed: self.removed.into_iter().collect() }
    }

    /// Puts a node in its place, or the half of it that fits, and returns the child that is to stand right of it.
    ///
    /// What is appended to a full node starts a new one by itself: most entries are newer than all others, and
    /// halves would stay half empty for ever.
    fn write_or_split(&mut self, place: Option<u64>, mut node: Node, append: bool) -> Result<Option<Child>, Damaged> {
        if node.len() <= self.fan_out {
            self.write(place, node);
            return Ok(None);
        }
        let right = node.split_off(if append { node.len() - 1 } else { node.len() / 2 });
        if place.is_some() {
            self.write(place, node);
            return self.create(right).map(Some);
        }
        // The root stays where everybody looks for it, so what was in it moves.
        let children = vec![self.create(node)?, self.create(right)?];
        self.write(None, Node::Inner(children));
        Ok(None)
    }

    /// Corrects what a node says of a child that may have lost entries or children, and mends the child if
    /// it has too few.
    fn shrink(&mut self, step: &Step) -> Result<(), Damaged> {
        let mut children = self.children(step.place)?.to_vec();
        let number = children[step.index].node;
        let len = self.node(Some(number))?.len();
        if len == 0 {
            self.discard(number);
            children.remove(step.index);
        } else {
            children[step.index] = self.child(number)?;
            if len < self.fan_out / 4 && children.len() > 1 {
                self.even_out(&mut children, step.index.saturating_sub(1))?;
            }
        }
        self.write(step.place, Node::Inner(children));
        Ok(())
    }

    /// Makes one node of a child and the one right of it if that leaves room for insertions, else shares out
    /// what they have.
    fn even_out(&mut self, children: &mut Vec<Child>, left: usize) -> Result<(), Damaged> {
        let numbers = (children[left].node, children[left + 1].node);
        let right_node = self.loaded(&children[left + 1])?.clone();
        let mut node = self.loaded(&children[left])?.clone().joined(right_node)?;
        if node.len() <= self.fan_out * 3 / 4 {
            self.discard(numbers.1);
            children.remove(left + 1);
        } else {
            let right_node = node.split_off(node.len() / 2);
            self.write(Some(numbers.1), right_node);
            children[left + 1] = self.child(numbers.1)?;
        }
        self.write(Some(numbers.0), node);
        children[left] = self.child(numbers.0)?;
        Ok(())
    }

    /// Takes a level away while there is but one node on it. One that is not loaded may stay: it does no harm.
    fn lower_root(&mut self) {
        while let Node::Inner(children) = &self.root.node {
            match children[..] {
                [] => self.root.node = Node::Leaf(Vec::new()),
                [Child { node: number, .. }] => {
                    let Some(node) = self.nodes.get(&number).cloned() else { return };
                    self.discard(number);
                    self.root.node = node;
                }
                _ => return,
            }
        }
    }

    /// Drops the times that are no longer upcoming.
    fn forget_past(&mut self, now: i64) {
        let past = self.root.upcoming.partition_point(|at| *at <= now);
        self.root.upcoming.drain(..past);
    }

    fn child(&self, number: u64) -> Result<Child, Damaged> {
        self.node(Some(number))?.as_child(number)
    }

    /// Puts a node in its place. One that is as it was need not be stored again.
    fn write(&mut self, place: Option<u64>, node: Node) {
        let Some(number) = place else {
            self.root.node = node;
            return;
        };
        if self.nodes.get(&number) != Some(&node) {
            self.nodes.insert(number, node);
            self.changed.insert(number);
        }
    }

    fn create(&mut self, node: Node) -> Result<Child, Damaged> {
        let number = self.root.next_number()?;
        let child = node.as_child(number)?;
        self.write(Some(number), node);
        Ok(child)
    }

    fn discard(&mut self, number: u64) {
        self.nodes.remove(&number);
        self.changed.remove(&number);
        if number <= self.last_stored {
            self.removed.insert(number);
        }
    }
}
