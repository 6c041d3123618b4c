//! Pages of a list that is read from its newest end.

use std::ops::RangeInclusive;

use super::Fault;

/// The most items a page has; a larger limit counts as this one.
pub const MAX_LIMIT: u32 = 100;

/// Which page of a list, and how many items to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    page: u32,
    limit: u32,
}

impl PageRequest {
    /// The page that was asked for. 0 stands for what was left out: the first
    /// page, 10 to a page. A limit above [`MAX_LIMIT`] counts as that.
    #[must_use]
    pub fn new(page: u32, limit: u32) -> Self {
        Self::with_default_limit(page, limit, 10)
    }

    /// [`PageRequest::new`] where a page has another length by default.
    #[must_use]
    pub fn with_default_limit(page: u32, limit: u32, default: u32) -> Self {
        Self { page: page.max(1), limit: if limit == 0 { default } else { limit.min(MAX_LIMIT) } }
    }

    /// Counted from 1.
    #[must_use]
    pub fn page(self) -> u32 {
        self.page
    }

    /// Items to a page, 1 to [`MAX_LIMIT`].
    #[must_use]
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// Which of `total` items, numbered from 1 in the order they were made,
    /// stand on this page; `None` past the end. The newest stand on page 1.
    #[must_use]
    pub fn positions(self, total: u64) -> Option<RangeInclusive<u64>> {
        let newer = u64::from(self.page - 1) * u64::from(self.limit);
        let newest = total.checked_sub(newer).filter(|newest| *newest > 0)?;
        let oldest = newest.saturating_sub(u64::from(self.limit)) + 1;
        Some(oldest..=newest)
    }
}

/// One page of a list, newest first, with what it is a page of.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
    /// The page that was asked for.
    pub request: PageRequest,
    /// How many items of the page are left out, as they cannot be read.
    pub unreadable: usize,
}

impl<T> Page<T> {
    /// The number of the page with older items, if there are any.
    #[must_use]
    pub fn next(&self) -> Option<u32> {
        let seen = u64::from(self.request.page) * u64::from(self.request.limit);
        (seen < self.total).then_some(self.request.page + 1)
    }

    /// The number of the page with newer items, if there are any.
    #[must_use]
    pub fn prev(&self) -> Option<u32> {
        (self.request.page > 1).then(|| self.request.page - 1)
    }
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// What is on it is too long to be sent together.
    #[error("page too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_cut_the_list_as_a_reversed_slice_does(total in 0_u64..500, page in 0_u32..60, limit in 0_u32..150) {
            let request = PageRequest::new(page, limit);
            let newest_first: Vec<u64> = (1..=total).rev().collect();
            let naive = newest_first.chunks(request.limit() as usize).nth(request.page() as usize - 1);
            let ours = request.positions(total).map(|positions| positions.rev().collect::<Vec<_>>());
            prop_assert_eq!(ours.as_deref(), naive);
        }

        #[test]
        fn the_relations_of_a_page_are_those_of_its_neighbours(total in 1_u64..500, limit in 0_u32..150, place in 0_u32..500) {
            let pages = total.div_ceil(u64::from(PageRequest::new(1, limit).limit()));
            let request = PageRequest::new(place % u32::try_from(pages).unwrap() + 1, limit);
            prop_assert!(request.positions(total).is_some());
            let page = Page { items: vec![()], total, request, unreadable: 0 };
            let exists = |number: u32| PageRequest::new(number, request.limit()).positions(total).is_some();
            prop_assert_eq!(page.next().is_some(), exists(request.page() + 1));
            prop_assert_eq!(page.prev().is_some(), request.page() > 1);
        }

        #[test]
        fn no_page_is_too_far(page in any::<u32>(), limit in any::<u32>(), total in any::<u64>()) {
            let _ = PageRequest::new(page, limit).positions(total);
        }
    }
}
