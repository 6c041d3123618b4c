//! Pages of a list: `page` and `limit` in a query; `X-Total-Count`, `Link` and `X-Unreadable-Items`
//! on a response.

use http::header::LINK;
use http::{HeaderName, HeaderValue};
use talelio::business::{ArticleList, Cursor, Detail, Fault, MAX_LIMIT, Page, PageRequest, Pages, Slug, Username};

use utoipa::IntoParams;

use super::envelope::ApiError;
use super::extract::{number, parameter};

/// How many items the whole list has.
pub(crate) const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// How many items of the page are left out, as they cannot be read; when there are any.
pub(crate) const X_UNREADABLE_ITEMS: HeaderName = HeaderName::from_static("x-unreadable-items");

/// What a query string says of the page that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageParameters {
    page: u32,
    /// 0 when it is left out.
    limit: u32,
}

/// Which page of a list, as the OpenAPI document has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are read by hand")]
pub(crate) struct PageQuery {
    /// Which page, counted from 1; 0 is 1.
    #[param(maximum = 2_147_483_647, example = 1)]
    page: Option<u32>,
    /// How many on a page; 0 is 10, and more than 100 is 100.
    #[param(maximum = 2_147_483_647, example = 10)]
    limit: Option<u32>,
}

/// The same by cursors.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents a parameter that is read by hand")]
pub(crate) struct CursorQuery {
    /// In place of `page`: empty for the first page, then the `next_cursor` of the one before.
    #[param(example = json!(null))]
    cursor: Option<String>,
}

/// What a list shows of its articles, as the OpenAPI document has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are read by hand")]
pub(crate) struct FieldsQuery {
    /// The fields of the articles that are shown, with commas between them; all but `author` if it is left out. Without `body`,
    /// `html` and `table_of_contents`, a list is a tenth as long.
    #[param(
        pattern = r"^(id|created_at|updated_at|title|slug|body|html|meta_description|table_of_contents|featured_image|tags|series|url|status|published_at|excerpt|word_count|reading_time_minutes|author)(,(id|created_at|updated_at|title|slug|body|html|meta_description|table_of_contents|featured_image|tags|series|url|status|published_at|excerpt|word_count|reading_time_minutes|author))*$",
        example = "title,slug,excerpt"
    )]
    fields: Option<String>,
    /// `author`: who wrote each article.
    #[param(pattern = "^author$", example = "author")]
    include: Option<String>,
}

impl Default for PageParameters {
    fn default() -> Self {
        Self { page: 1, limit: 0 }
    }
}

impl PageParameters {
    /// `page` and `limit` of a query string. What means the same is the same: 0 is what is
    /// left out, and a limit above the highest is that.
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        Ok(Self { page: number(query, "page")?.max(1), limit: number(query, "limit")?.min(MAX_LIMIT) })
    }

    /// The page, of `default` items where the query leaves that open.
    pub(crate) fn request(self, default: u32) -> PageRequest {
        PageRequest::with_default_limit(self.page, self.limit, default)
    }
}

/// The fields of an article that a list can have.
pub(crate) const FIELDS: [&str; 19] = [
    "id",
    "created_at",
    "updated_at",
    "title",
    "slug",
    "body",
    "html",
    "meta_description",
    "table_of_contents",
    "featured_image",
    "tags",
    "series",
    "url",
    "status",
    "published_at",
    "excerpt",
    "word_count",
    "reading_time_minutes",
    "author",
];

/// Some of the [fields](FIELDS) of an article, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields(u32);

impl Fields {
    /// All but who wrote it.
    pub(crate) const ALL: Self = Self((1 << (FIELDS.len() - 1)) - 1);

