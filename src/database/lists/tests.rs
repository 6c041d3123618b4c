//! Lists against a set of the same entries, by way of a store that holds encoded items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::change::Changes;
use super::entry::{Child, Entry, Node, Root};
use super::page::{FoundPage, PageOf};
use super::tree::Tree;
use super::whole::{build, validate};

const DAY: i64 = 86_400_000;

/// A table with one list, which counts the batches it is asked for.
struct Store {
    root: Vec<u8>,
    nodes: HashMap<u64, Vec<u8>>,
    rounds: usize,
    fan_out: usize,
}

impl Store {
    fn new(fan_out: usize) -> Self {
        Self { root: Root::default().encode(), nodes: HashMap::new(), rounds: 0, fan_out }
    }

    fn tree(&self) -> Tree {
        Tree::new(Root::decode(&self.root).unwrap(), self.fan_out)
    }

    /// Loads what is missing, and nothing else.
    fn load(&mut self, tree: &mut Tree, missing: impl Fn(&Tree) -> Vec<u64>) {
        loop {
            let numbers = missing(tree);
            if numbers.is_empty() {
                return;
            }
            self.rounds += 1;
            for number in numbers {
                tree.load(number, Node::decode(&self.nodes[&number]).unwrap());
            }
        }
    }

    fn loaded(&mut self, missing: impl Fn(&Tree) -> Vec<u64>) -> Tree {
        let mut tree = self.tree();
        self.load(&mut tree, missing);
        tree
    }

    fn write(&mut self, changes: Changes) {
        for number in changes.removed {
            assert!(self.nodes.remove(&number).is_some(), "only what was stored is removed");
        }
        for (number, node) in changes.written {
            self.nodes.insert(number, node.encode());
        }
        self.root = changes.root.encode();
    }

    fn whole(&self) -> (Root, BTreeMap<u64, Node>) {
        let nodes = self.nodes.iter().map(|(number, bytes)| (*number, Node::decode(bytes).unwrap()));
        (Root::decode(&self.root).unwrap(), nodes.collect())
    }

    /// How many levels there are below the root.
    fn depth(&self) -> usize {
        let (root, nodes) = self.whole();
        let (mut node, mut depth) = (&root.node, 0);
        while let Node::Inner(children) = node {
            (node, depth) = (&nodes[&children[0].node], depth + 1);
        }
        depth
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Insert(Entry),
    Append,
    Remove(Index),
    RemoveAbsent(Entry),
    Move(Index, Entry),
    Wait(i64),
}

fn any_entry() -> impl Strategy<Value = Entry> {
    (0_i64..8, 0_u64..60).prop_map(|(at, id)| Entry { at, id })
}

fn operations(inserts: u32, removals: u32, count: usize) -> impl Strategy<Value = Vec<(Operation, Probe)>> {
    let operation = prop_oneof![
        inserts => any_entry().prop_map(Operation::Insert),
        inserts => Just(Operation::Append),
        removals => any::<Index>().prop_map(Operation::Remove),
        1 => any_entry().prop_map(Operation::RemoveAbsent),
        2 => (any::<Index>(), any_entry()).prop_map(|(index, entry)| Operation::Move(index, entry)),
        1 => (0_i64..2).prop_map(Operation::Wait),
    ];
    vec((operation, probe()), 0..count)
}

/// What is asked of a list after an operation.
#[derive(Clone, Debug)]
struct Probe {
    entry: Entry,
    positions: (u64, u64),
    times: (i64, i64),
}

fn probe() -> impl Strategy<Value = Probe> {
    let entry = (-1_i64..9, 0_u64..70).prop_map(|(at, id)| Entry { at, id });
    (entry, (0_u64..200, 0_u64..40), (-1_i64..9, -1_i64..9)).prop_map(|(entry, positions, times)| Probe {
        entry,
        positions,
        times,
    })
}

struct Simulation {
    store: Store,
    model: BTreeSet<Entry>,
    now: i64,
}

impl Simulation {
    fn run(&mut self, operation: &Operation) {
        let picked = |index: &Index| {
            (!self.model.is_empty()).then(|| *self.model.iter().nth(index.index(self.model.len())).unwrap())
        };
        let mut tree = self.store.tree();
        match operation {
            Operation::Insert(entry) => self.insert(&mut tree, *entry),
            Operation::Append => {
                let last = self.model.last().copied().unwrap_or(Entry { at: 0, id: 0 });
                self.insert(&mut tree, Entry { at: last.at, id: last.id + 1 });
            }
            Operation::Remove(index) => {
                if let Some(entry) = picked(index) {
                    self.remove(&mut tree, entry);
                }
            }
            Operation::RemoveAbsent(entry) => self.remove(&mut tree, *entry),
            Operation::Move(index, entry) => {
                if let Some(old) = picked(index) {
                    self.remove(&mut tree, old);
                    self.insert(&mut tree, *entry);
                }
            }
            Operation::Wait(time) => self.now += time,
        }
        let changes = tree.changes();
        // Two changes may leave a node as it was.
        if !matches!(operation, Operation::Move(..)) {
            let stored = self.store.whole().1;
            assert!(changes.written.iter().all(|(number, node)| stored.get(number) != Some(node)), "only what differs");
        }
        self.store.write(changes);
    }

