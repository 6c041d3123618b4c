//! Changes of attributes of which is known what they are.

use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;

use super::checksum::{self, CHECKSUM, UNKNOWN};
use super::item::{Expression, Item, number};

/// Changes of the attributes of an item, which are made if these are as they are known to be.
/// The item's checksum changes with them.
#[derive(Default)]
pub(in crate::database) struct Change {
    effects: Vec<Effect>,
    updates: String,
    conditions: String,
    values: Vec<(String, AttributeValue)>,
    names: Vec<(String, &'static str)>,
    difference: i128,
}

/// What a change leaves on an item. It is known by that, and not by an id: others may change the
/// item after it.
enum Effect {
    Set { name: &'static str, before: AttributeValue, after: AttributeValue },
    Append { name: &'static str, element: AttributeValue },
}

impl Effect {
    fn is_on(&self, item: &Item) -> bool {
        match self {
            Self::Set { name, after, .. } => item.get(*name) == Some(after),
            Self::Append { name, element } => {
                matches!(item.get(*name), Some(AttributeValue::L(elements)) if elements.contains(element))
            }
        }
    }

    /// Whether the item is as it was before, as far as this goes.
    fn is_missing_on(&self, item: &Item) -> bool {
        match self {
            Self::Set { name, before, .. } => item.get(*name) == Some(before),
            Self::Append { .. } => !self.is_on(item),
        }
    }
}

impl Change {
    /// Whether it was made, as an item shows that is there now; none if others have changed the
    /// same since.
    pub(super) fn is_made(&self, item: Option<&Item>) -> Option<bool> {
        let Some(item) = item else { return Some(false) };
        match () {
            () if self.effects.iter().all(|effect| effect.is_on(item)) => Some(true),
            () if self.effects.iter().all(|effect| effect.is_missing_on(item)) => Some(false),
            () => None,
        }
    }

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
        let values = [(format!(":{placeholder}"), after.clone()), (format!(":{placeholder}_before"), before.clone())];
        self.values.extend(values);
        self.effects.push(Effect::Set { name, before, after });
        self
    }

    /// A list gets another element.
    pub(in crate::database) fn append(mut self, name: &'static str, element: AttributeValue) -> Self {
        let placeholder = self.placeholder(name);
        let _ = write!(self.updates, "#{placeholder} = list_append(#{placeholder}, :{placeholder}), ");
        self.difference += checksum::of_element(name, &element);
        self.values.push((format!(":{placeholder}"), AttributeValue::L(vec![element.clone()])));
        self.effects.push(Effect::Append { name, element });
        self
    }

    fn placeholder(&mut self, name: &'static str) -> String {
        let placeholder = format!("c{}", self.names.len());
        self.names.push((format!("#{placeholder}"), name));
        placeholder
    }
}

impl From<&Change> for Expression {
    fn from(change: &Change) -> Self {
        let Change { updates, conditions, values, names, difference, .. } = change;
        let update = format!("SET {updates}{CHECKSUM} = if_not_exists({CHECKSUM}, :unknown) + :difference");
        let expression = Self::update(update).and_condition(format!("attribute_exists(pk){conditions}"));
        let expression = expression.value(":unknown", number(UNKNOWN)).value(":difference", number(*difference));
        let expression = values
            .iter()
            .fold(expression, |expression, (placeholder, value)| expression.value(placeholder, value.clone()));
        names.iter().fold(expression, |expression, (placeholder, name)| expression.name(placeholder, name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn item(verified: bool, projects: &[i32]) -> Item {
        let projects = projects.iter().map(|id| number(*id)).collect();
        HashMap::from([
            ("verified".to_owned(), AttributeValue::Bool(verified)),
            ("project_ids".to_owned(), AttributeValue::L(projects)),
        ])
    }

    #[test]
    fn a_change_is_known_by_what_it_leaves_whoever_changes_the_item_after_it() {
        let append = Change::default().append("project_ids", number(2));
        assert_eq!(append.is_made(Some(&item(false, &[1]))), Some(false));
        assert_eq!(append.is_made(Some(&item(true, &[1, 2, 3]))), Some(true));
        let set = Change::default().set("verified", AttributeValue::Bool(false), AttributeValue::Bool(true));
        assert_eq!(set.is_made(Some(&item(false, &[1]))), Some(false));
        assert_eq!(set.is_made(Some(&item(true, &[]))), Some(true));
        assert_eq!(set.is_made(None), Some(false));
        // Somebody has changed the same.
        let other = Change::default().set("verified", AttributeValue::Null(true), AttributeValue::Bool(true));
        assert_eq!(other.is_made(Some(&item(false, &[]))), None);
        let half = set.append("project_ids", number(4));
        assert_eq!(half.is_made(Some(&item(true, &[1]))), None);
    }
}