    /// Those that `fields` of a query string names, or all, and what `include` adds.
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        let bit = |name: &str| FIELDS.iter().position(|field| *field == name).map(|index| 1 << index);
        let unknown = |name: &str| {
            ApiError::bad_request(format!("Expected 'fields' to name fields of an article, '{name}' is none"))
        };
        let named = parameter(query, "fields").map(|names| {
            names.split(',').try_fold(0, |fields, name| bit(name).map(|bit| fields | bit).ok_or_else(|| unknown(name)))
        });
        let fields = named.transpose()?.unwrap_or(Self::ALL.0);
        match parameter(query, "include").as_deref() {
            None => Ok(Self(fields)),
            Some("author") => Ok(Self(fields | Self::AUTHOR)),
            Some(_) => Err(ApiError::bad_request("Expected 'include' to be 'author'")),
        }
    }

    const AUTHOR: u32 = 1 << (FIELDS.len() - 1);

    /// Whether a field is one of them.
    pub(crate) fn has(self, name: &str) -> bool {
        FIELDS.iter().zip(0..).any(|(field, index)| *field == name && self.0 & (1 << index) != 0)
    }

    /// What has to be read for them.
    pub(crate) fn detail(self) -> Detail {
        let texts = ["body", "html", "table_of_contents"].into_iter().any(|field| self.has(field));
        Detail { texts, authors: self.has("author") }
    }

    /// `path` with what of this a query string has to say.
    pub(crate) fn path(self, path: &str) -> String {
        self.spelled().map_or_else(|| path.to_owned(), |fields| format!("{path}?{fields}"))
    }

    /// As a query string spells them; none for [all](Fields::ALL).
    fn spelled(self) -> Option<String> {
        let names: Vec<_> = FIELDS.into_iter().filter(|field| self.has(field)).collect();
        (self != Self::ALL).then(|| format!("fields={}", names.join(",")))
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self::ALL
    }
}

/// What a query string says of the articles that it asks for, and of the page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListParameters {
    pub(crate) page: PageParameters,
    /// None where pages have numbers; inside, none for the first.
    #[expect(clippy::option_option, reason = "pages of numbers, the first by a cursor, and one that follows")]
    pub(crate) cursor: Option<Option<Cursor>>,
    /// Whose they are.
    pub(crate) author: Option<Username>,
    /// What they are about: the name of a tag in URLs.
    pub(crate) tag: Option<Slug>,
    /// Of which series: its name in URLs.
    pub(crate) series: Option<Slug>,
    /// Of which year.
    pub(crate) year: Option<u16>,
    /// What is shown of them.
    pub(crate) fields: Fields,
}

impl ListParameters {
    /// What a query string says.
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        let refused = |reason: &str| ApiError::bad_request(reason);
        let page = PageParameters::parse(query)?;
        let cursor = parameter(query, "cursor").map(|text| match &*text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| refused("Expected 'cursor' to be empty or a 'next_cursor'")),
        });
        let cursor = cursor.transpose()?;
        if cursor.is_some() && parameter(query, "page").is_some() {
            return Err(refused("Expected 'page' or 'cursor', not both"));
        }
        let author = parameter(query, "author").map(|author| author.parse());
        let author = author.transpose().map_err(|_| refused("Expected 'author' to be a username"))?;
        let tag = parameter(query, "tag").map(|tag| Slug::of_name(&tag));
        let tag = tag.map(|tag| tag.ok_or_else(|| refused("Expected 'tag' to be a tag"))).transpose()?;
        let series = parameter(query, "series").map(|series| Slug::of_name(&series));
        let series =
            series.map(|series| series.ok_or_else(|| refused("Expected 'series' to be a series"))).transpose()?;
        if [author.is_some(), tag.is_some(), series.is_some()].into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(refused("Expected only one of 'author', 'tag' and 'series'"));
        }
        let digits = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let year = parameter(query, "year").map(|text| text.parse().ok().filter(|year| *year > 0 && digits(&text)));
        let year = year.map(|year| year.ok_or_else(|| refused("Expected 'year' to be a year of four digits")));
        Ok(Self { page, cursor, author, tag, series, year: year.transpose()?, fields: Fields::parse(query)? })
    }

    /// Which list that is.
    pub(crate) fn list(&self) -> ArticleList {
        match (&self.author, &self.tag, &self.series) {
            (Some(author), ..) => ArticleList::Author(author.clone()),
            (_, Some(tag), _) => ArticleList::Tag(tag.clone()),
            (.., Some(series)) => ArticleList::Series(series.clone()),
            (None, None, None) => ArticleList::Site,
        }
    }

    /// Which page that is, and what is read of it.
    pub(crate) fn reading(&self) -> (Pages, Detail) {
        (self.pages(), self.fields.detail())
    }

    /// Which page that is.
    fn pages(&self) -> Pages {
        let request = self.page.request(10);
        match self.cursor {
            None => Pages::Number(request),
            Some(cursor) => Pages::After { cursor, limit: request.limit() },
        }
    }

    /// `path` with everything but the number and the length of the page, always spelled the same.
    pub(crate) fn path(&self, path: &str) -> String {
        self.path_with(path, "")
    }

    /// The same with a parameter of its own before.
    pub(crate) fn path_with(&self, path: &str, first: &str) -> String {
        let first = Some(first.to_owned()).filter(|first| !first.is_empty());
        let author = self.author.as_ref().map(|author| format!("author={}", author.key()));
        let tag = self.tag.as_ref().map(|tag| format!("tag={}", tag.percent_encoded()));
        let series = self.series.as_ref().map(|series| format!("series={}", series.percent_encoded()));
        let year = self.year.map(|year| format!("year={year:04}"));
        let cursor =
            self.cursor.map(|cursor| format!("cursor={}", cursor.map(|at| at.to_string()).unwrap_or_default()));
        let parameters: Vec<_> =
            [first, author, tag, series, year, self.fields.spelled(), cursor].into_iter().flatten().collect();
        if parameters.is_empty() { path.to_owned() } else { format!("{path}?{}", parameters.join("&")) }
    }
}

