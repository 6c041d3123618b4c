//! What is read of a partition, or of all of them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::attempts::Patience;
use super::consumed_capacity::{self, return_consumed_capacity};
use super::item::{Item, bytes_of, in_place, key_attribute, text};
use super::requests::Table;
use crate::business::{Fault, memory};
use crate::database::keys::Key;

impl Table {
    /// All items of a partition, or those with sort keys in a range, in order. None if they
    /// have more than `max_bytes` together.
    pub(in crate::database) async fn query(
        &self,
        pk: &str,
        range: Option<RangeInclusive<String>>,
        max_bytes: usize,
    ) -> Result<Option<Vec<Item>>, Fault> {
        let items = self.all_pages(self.query_request(pk, range.clone()), max_bytes).await?;
        Ok(items.map(|items| in_place(items, pk, range.as_ref())))
    }

    /// The items of `keys`, which are of one partition and in order, that exist and can be read.
    /// None if those between the first and the last have more than `max_bytes` together.
    pub(in crate::database) async fn query_keys(
        &self,
        keys: &[Key],
        max_bytes: usize,
    ) -> Result<Option<Vec<Item>>, Fault> {
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(Some(Vec::new())) };
        let items = match self.query(&first.pk, Some(first.sk.clone()..=last.sk.clone()), max_bytes).await {
            Err(Fault::Failed(_)) => {
                let mut found = self.find_each(keys).await?;
                return Ok(Some(keys.iter().filter_map(|key| found.remove(key)).collect()));
            }
            items => items?,
        };
        let is_asked_for = |item: &Item| {
            let sk = key_attribute(item, "sk");
            sk.is_some_and(|sk| keys.binary_search_by(|key| key.sk.as_str().cmp(sk)).is_ok())
        };
        Ok(items.map(|items| items.into_iter().filter(is_asked_for).collect()))
    }

    async fn all_pages(&self, request: QueryFluentBuilder, max_bytes: usize) -> Result<Option<Vec<Item>>, Fault> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut start = None;
        loop {
            let _permit = self.long_reads.acquire().await.map_err(Fault::failed)?;
            let output = self.query_page(&request.clone().set_exclusive_start_key(start)).await?;
            let found = output.items.unwrap_or_default();
            let more = found.iter().map(bytes_of).sum();
            bytes += more;
            if bytes > max_bytes {
                return Ok(None);
            }
            memory::reserve(more)?;
            items.extend(found);
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(Some(items));
            }
        }
    }

    /// Up to `limit` items of a partition with sort keys in a range, last ones first.
    pub(in crate::database) async fn query_backward(
        &self,
        pk: &str,
        range: RangeInclusive<String>,
        limit: u32,
    ) -> Result<Vec<Item>, Fault> {
        let mut items = self.query_limited(pk, range, limit, false).await?;
        items.reverse();
        Ok(items)
    }

    /// Likewise, first ones first.
    pub(in crate::database) async fn query_forward(
        &self,
        pk: &str,
        range: RangeInclusive<String>,
        limit: u32,
    ) -> Result<Vec<Item>, Fault> {
        self.query_limited(pk, range, limit, true).await
    }

    /// The first items of a range, up to `limit` and to about so many bytes, and whether there are more.
    pub(in crate::database) async fn query_some(
        &self,
        pk: &str,
        range: RangeInclusive<String>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<(Vec<Item>, bool), Fault> {
        let (mut items, mut bytes, mut start) = (Vec::new(), 0, None);
        loop {
            let request = self.query_request(pk, Some(range.clone())).set_exclusive_start_key(start);
            let output = self.query_page(&request).await?;
            let found = in_place(output.items.unwrap_or_default(), pk, Some(&range));
            let more = found.iter().map(bytes_of).sum::<usize>();
            memory::reserve(more)?;
            bytes += more;
            items.extend(found);
            start = output.last_evaluated_key;
            if start.is_none() || items.len() > limit || bytes > max_bytes {
                let is_more = start.is_some() || items.len() > limit;
                items.truncate(limit);
                return Ok((items, is_more));
            }
        }
    }

    /// The first or the last `limit` items of a range, in order.
    async fn query_limited(
        &self,
        pk: &str,
        range: RangeInclusive<String>,
        limit: u32,
        forward: bool,
    ) -> Result<Vec<Item>, Fault> {
        let limit = i32::try_from(limit).map_err(Fault::failed)?;
        let request = self.query_request(pk, Some(range.clone())).scan_index_forward(forward).limit(limit);
        let items = self.query_page(&request).await?.items.unwrap_or_default();
        Ok(in_place(items, pk, Some(&range)))
    }

    async fn query_page(&self, request: &QueryFluentBuilder) -> Result<QueryOutput, Fault> {
        let output = self.read(Patience::READ, || request.clone().send()).await?;
        consumed_capacity::record_read(output.consumed_capacity());
        Ok(output)
    }

    /// Some of all items, or of those of one of so many segments of the table, from after a key on,
    /// and the key of the last, if that is not the last of all.
    pub(in crate::database) async fn scan(
        &self,
        segment: Option<(u32, u32)>,
        after: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let (segment, segments) = segment.unzip();
        let number = |number: Option<u32>| number.map(i32::try_from).transpose().map_err(Fault::failed);
        let request = self.client.scan().table_name(&self.name).set_exclusive_start_key(after).consistent_read(true);
        let request = request.set_segment(number(segment)?).set_total_segments(number(segments)?);
        let output = self.read(Patience::LONG_READ, || request.clone().send()).await?;
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }

    fn query_request(&self, pk: &str, range: Option<RangeInclusive<String>>) -> QueryFluentBuilder {
        let condition = if range.is_some() { "pk = :pk AND sk BETWEEN :from AND :to" } else { "pk = :pk" };
        let mut values = HashMap::from([(":pk".to_owned(), text(pk))]);
        if let Some(range) = range {
            let (from, to) = range.into_inner();
            values.extend([(":from".to_owned(), text(from)), (":to".to_owned(), text(to))]);
        }
        let request = self.client.query().table_name(&self.name).key_condition_expression(condition);
        let request = request.set_expression_attribute_values(Some(values));
        request.consistent_read(true).set_return_consumed_capacity(return_consumed_capacity())
    }
}
