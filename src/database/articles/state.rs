//! What is read before an article is made or changed.

use super::items::{HeadItem, LinkItem, SlugItem, places};
use super::revisions::RevisionItem;
use super::series::SeriesChange;
use crate::business::{
    ChangeError, Fault, Head, MAX_REVISIONS, Save, SeriesTitle, Slug, SlugChange, Tag, Text, Timestamp, User,
};
use crate::database::Database;
use crate::database::accounts::ProfileItem;
use crate::database::content::{self, ContentAddress};
use crate::database::counters::Counter;
use crate::database::error::readable;
use crate::database::keys::{self, Key, ListName};
use crate::database::lists::{Entry, List};
use crate::database::table::{Item, from_item};

/// How many slugs are looked up at once to find a free one.
const SLUGS: u64 = 100;

/// What is to become of an article.
pub(super) struct Transition {
    /// What it was when that was decided; none for a new one.
    pub(super) before: Option<Head>,
    /// What it is to be. A new one has no number yet.
    pub(super) after: Head,
    pub(super) slug: SlugChange,
    /// Its text, if that is another.
    pub(super) content: Option<ContentAddress>,
    /// What the series is called that it comes into, if that begins with it.
    pub(super) series_title: Option<SeriesTitle>,
    /// How it is kept as it was, if it is to be.
    pub(super) save: Option<Save>,
    /// When.
    pub(super) now: Timestamp,
}

/// What a change is based on, and fails to commit if another has changed it.
pub(super) struct ChangeState {
    pub(super) author: User,
    /// The number of the article.
    pub(super) id: u64,
    /// What there is of the article, and what is found under its slug.
    pub(super) stored: Option<Stored>,
    pub(super) slug: NewSlug,
    /// The last number of an article, if this one gets the next.
    pub(super) article_counter: Option<Item>,
    pub(super) change_counter: Item,
    /// The lists that it comes into, goes from or moves in, as they are to be.
    pub(super) lists: Vec<List>,
    /// What it is to stand between in the site's list.
    pub(super) around: [Option<LinkItem>; 2],
    pub(super) revisions: Revisions,
    /// The series that it is in, comes into or goes from.
    pub(super) series: Vec<SeriesChange>,
}

/// The revisions that a save is about.
#[derive(Default)]
pub(super) struct Revisions {
    /// The newest, if it goes on.
    pub(super) going_on: Option<(RevisionItem, Item)>,
    /// Whether another begins.
    pub(super) begins: bool,
    /// One that is one too many then.
    pub(super) pruned: Option<(RevisionItem, Item)>,
    /// What the revision before says, if the new text is to be compared with that.
    pub(super) before: Option<Text>,
}

/// An article as its items have it.
pub(super) struct Stored {
    pub(super) head: HeadItem,
    pub(super) head_item: Item,
    pub(super) found: SlugItem,
    pub(super) slug_item: Item,
}

/// The slug that an article is to have.
pub(super) struct NewSlug {
    pub(super) slug: Slug,
    /// Which article of a slug that is asked for; 0 if nobody asks.
    pub(super) number: u64,
    /// What is under it of an article that had it once.
    pub(super) moved: Option<Item>,
}

/// Where an article goes in a list.
struct Move {
    list: ListName,
    from: Option<Entry>,
    to: Option<Entry>,
}

impl Revisions {
    /// What a save makes of the newest revision and of one that may be too many, as they were found.
    fn of(transition: &Transition, current: Option<Item>, oldest: Option<Item>) -> Result<Self, Fault> {
        let Some(save) = transition.save else { return Ok(Self::default()) };
        let read = |item: Item| from_item::<RevisionItem>(item.clone()).map(|revision| (revision, item));
        let current = current.map(read).transpose()?;
        if let Some((revision, item)) = current {
            let goes_on = match save {
                Save::GoesOn => revision.goes_on(&transition.after, transition.now)?,
                Save::Keeps => false,
                Save::Amends => true,
            };
            if goes_on {
                return Ok(Self { going_on: Some((revision, item)), ..Self::default() });
            }
        }
        let oldest = oldest.map(read).transpose()?;
        let pruned = oldest.filter(|(revision, _)| revision.name.is_none());
        Ok(Self { begins: true, pruned, ..Self::default() })
    }
}