/// After which slug a list by slugs goes on, as `cursor` of a query string says; none for the first page.
pub(crate) fn after(query: &str) -> Result<Option<Slug>, ApiError> {
    let cursor = parameter(query, "cursor").filter(|cursor| !cursor.is_empty());
    let refused = |_| ApiError::bad_request("Expected 'cursor' to be empty or a 'next_cursor'");
    cursor.map(|cursor| cursor.parse().map_err(refused)).transpose()
}

/// How many items there are and are left out.
pub(crate) fn counts<T>(page: &Page<T>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![(X_TOTAL_COUNT, page.total.into())];
    if page.unreadable > 0 {
        headers.push((X_UNREADABLE_ITEMS, page.unreadable.into()));
    }
    headers
}

/// How many items there are and are left out, and the pages beside this one (RFC 8288), if there are any.
/// `path` is where the list is, with what else its query has.
pub(crate) fn headers<T>(page: &Page<T>, path: &str) -> Result<Vec<(HeaderName, HeaderValue)>, ApiError> {
    let limit = page.request.limit();
    let separator = if path.contains('?') { '&' } else { '?' };
    let link = |relation: &str, number: Option<u32>| {
        number.map(|number| format!("<{path}{separator}page={number}&limit={limit}>; rel=\"{relation}\""))
    };
    let links: Vec<String> = [link("next", page.next()), link("prev", page.prev())].into_iter().flatten().collect();
    let mut headers = counts(page);
    if !links.is_empty() {
        // Two spaces, as the site's client has always been sent.
        headers.push((LINK, HeaderValue::from_str(&links.join(",  ")).map_err(Fault::failed)?));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_a_sensible_size_are_pages() {
        let request = |query| PageParameters::parse(query).ok().map(|parameters| parameters.request(10));
        assert_eq!(request(""), Some(PageRequest::new(1, 10)));
        assert_eq!(request("page=0&limit=0"), Some(PageRequest::new(1, 10)));
        assert_eq!(request("page=2&limit=1000"), Some(PageRequest::new(2, 100)));
        assert_eq!(request("page=2147483647"), Some(PageRequest::new(2_147_483_647, 10)));
        assert_eq!(request("page=2&page=3&other=x"), Some(PageRequest::new(2, 10)));
        for bad in ["page=a", "page=", "limit=-1", "limit=%2B1", "page=1.0", "page=2147483648", "page=1e3", "limit=%ff"]
        {
            assert_eq!(request(bad), None, "{bad}");
        }
    }
}
