//! Pages of a list: `page` and `limit` in a query; `X-Total-Count`, `Link` and `X-Unreadable-Items`
//! on a response.

use http::header::LINK;
use http::{HeaderName, HeaderValue};
use talelio::business::{Fault, MAX_LIMIT, Page, PageRequest};

use super::envelope::ApiError;
use super::extract::number;

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

/// How many items there are and are left out, and the pages beside this one (RFC 8288), if there are any.
/// `path` is where the list is.
pub(crate) fn headers<T>(page: &Page<T>, path: &str) -> Result<Vec<(HeaderName, HeaderValue)>, ApiError> {
    let limit = page.request.limit();
    let link = |relation: &str, number: Option<u32>| {
        number.map(|number| format!("<{path}?page={number}&limit={limit}>; rel=\"{relation}\""))
    };
    let links: Vec<String> = [link("next", page.next()), link("prev", page.prev())].into_iter().flatten().collect();
    let mut headers = vec![(X_TOTAL_COUNT, page.total.into())];
    if page.unreadable > 0 {
        headers.push((X_UNREADABLE_ITEMS, page.unreadable.into()));
    }
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