impl ChangeState {
    /// Where the text was before.
    pub(super) fn content(&self) -> Option<&ContentAddress> {
        self.stored.as_ref().map(|stored| &stored.head.content)
    }

    /// Whether what is saved begins another revision.
    pub(super) fn begins_revision(&self) -> bool {
        self.revisions.begins
    }
}

impl Transition {
    /// Where the article goes in all lists, if it has this number.
    fn moves(&self, id: u64) -> Vec<Move> {
        let mut moves: Vec<Move> = Vec::new();
        for (list, entry) in self.before.iter().flat_map(places) {
            moves.push(Move { list, from: Some(entry), to: None });
        }
        for (list, Entry { at, .. }) in places(&self.after) {
            let to = Some(Entry { at, id });
            match moves.iter_mut().find(|other| other.list == list) {
                Some(other) => other.to = to,
                None => moves.push(Move { list, from: None, to }),
            }
        }
        moves.retain(|change| change.from != change.to);
        moves
    }

    /// The keys of the newest revision, and of one that is one too many once there is another.
    fn revision_keys(&self) -> [Option<Key>; 2] {
        let Some((before, _)) = self.before.as_ref().zip(self.save) else { return [None, None] };
        let oldest = (before.revision + 1).checked_sub(MAX_REVISIONS).filter(|number| *number > 0);
        [Some(before.revision), oldest].map(|number| number.map(|number| keys::revision(before.id, number)))
    }

    /// The series that it is in, comes into or goes from.
    fn series(&self) -> Vec<&Slug> {
        let before = self.before.as_ref().and_then(|before| before.series.as_ref());
        let mut series: Vec<_> = before.into_iter().chain(&self.after.series).collect();
        series.dedup();
        series
    }

    /// The keys under which the wanted slug is, and the last number of it.
    fn slug_keys(&self) -> [Option<Key>; 2] {
        let wanted = || Some(keys::slug(&self.after.slug));
        match self.slug {
            SlugChange::Stays => [None, None],
            SlugChange::ByName => [wanted(), None],
            SlugChange::FollowsTitle => [wanted(), Some(keys::slug_counter(&self.after.slug))],
        }
    }
}

impl Database {
    /// Reads everything that a change is based on. Numbers of a slug up to `taken` are.
    pub(super) async fn change_state(&self, transition: &Transition, taken: u64) -> Result<ChangeState, ChangeError> {
        let Transition { before, after, now, .. } = transition;
        let (profile, changes) = (keys::profile(&after.author.username), keys::change_counter());
        let [slug, numbers] = transition.slug_keys();
        let roots = transition.moves(0).into_iter().map(|change| keys::list_root(&change.list));
        let article = match before {
            Some(before) => vec![keys::article(before.id), keys::slug(&before.slug)],
            None => vec![keys::article_counter()],
        };
        let revisions = transition.revision_keys();
        let series = transition.series().into_iter().map(keys::series);
        let all = [profile.clone(), changes.clone()].into_iter().chain(slug.clone()).chain(numbers.clone());
        let all: Vec<Key> =
            all.chain(article.clone()).chain(revisions.iter().flatten().cloned()).chain(roots).chain(series).collect();
        let mut found = self.table.batch_get(&all).await?;
        let mut take = |key: &Key| found.remove(key);
        let author = take(&profile).map(from_item::<ProfileItem>).transpose()?;
        let author = author.map(|profile| User::try_from(profile.user)).transpose()?;
        let author = author.filter(|user| user.id == after.author.id).ok_or(ChangeError::UnknownAuthor)?;
        let missing =
            |what: &str| Fault::failed(format!("the number of the last {what} is not there: run `check --repair`"));
        let change_counter = take(&changes).ok_or_else(|| missing("change"))?;
        let wanted = slug.and_then(|key| take(&key));
        let last_number = numbers.and_then(|key| take(&key)).map(from_item::<Counter>).transpose()?;
        let (id, stored, article_counter) = if let Some(before) = before {
            (before.id, Some(stored(before, take(&article[0]), take(&article[1]))?), None)
        } else {
            let counter = take(&article[0]).ok_or_else(|| missing("article"))?;
            (from_item::<Counter>(counter.clone())?.last + 1, None, Some(counter))
        };
        let [current, oldest] = revisions.map(|key| key.and_then(|key| take(&key)));
        let mut revisions = Revisions::of(transition, current, oldest)?;
        let series: Vec<_> = transition.series().into_iter().map(|slug| (slug, take(&keys::series(slug)))).collect();
        let moves = transition.moves(id);
        let lists = moves.iter().map(|change| List::new(change.list.clone(), take(&keys::list_root(&change.list))));
        let mut lists = lists.collect::<Result<Vec<_>, _>>()?;
        name_tags(&mut lists, &after.tags);
        let neighbours = self.change_lists(&mut lists, &moves, *now).await?;
        let compared = transition.content.as_ref().and_then(|_| match &revisions.going_on {
            Some((revision, _)) => revision.before.clone(),
            None => stored.as_ref().map(|stored| stored.head.content.clone()),
        });
        let (links, before) = self.links_and_text(neighbours, compared.as_ref()).await?;
        revisions.before = before;
        let around = match (&stored, links) {
            (_, Some(links)) => links,
            (Some(Stored { found, .. }), None) => [found.prev.clone(), found.next.clone()],
            (None, None) => [None, None],
        };
        let before = stored.as_ref().map(|Stored { found, .. }| [&found.prev, &found.next]);
        let beside = around.iter().chain(before.into_iter().flatten()).flatten().map(|link| link.slug.as_str());
        let beside: Vec<&str> = beside.collect();
        let slug = self.new_slug(transition, wanted, last_number, (taken, &beside)).await?;
        // Of one that leaves the site's list without another place there.
        let is_listed = places(after).iter().any(|(list, _)| *list == ListName::Site);
        let around = if is_listed { around } else { [None, None] };
        let head = Head { id, slug: slug.slug.clone(), ..after.clone() };
        let series = series
            .into_iter()
            .map(|(slug, item)| SeriesChange::new(slug, item, &head, transition.series_title.as_ref()));
        let series = series.collect::<Result<_, _>>()?;
        Ok(ChangeState { author, id, stored, slug, article_counter, change_counter, lists, around, revisions, series })
    }