    fn insert(&mut self, tree: &mut Tree, entry: Entry) {
        self.store.load(tree, |tree| tree.missing_for(entry));
        assert_eq!(tree.insert(entry, self.now), Ok(self.model.insert(entry)));
    }

    fn remove(&mut self, tree: &mut Tree, entry: Entry) {
        self.store.load(tree, |tree| tree.missing_for(entry));
        assert_eq!(tree.remove(entry, self.now), Ok(self.model.remove(&entry)));
    }

    fn check(&mut self, probe: &Probe) {
        let (root, nodes) = self.store.whole();
        assert_eq!(validate(&root, &nodes), Ok(self.model.iter().copied().collect()));
        self.check_root();
        self.check_fill(&root, &nodes);
        self.check_entry(probe.entry);
        self.check_positions(probe.positions.0..probe.positions.0 + probe.positions.1);
        self.check_page(probe);
    }

    fn check_root(&self) {
        let tree = self.store.tree();
        assert_eq!(tree.len(), self.model.len() as u64);
        for now in self.now..self.now + 9 {
            assert_eq!(tree.rank_now(now), self.model.iter().filter(|entry| entry.at <= now).count() as u64);
            assert_eq!(tree.next_upcoming(now), self.model.iter().map(|entry| entry.at).find(|at| *at > now));
        }
    }

    /// No node has more than it may; each but the last of its level has at least a quarter of that.
    fn check_fill(&self, root: &Root, nodes: &BTreeMap<u64, Node>) {
        let mut level = vec![&root.node];
        while !level.is_empty() {
            let (_, others) = level.split_last().unwrap();
            assert!(level.iter().all(|node| node.len() <= self.store.fan_out));
            assert!(others.iter().all(|node| node.len() >= self.store.fan_out / 4));
            let children = |node: &&Node| if let Node::Inner(children) = node { children.clone() } else { vec![] };
            level = level.iter().flat_map(children).map(|child| &nodes[&child.node]).collect();
        }
    }

    fn check_entry(&mut self, entry: Entry) {
        let (before, after): (Vec<Entry>, Vec<Entry>) = self.model.iter().partition(|other| **other < entry);
        let next = after.into_iter().find(|other| *other > entry);
        let depth = self.store.depth();
        self.store.rounds = 0;
        let tree = self.store.loaded(|tree| tree.missing_for(entry));
        assert!(self.store.rounds <= depth, "one batch for a level");
        let position = before.len() as u64;
        assert_eq!(tree.position(entry), Ok(position));
        assert_eq!(tree.neighbours(entry), Ok((before.last().copied(), next)));
    }

    fn check_positions(&mut self, positions: std::ops::Range<u64>) {
        let depth = self.store.depth();
        self.store.rounds = 0;
        let tree = self.store.loaded(|tree| tree.missing_between(positions.clone()));
        assert!(self.store.rounds <= depth, "one batch for a level");
        let expected = (0..).zip(&self.model).filter(|(position, _)| positions.contains(position));
        assert_eq!(tree.select(positions.clone()), Ok(expected.map(|(_, entry)| *entry).collect()));
    }

