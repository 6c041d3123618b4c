//! A page of a part of a list, newest first.

use std::ops::Range;

use super::entry::{Damaged, Entry};
use super::tree::Tree;

/// Which page of which part is asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::database) struct PageOf {
    /// The part begins with this entry, or with the oldest.
    pub(in crate::database) from: Option<Entry>,
    /// It ends before this one, or with the newest.
    pub(in crate::database) before: Option<Entry>,
    /// Of the part, what is newer than this one and it itself were seen.
    pub(in crate::database) after: Option<Entry>,
    /// How many of the rest are left out.
    pub(in crate::database) skip: u64,
    /// How many are wanted.
    pub(in crate::database) limit: u64,
}

/// What is on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::database) struct FoundPage {
    /// Newest first.
    pub(in crate::database) entries: Vec<Entry>,
    /// How many there are in the part.
    pub(in crate::database) total: u64,
    /// Whether there are older ones in the part.
    pub(in crate::database) more: bool,
}

impl Tree {
    /// Which nodes of the next level are missing before a page can be [read](Tree::page).
    ///
    /// Where the part ends is only known once a leaf is read. The leaves that the page may be in are named
    /// with that, so that it takes no request more.
    pub(in crate::database) fn missing_for_page(&self, page: &PageOf, now: i64) -> Vec<u64> {
        let ends = [page.from, page.before, page.newest()].into_iter().flatten();
        let on_paths = ends.filter(|end| self.known_position(*end, now).is_none());
        let mut missing: Vec<u64> = on_paths.filter_map(|end| self.missing_on_path(end)).collect();
        let newest = self.bounds(page.newest(), now, self.len());
        let oldest = self.bounds(page.from, now, 0).start;
        let start = newest.start.saturating_sub(page.skip.saturating_add(page.limit)).max(oldest);
        missing.extend(self.missing_between(start..newest.end.saturating_sub(page.skip)));
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The page. Needs what [`Tree::missing_for_page`] names.
    ///
    /// # Errors
    ///
    /// As [`Tree::position`].
    pub(in crate::database) fn page(&self, page: &PageOf, now: i64) -> Result<FoundPage, Damaged> {
        let position = |end: Option<Entry>, open: u64| match end {
            None => Ok(open),
            Some(end) => self.known_position(end, now).map_or_else(|| self.position(end), Ok),
        };
        let oldest = position(page.from, 0)?;
        let end = position(page.before, self.len())?.max(oldest);
        let unseen = position(page.newest(), self.len())?.clamp(oldest, end);
        let newest = unseen.saturating_sub(page.skip).max(oldest);
        let start = newest.saturating_sub(page.limit).max(oldest);
        let mut entries = self.select(start..newest)?;
        entries.reverse();
        Ok(FoundPage { entries, total: end - oldest, more: start > oldest })
    }

    /// The position of an entry that is later than `now`, which the root knows.
    fn known_position(&self, entry: Entry, now: i64) -> Option<u64> {
        (entry.at > now && entry.id == 0).then(|| self.rank_now(entry.at - 1))
    }

    /// Between which positions the end of a part is, as far as is known.
    fn bounds(&self, end: Option<Entry>, now: i64, open: u64) -> Range<u64> {
        match end {
            None => open..open,
            Some(end) => match self.known_position(end, now) {
                Some(position) => position..position,
                None => self.position_bounds(end),
            },
        }
    }
}

impl PageOf {
    /// Before which entry the page begins.
    fn newest(&self) -> Option<Entry> {
        match (self.before, self.after) {
            (Some(before), Some(after)) => Some(before.min(after)),
            (before, after) => before.or(after),
        }
    }
}