    async fn new_slug(
        &self,
        transition: &Transition,
        wanted: Option<Item>,
        last_number: Option<Counter>,
        (taken, beside): (u64, &[&str]),
    ) -> Result<NewSlug, ChangeError> {
        let slug = &transition.after.slug;
        // That of a neighbour is not to be tried: a transaction does not take two actions on one item.
        let is_beside = |slug: &Slug| beside.contains(&slug.as_str());
        match transition.slug {
            SlugChange::Stays => Ok(NewSlug { slug: slug.clone(), number: 0, moved: None }),
            SlugChange::ByName => {
                if is_beside(slug) || self.is_taken(wanted.as_ref(), &transition.after).await? {
                    return Err(ChangeError::SlugTaken);
                }
                Ok(NewSlug { slug: slug.clone(), number: 0, moved: wanted })
            }
            SlugChange::FollowsTitle => {
                let mut number = match last_number {
                    Some(numbers) => numbers.last + 1,
                    None if wanted.is_some() => 2,
                    None => 1,
                };
                if number <= taken || is_beside(&slug.numbered(number)) {
                    number = self.first_free_number(slug, taken.max(number) + 1).await?;
                }
                Ok(NewSlug { slug: slug.numbered(number), number, moved: None })
            }
        }
    }

    /// Whether an article cannot have a slug by name: another has it, or one of another author had it.
    async fn is_taken(&self, found: Option<&Item>, by: &Head) -> Result<bool, Fault> {
        let Some(found) = found else { return Ok(false) };
        let SlugItem { id, head, .. } = from_item(found.clone())?;
        if head.is_some() {
            return Ok(true);
        }
        let head: Option<HeadItem> = self.table.get(&keys::article(id)).await?;
        Ok(head.is_some_and(|head| head.author_id != by.author.id))
    }

    /// The first number from `from` that no article has with `slug`.
    async fn first_free_number(&self, slug: &Slug, from: u64) -> Result<u64, Fault> {
        let mut from = from;
        loop {
            let candidates: Vec<Key> = (from..from + SLUGS).map(|number| keys::slug(&slug.numbered(number))).collect();
            let found = self.table.batch_get(&candidates).await?;
            if let Some(free) = candidates.iter().position(|key| !found.contains_key(key)) {
                return Ok(from + free as u64);
            }
            from += SLUGS;
        }
    }

