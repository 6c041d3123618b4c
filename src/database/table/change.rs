//! Changes of attributes of which is known what they are.

use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;

use super::checksum::{self, CHECKSUM, UNKNOWN};
use super::item::{Expression, number};

/// Changes of the attributes of an item, which are made if these are as they are known to be.
/// The item's checksum changes with them.
#[derive(Default)]
pub(in crate::database) struct Change {
    updates: String,
    conditions: String,
    values: Vec<(String, AttributeValue)>,
    names: Vec<(String, &'static str)>,
    difference: i128,
}

impl Change {
    /// An attribute that is `before` becomes `after`.
    pub(in crate::database) fn set(
        mut self,
        name: &'static str,
        before: AttributeValue,
        after: AttributeValue,
    ) -> Self {
        let placeholder = self.placeholder(name);
        let _ = write!(self.updates, "#{placeholder} = :{placeholder}, ");
        let _ = write!(self.conditions, " AND #{placeholder} = :{placeholder}_before");
        self.difference += checksum::of_attribute(name, &after) - checksum::of_attribute(name, &before);
        self.values.extend([(format!(":{placeholder}"), after), (format!(":{placeholder}_before"), before)]);
        self
    }

    /// A list gets another element. If there is none, it begins with some.
    pub(in crate::database) fn append(
        mut self,
        name: &'static str,
        beginning: Vec<AttributeValue>,
        element: AttributeValue,
    ) -> Self {
        let placeholder = self.placeholder(name);
        let list = format!("if_not_exists(#{placeholder}, :{placeholder}_before)");
        let _ = write!(self.updates, "#{placeholder} = list_append({list}, :{placeholder}), ");
        self.difference += checksum::of_element(name, &element);
        self.values.push((format!(":{placeholder}_before"), AttributeValue::L(beginning)));
        self.values.push((format!(":{placeholder}"), AttributeValue::L(vec![element])));
        self
    }

    fn placeholder(&mut self, name: &'static str) -> String {
        let placeholder = format!("c{}", self.names.len());
        self.names.push((format!("#{placeholder}"), name));
        placeholder
    }
}

impl From<Change> for Expression {
    fn from(change: Change) -> Self {
        let Change { updates, conditions, values, names, difference } = change;
        let update = format!("SET {updates}{CHECKSUM} = if_not_exists({CHECKSUM}, :unknown) + :difference");
        let expression = Self::update(update).and_condition(format!("attribute_exists(pk){conditions}"));
        let expression = expression.value(":unknown", number(UNKNOWN)).value(":difference", number(difference));
        let expression = values
            .into_iter()
            .fold(expression, |expression, (placeholder, value)| expression.value(&placeholder, value));
        names.into_iter().fold(expression, |expression, (placeholder, name)| expression.name(&placeholder, name))
    }
}
