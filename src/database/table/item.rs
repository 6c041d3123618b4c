//! Items and their attributes, and expressions about them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checksum;
use crate::business::Fault;
use crate::database::keys::Key;

/// The attributes of an item by their names.
pub(in crate::database) type Item = HashMap<String, AttributeValue>;

/// An expression that changes an item or guards a change, with what its
/// placeholders stand for.
#[derive(Default)]
pub(in crate::database) struct Expression {
    pub(in crate::database) update: Option<Cow<'static, str>>,
    pub(in crate::database) condition: Option<Cow<'static, str>>,
    names: Vec<(String, &'static str)>,
    values: Item,
}

impl Expression {
    pub(in crate::database) fn update(update: impl Into<Cow<'static, str>>) -> Self {
        Self { update: Some(update.into()), ..Self::default() }
    }

    pub(in crate::database) fn condition(condition: &'static str) -> Self {
        Self::default().and_condition(condition)
    }

    pub(in crate::database) fn and_condition(self, condition: impl Into<Cow<'static, str>>) -> Self {
        Self { condition: Some(condition.into()), ..self }
    }

    pub(in crate::database) fn name(mut self, placeholder: impl Into<String>, name: &'static str) -> Self {
        self.names.push((placeholder.into(), name));
        self
    }

    pub(in crate::database) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    pub(in crate::database) fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.names.iter().map(|(placeholder, name)| (placeholder.clone(), (*name).to_owned()));
        Some(names.collect()).filter(|names: &HashMap<_, _>| !names.is_empty())
    }

    pub(in crate::database) fn values(&self) -> Option<Item> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// How many bytes an item takes, roughly: those of its texts and binaries.
pub(in crate::database) fn bytes_of(item: &Item) -> usize {
    let attributes = item.iter().map(|(name, value)| {
        name.len()
            + match value {
                AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
                AttributeValue::B(bytes) => bytes.as_ref().len(),
                _ => 0,
            }
    });
    attributes.sum()
}

/// A key attribute of an item.
pub(in crate::database) fn key_attribute<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Whether an item is the one of a key.
pub(super) fn is_at(item: &Item, key: &Key) -> bool {
    key_attribute(item, "pk") == Some(&key.pk) && key_attribute(item, "sk") == Some(&key.sk)
}

/// What was found in a partition, or in a range of it, in order. Keys can be damaged, too: an item
/// that is there but belongs elsewhere comes first, and empty, so that nobody can read it.
pub(super) fn in_place(mut items: Vec<Item>, pk: &str, range: Option<&RangeInclusive<String>>) -> Vec<Item> {
    for item in &mut items {
        let (found, sk) = (key_attribute(item, "pk"), key_attribute(item, "sk"));
        let is_in_range = |sk: &str| range.is_none_or(|range| (range.start().as_str()..=range.end()).contains(&sk));
        if found.is_some_and(|found| found != pk) || !sk.is_some_and(is_in_range) {
            tracing::error!(pk, ?found, sk, "an item was found where it does not belong");
            item.clear();
        }
    }
    items.sort_by(|one, other| key_attribute(one, "sk").cmp(&key_attribute(other, "sk")));
    items
}

/// A number as an attribute.
pub(in crate::database) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A text as an attribute.
pub(in crate::database) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// What an item holds, as a type.
///
/// # Errors
/// [`Fault`] when it is damaged, or holds something else.
pub(in crate::database) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    if !checksum::is_right(&item) {
        return Err(Fault::failed(format!("{} is damaged: its checksum is another", place(&item))));
    }
    serde_dynamo::from_item(item).map_err(Fault::failed)
}

/// Where an item is, for the log, which has no mail addresses.
fn place(item: &Item) -> String {
    match (key_attribute(item, "pk"), key_attribute(item, "sk")) {
        (Some(pk), Some(sk)) if !pk.starts_with("ACCOUNT#") => format!("the item {pk} {sk}"),
        (Some(_), Some(_)) => "the item of an account".to_owned(),
        _ => "an item".to_owned(),
    }
}

/// A value as the item that is stored for it.
pub(super) fn stored(key: &Key, value: &impl Serialize) -> Result<Item, Fault> {
    let mut item = to_item(value)?;
    item.extend(key.attributes());
    checksum::put_on(&mut item);
    Ok(item)
}

/// A value as the attributes of an item or of a map in one.
pub(in crate::database) fn to_item(value: &impl Serialize) -> Result<Item, Fault> {
    serde_dynamo::to_item(value).map_err(Fault::failed)
}