    /// Moves an article in lists, of which the roots are loaded, and says what it then stands between in
    /// the site's list, if it comes there.
    async fn change_lists(
        &self,
        lists: &mut [List],
        moves: &[Move],
        now: Timestamp,
    ) -> Result<Option<[Option<Entry>; 2]>, Fault> {
        let of = |list: &List| moves.iter().find(|change| change.list == *list.name());
        let missing =
            |list: &List, entry: Option<Entry>| entry.map_or_else(Vec::new, |entry| list.tree().missing_for(entry));
        let around_both = |list: &List| {
            let (from, to) = of(list).map_or((None, None), |change| (change.from, change.to));
            let mut numbers = missing(list, from);
            numbers.extend(missing(list, to));
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        List::load(&self.table, lists, around_both).await?;
        for (list, change) in lists.iter_mut().zip(moves) {
            let Some(from) = change.from else { continue };
            if !list.tree_mut().remove(from, now.unix_milliseconds())? {
                return Err(Fault::failed(format!(
                    "article {} is not where it should be in list {}",
                    from.id, change.list
                )));
            }
        }
        // Where something was taken out, other nodes may be around the new place.
        List::load(&self.table, lists, |list| missing(list, of(list).and_then(|change| change.to))).await?;
        let mut neighbours = None;
        for (list, change) in lists.iter_mut().zip(moves) {
            let Some(to) = change.to else { continue };
            if change.list == ListName::Site {
                let (before, after) = list.tree().neighbours(to)?;
                neighbours = Some([before, after]);
            }
            if !list.tree_mut().insert(to, now.unix_milliseconds())? {
                return Err(Fault::failed(format!("article {} is in list {} already", to.id, change.list)));
            }
        }
        Ok(neighbours)
    }

    /// What stands at these places of the site's list, and what a text says that another is compared with.
    async fn links_and_text(
        &self,
        entries: Option<[Option<Entry>; 2]>,
        text: Option<&ContentAddress>,
    ) -> Result<(Option<[Option<LinkItem>; 2]>, Option<Text>), Fault> {
        let heads = entries.iter().flatten().flatten().map(|entry| keys::article(entry.id));
        let keys: Vec<Key> = heads.chain(text.into_iter().flat_map(ContentAddress::keys)).collect();
        let mut found = self.table.batch_get(&keys).await?;
        let text = match text {
            // One that is lost is no reason not to save another.
            Some(text) => readable("a text", text.parts(&mut found))?.flatten(),
            None => None,
        };
        let text = text.map(|parts| content::unpack(&parts)).transpose();
        let text = readable("a text", text)?.flatten();
        let Some(entries) = entries else { return Ok((None, text)) };
        let mut links = [None, None];
        for (link, entry) in links.iter_mut().zip(entries) {
            let Some(Entry { id, .. }) = entry else { continue };
            let missing = || Fault::failed(format!("article {id} is not there"));
            let item = found.remove(&keys::article(id)).ok_or_else(missing)?;
            // Another process may have taken it from the list a moment ago.
            *link = Some(from_item::<HeadItem>(item)?.link().ok_or_else(missing)?);
        }
        Ok((Some(links), text))
    }
}

/// Who uses a tag first says how it is written.
fn name_tags(lists: &mut [List], tags: &[Tag]) {
    for list in lists.iter_mut().filter(|list| list.title().is_none()) {
        let ListName::Tag(slug) = list.name() else { continue };
        if let Some(tag) = tags.iter().find(|tag| tag.slug() == *slug) {
            list.set_title(tag.as_str());
        }
    }
}

/// An article that still is what it was.
fn stored(before: &Head, head: Option<Item>, found: Option<Item>) -> Result<Stored, ChangeError> {
    let (Some(head_item), Some(slug_item)) = (head, found) else { return Err(ChangeError::Changed) };
    let head: HeadItem = from_item(head_item.clone())?;
    let found: SlugItem = from_item(slug_item.clone())?;
    if head.version != before.version || found.head.as_ref() != Some(&head) {
        return Err(ChangeError::Changed);
    }
    Ok(Stored { head, head_item, found, slug_item })
}
