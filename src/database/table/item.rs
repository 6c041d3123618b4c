//! Items and their attributes, and expressions about them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::business::Fault;

/// The attributes of an item by their names.
pub(in crate::database) type Item = HashMap<String, AttributeValue>;

/// An expression that changes an item or guards a change, with what its
/// placeholders stand for.
#[derive(Default)]
pub(in crate::database) struct Expression {
    pub(in crate::database) update: Option<&'static str>,
    pub(in crate::database) condition: Option<&'static str>,
    names: Vec<(&'static str, &'static str)>,
    values: Item,
}

impl Expression {
    pub(in crate::database) fn update(update: &'static str) -> Self {
        Self { update: Some(update), ..Self::default() }
    }

    pub(in crate::database) fn condition(condition: &'static str) -> Self {
        Self::default().and_condition(condition)
    }

    pub(in crate::database) fn and_condition(self, condition: &'static str) -> Self {
        Self { condition: Some(condition), ..self }
    }

    pub(in crate::database) fn name(mut self, placeholder: &'static str, name: &'static str) -> Self {
        self.names.push((placeholder, name));
        self
    }

    pub(in crate::database) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    pub(in crate::database) fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.names.iter().map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned()));
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

/// A number as an attribute.
pub(in crate::database) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A text as an attribute.
pub(in crate::database) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// What an item holds, as a type.
pub(in crate::database) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(item).map_err(Fault::failed)
}

/// A value as the attributes of an item or of a map in one.
pub(in crate::database) fn to_item(value: &impl Serialize) -> Result<Item, Fault> {
    serde_dynamo::to_item(value).map_err(Fault::failed)
}
