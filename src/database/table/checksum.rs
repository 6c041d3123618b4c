//! What an item says of its own attributes, so that damage is noticed when it is read.
//!
//! An item carries the sum of the CRC-32 of each of its attributes, and of each element of its
//! lists. A sum, since a [change](super::change) of an attribute changes it by a difference that
//! is known without the rest of the item. Items that are counted on rather than stored, such as
//! those of limits, have none, nor have those that were stored before there were any.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

type Item = HashMap<String, AttributeValue>;

/// The attribute that holds the sum.
pub(super) const CHECKSUM: &str = "item_checksum";

/// The attribute that says which write an item was last changed by, which no sum counts.
pub(super) const WRITE_ID: &str = "write_id";

/// More than any sum: where the one of an item without a sum begins when the item is changed.
pub(super) const UNKNOWN: i128 = 1 << 80;

/// Puts the checksum on an item that is about to be stored.
pub(super) fn put_on(item: &mut Item) {
    let sum = sum(item);
    item.insert(CHECKSUM.to_owned(), AttributeValue::N(sum.to_string()));
}

/// Whether an item is as it was stored, as far as it says.
pub(super) fn is_right(item: &Item) -> bool {
    match item.get(CHECKSUM) {
        None => true,
        Some(AttributeValue::N(said)) => said.parse().is_ok_and(|said: i128| said > UNKNOWN / 2 || said == sum(item)),
        Some(_) => false,
    }
}

fn sum(item: &Item) -> i128 {
    let counted = item.iter().filter(|(name, _)| ![CHECKSUM, WRITE_ID].contains(&name.as_str()));
    counted.map(|(name, value)| of_attribute(name, value)).sum()
}

/// What an attribute adds to the sum of its item.
pub(super) fn of_attribute(name: &str, value: &AttributeValue) -> i128 {
    match value {
        AttributeValue::L(elements) => elements.iter().map(|element| of_element(name, element)).sum(),
        value => of(b'A', name, value),
    }
}

/// What an element of a list adds to the sum of its item.
pub(super) fn of_element(name: &str, value: &AttributeValue) -> i128 {
    of(b'E', name, value)
}

fn of(kind: u8, name: &str, value: &AttributeValue) -> i128 {
    let mut hasher = crc32fast::Hasher::new();
    tagged(&mut hasher, kind, name.as_bytes());
    hash(&mut hasher, value);
    hasher.finalize().into()
}

/// Each value differently, whatever stands in it.
fn hash(hasher: &mut crc32fast::Hasher, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => tagged(hasher, b'S', text.as_bytes()),
        AttributeValue::N(number) => tagged(hasher, b'N', number.as_bytes()),
        AttributeValue::B(bytes) => tagged(hasher, b'B', bytes.as_ref()),
        AttributeValue::Bool(value) => tagged(hasher, b'?', &[u8::from(*value)]),
        AttributeValue::L(elements) => {
            tagged(hasher, b'L', &[]);
            for element in elements {
                hash(hasher, element);
            }
            tagged(hasher, b'l', &[]);
        }
        AttributeValue::M(attributes) => {
            tagged(hasher, b'M', &[]);
            let mut attributes: Vec<_> = attributes.iter().collect();
            attributes.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in attributes {
                tagged(hasher, b'A', name.as_bytes());
                hash(hasher, value);
            }
            tagged(hasher, b'm', &[]);
        }
        // Null, and sets, of which we have none.
        _ => tagged(hasher, b'0', &[]),
    }
}

fn tagged(hasher: &mut crc32fast::Hasher, tag: u8, bytes: &[u8]) {
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: impl Into<i128>) -> AttributeValue {
        AttributeValue::N(value.into().to_string())
    }

    fn value() -> impl Strategy<Value = AttributeValue> {
        let leaf = prop_oneof![
            any::<String>().prop_map(AttributeValue::S),
            any::<i64>().prop_map(number),
            any::<Vec<u8>>().prop_map(|bytes| AttributeValue::B(bytes.into())),
            any::<bool>().prop_map(AttributeValue::Bool),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
                prop::collection::hash_map(any::<String>(), inner, 0..4).prop_map(AttributeValue::M),
            ]
        })
    }

    fn item() -> impl Strategy<Value = Item> {
        prop::collection::hash_map("[a-z]{1,8}", value(), 1..6)
    }

    proptest! {
        #[test]
        fn an_item_is_as_it_was_stored_until_something_of_it_differs(mut item in item(), other in value()) {
            put_on(&mut item);
            prop_assert!(is_right(&item));
            for name in item.clone().into_keys().filter(|name| name != CHECKSUM) {
                let mut damaged = item.clone();
                let before = damaged.insert(name.clone(), other.clone());
                prop_assert_eq!(is_right(&damaged), before.is_some_and(|before| is_same(&before, &other)));
                damaged.remove(&name);
                let is_empty_list = item[&name] == AttributeValue::L(Vec::new());
                prop_assert_eq!(is_right(&damaged), is_empty_list);
                damaged.insert(format!("{name}_"), item[&name].clone());
                prop_assert_eq!(is_right(&damaged), is_empty_list);
            }
        }
    }

    /// But for the order of the elements of a list, which is no matter.
    fn is_same(one: &AttributeValue, other: &AttributeValue) -> bool {
        of_attribute("", one) == of_attribute("", other)
    }

    #[test]
    fn an_item_without_a_checksum_is_taken_as_it_is() {
        let mut item = HashMap::from([("a".to_owned(), number(1))]);
        assert!(is_right(&item));
        item.insert(CHECKSUM.to_owned(), number(UNKNOWN + 12));
        assert!(is_right(&item));
        item.insert(CHECKSUM.to_owned(), number(12));
        assert!(!is_right(&item));
    }
}
