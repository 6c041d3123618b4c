//! Pages of a list: `page` and `limit` in a query; `X-Total-Count`, `Link` and `X-Unreadable-Items`
//! on a response.

use http::header::LINK;
use http::{HeaderName, HeaderValue};
use talelio::business::{ArticleList, Cursor, Fault, MAX_LIMIT, Page, PageRequest, Pages, Slug, Username};

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
        let tag = parameter(query, "tag").map(|tag| Slug::known_as(&tag));
        let tag = tag.map(|tag| tag.ok_or_else(|| refused("Expected 'tag' to be a tag"))).transpose()?;
        let series = parameter(query, "series").map(|series| Slug::known_as(&series));
        let series =
            series.map(|series| series.ok_or_else(|| refused("Expected 'series' to be a series"))).transpose()?;
        if [author.is_some(), tag.is_some(), series.is_some()].into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(refused("Expected only one of 'author', 'tag' and 'series'"));
        }
        let digits = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let year = parameter(query, "year").map(|text| text.parse().ok().filter(|year| *year > 0 && digits(&text)));
        let year = year.map(|year| year.ok_or_else(|| refused("Expected 'year' to be a year of four digits")));
        Ok(Self { page, cursor, author, tag, series, year: year.transpose()? })
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

    /// Which page that is.
    pub(crate) fn pages(&self) -> Pages {
        let request = self.page.request(10);
        match self.cursor {
            None => Pages::Number(request),
            Some(cursor) => Pages::After { cursor, limit: request.limit() },
        }
    }

    /// `path` with everything but the number and the length of the page, always spelled the same.
    pub(crate) fn path(&self, path: &str) -> String {
        let author = self.author.as_ref().map(|author| format!("author={}", author.key()));
        let tag = self.tag.as_ref().map(|tag| format!("tag={}", tag.percent_encoded()));
        let series = self.series.as_ref().map(|series| format!("series={}", series.percent_encoded()));
        let year = self.year.map(|year| format!("year={year:04}"));
        let cursor =
            self.cursor.map(|cursor| format!("cursor={}", cursor.map(|at| at.to_string()).unwrap_or_default()));
        let parameters: Vec<_> = [author, tag, series, year, cursor].into_iter().flatten().collect();
        if parameters.is_empty() { path.to_owned() } else { format!("{path}?{}", parameters.join("&")) }
    }
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
