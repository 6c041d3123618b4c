//! From texts to the values that articles are made of.

use std::fmt::Display;
use std::str::FromStr;

use talelio::business::{ArticleError, SeriesTitle, Tag, Timestamp};

use crate::http::envelope::ApiError;

/// A text as what it says, or why it does not.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: impl AsRef<str>) -> Result<T, ApiError> {
    text.as_ref().parse().map_err(ApiError::bad_request)
}

/// What the texts of a key name, or why they do not.
pub(super) fn tags(names: Vec<String>) -> Result<Vec<Tag>, ApiError> {
    Ok(Tag::several(names).map_err(ArticleError::from)?)
}

/// What a series is called that somebody names by its title or its name in URLs.
pub(super) fn series(title: &str) -> Result<SeriesTitle, ApiError> {
    Ok(title.parse::<SeriesTitle>().map_err(ArticleError::from)?)
}

/// The moment that a key has, if there is any.
pub(super) fn moment(key: &str, text: Option<String>) -> Result<Option<Timestamp>, ApiError> {
    let reason = || ApiError::bad_request(format!("Expected '{key}' to be a date and time of RFC 3339"));
    text.map(|text| text.parse().map_err(|_| reason())).transpose()
}