    /// A page is what a naive list has, wherever its part begins and ends.
    fn check_page(&mut self, probe: &Probe) {
        let end = |at: i64| Some(Entry { at, id: 0 }).filter(|end| end.at >= 0);
        let (from, before) = (end(probe.times.0), end(probe.times.1));
        let after = Some(probe.entry).filter(|entry| entry.id % 2 == 0);
        let (skip, limit) = probe.positions;
        let page = PageOf { from, before, after, skip: skip % 20, limit };
        let now = self.now;
        let depth = self.store.depth();
        self.store.rounds = 0;
        let tree = self.store.loaded(|tree| tree.missing_for_page(&page, now));
        assert!(self.store.rounds <= depth, "one batch for a level");
        let part: Vec<Entry> = self.model.iter().rev().copied().collect();
        let part = part.into_iter().filter(|entry| from.is_none_or(|from| *entry >= from));
        let part: Vec<Entry> = part.filter(|entry| before.is_none_or(|before| *entry < before)).collect();
        let rest: Vec<Entry> = part.iter().copied().filter(|entry| after.is_none_or(|after| *entry < after)).collect();
        let rest: Vec<Entry> = rest.into_iter().skip(page.skip.try_into().unwrap()).collect();
        let entries: Vec<Entry> = rest.iter().copied().take(limit.try_into().unwrap()).collect();
        let more = rest.len() > entries.len();
        let total = part.len() as u64;
        assert_eq!(tree.page(&page, now), Ok(FoundPage { entries, total, more }), "{page:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_list_is_a_set_with_positions(
        fan_out in prop_oneof![Just(4_usize), Just(8), Just(16)],
        growth in operations(8, 4, 300),
        shrinking in operations(2, 12, 300),
    ) {
        let mut simulation = Simulation { store: Store::new(fan_out), model: BTreeSet::new(), now: 0 };
        for (operation, probe) in growth.iter().chain(&shrinking) {
            simulation.run(operation);
            simulation.check(probe);
        }
        while let Some(entry) = simulation.model.first().copied() {
            let mut tree = simulation.store.tree();
            simulation.remove(&mut tree, entry);
            simulation.store.write(tree.changes());
        }
        prop_assert!(simulation.store.nodes.is_empty());
        prop_assert!(matches!(simulation.store.whole().0.node, Node::Leaf(_)));
    }

    #[test]
    fn a_built_list_can_be_used(
        entries in vec(any_entry(), 0..300),
        fan_out in 4_usize..9,
        now in -1_i64..9,
        operations in operations(1, 1, 60),
    ) {
        let model: BTreeSet<Entry> = entries.iter().copied().collect();
        let mut store = Store::new(fan_out);
        store.write(build(entries, fan_out, now));
        let mut simulation = Simulation { store, model, now };
        for (operation, probe) in &operations {
            simulation.check(probe);
            simulation.run(operation);
        }
    }

    #[test]
    fn a_damaged_list_is_refused_and_never_followed_for_ever(
        entries in vec(any_entry(), 30..200), from: Index, to: Index, entry in any_entry(),
    ) {
        let built = build(entries, 4, 0);
        prop_assume!(built.written.len() > 1);
        let mut nodes: BTreeMap<u64, Node> = built.written.into_iter().collect();
        let numbers: Vec<u64> = nodes.keys().copied().collect();
        let (from, to) = (numbers[from.index(numbers.len())], numbers[to.index(numbers.len())]);
        prop_assume!(nodes[&from] != nodes[&to]);
        nodes.insert(to, nodes[&from].clone());
        prop_assert!(validate(&built.root, &nodes).is_err());

        let mut tree = Tree::new(built.root, 4);
        for (number, node) in nodes {
            tree.load(number, node);
        }
        prop_assert!(tree.missing_for(entry).is_empty() && tree.missing_between(0..u64::MAX).is_empty());
        prop_assert!(tree.select(0..u64::MAX).is_err());
        let _ = (tree.position(entry), tree.neighbours(entry), tree.clone().insert(entry, 0), tree.remove(entry, 0));
    }
}

#[test]
fn a_node_below_itself_is_not_followed_for_ever() {
    let first = Entry { at: 1, id: 1 };
    let node = Node::Inner(vec![Child { first, count: 3, node: 1 }]);
    let mut tree = Tree::new(Root { node: node.clone(), last_node: 1, upcoming: vec![] }, 4);
    tree.load(1, node.clone());
    assert!(tree.missing_for(first).is_empty());
    assert!(tree.missing_between(0..3).is_empty());
    let error = tree.select(0..3).unwrap_err();
    assert_eq!(error.to_string(), "a list is damaged: it has more than 16 levels");
    assert_eq!(tree.position(first), Err(error.clone()));
    assert_eq!(tree.insert(first, 0), Err(error));
    assert!(validate(&tree.clone().changes().root, &BTreeMap::from([(1, node)])).is_err());
}

#[test]
fn what_is_not_loaded_is_an_error() {
    let entries: Vec<Entry> = (0..50).map(|id| Entry { at: 5, id }).collect();
    let mut tree = Tree::new(build(entries.clone(), 8, 0).root, 8);
    assert!(tree.select(0..1).is_err() && tree.position(entries[3]).is_err());
    assert!(tree.insert(entries[3], 0).is_err() && tree.remove(entries[3], 0).is_err());
    assert_eq!(tree.select(60..70), Ok(vec![]));
}

#[test]
fn a_hundred_thousand_entries_are_two_levels_of_small_items() {
    let mut store = Store::new(512);
    let entry = |id: u64| Entry {
        at: 1_700_000_000_000 + i64::try_from(id * id % 7_919).unwrap() * 1_000 + DAY * i64::try_from(id).unwrap(),
        id,
    };
    // One tree through all insertions, as a writer of many entries has it.
    let mut tree = store.tree();
    for id in 0..100_000 {
        store.load(&mut tree, |tree| tree.missing_for(entry(id)));
        assert_eq!(tree.insert(entry(id), i64::MAX), Ok(true));
    }
    store.write(tree.changes());
    assert_eq!(store.nodes.len(), 100_000_usize.div_ceil(512), "appending leaves full leaves");
    assert_eq!(store.depth(), 1);

    store.rounds = 0;
    let tree = store.loaded(|tree| tree.missing_for(entry(70_000)));
    assert_eq!(store.rounds, 1);
    assert_eq!(tree.neighbours(entry(70_000)), Ok((Some(entry(69_999)), Some(entry(70_001)))));

    let leaf = store.nodes.values().map(Vec::len).max().unwrap();
    println!(
        "a leaf of 512 entries: {leaf} bytes, the root of {} leaves: {} bytes",
        store.nodes.len(),
        store.root.len()
    );
    assert!(leaf < 4_096 && store.root.len() < 4_096);
}

#[test]
fn an_append_to_a_full_leaf_writes_the_new_leaf_only() {
    let mut store = Store::new(4);
    for id in 0..9 {
        let entry = Entry { at: 1, id };
        let mut tree = store.loaded(|tree| tree.missing_for(entry));
        tree.insert(entry, 0).unwrap();
        let changes = tree.changes();
        if id == 8 {
            assert_eq!(changes.written, [(3, Node::Leaf(vec![entry]))]);
            assert_eq!(changes.root.upcoming, [1; 9]);
        }
        store.write(changes);
    }
}

#[test]
fn nodes_that_were_made_and_removed_again_are_no_changes() {
    let mut tree = Tree::new(Root::default(), 8);
    for id in 0..200 {
        assert_eq!(tree.insert(Entry { at: 1, id: id * 7 % 200 }, 1), Ok(true));
    }
    for id in 0..200 {
        assert_eq!(tree.remove(Entry { at: 1, id }, 1), Ok(true));
    }
    let changes = tree.changes();
    assert_eq!((changes.root.node, changes.written, changes.removed), (Node::Leaf(vec![]), vec![], vec![]));
    assert!(changes.root.last_node > 20, "numbers are never used again");
}
