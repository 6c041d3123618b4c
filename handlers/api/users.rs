//! `/v1/users`: what a user has published.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::LINK;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::json;
use talelio::business::{Article, Articles, Fault, Page, PageRequest, ProjectError, User, Username};
use utoipa::ToSchema;

use crate::api::articles::ArticleBody;
use crate::api::projects::ProjectBody;
use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{Segment, number};
use crate::response_cache::{Answer, Asked};

/// How many items the whole list has.
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A user as everybody sees them.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    /// Given at registration, never reused.
    #[schema(example = 1)]
    id: u64,
    /// Their name in URLs, as they wrote it; two names that differ only in case are the same.
    #[schema(example = "ada")]
    username: String,
    /// Where they say they are; empty at first.
    #[schema(example = "London")]
    location: String,
    /// The file name of their picture.
    #[schema(example = "default.jpg")]
    avatar_url: String,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self { id: user.id, username: user.username.to_string(), location: user.location, avatar_url: user.avatar_url }
    }
}

/// A page of articles; an empty object where there is nothing to show.
#[derive(Serialize, ToSchema)]
#[schema(as = ArticleList)]
struct ArticlesBody {
    /// The articles of the page, newest first.
    #[schema(required = false)]
    articles: Vec<ArticleBody>,
    /// Who wrote them.
    #[schema(required = false)]
    user: UserBody,
}

/// List the articles of a user
///
/// The newest come first. An unknown user, a user without articles and a page past the end all give an empty object.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/articles",
    tag = "articles",
    params(
        ("username" = String, Path, description = "Whose articles.", example = "ada"),
        ("page" = Option<u32>, Query, description = "Which page, counted from 1; 0 is 1.", maximum = 2_147_483_647, example = 1),
        (
            "limit" = Option<u32>, Query, maximum = 2_147_483_647, example = 10,
            description = "How many on a page; 0 is 10, and more than 100 is 100.",
        ),
    ),
    responses(
        (
            status = 200, description = "The page.", body = ArticlesBody,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many articles the user has."),
                ("Link" = str, description = "The pages beside this one, `next` and `prev` (RFC 8288)."),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`Expected numeric query parameters`", body = Envelope),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
pub(crate) async fn articles(
    State(app): State<App>,
    Segment(username): Segment,
    RawQuery(query): RawQuery,
    asked: Asked,
) -> Result<Response, ApiError> {
    let request = page_request(query.as_deref().unwrap_or_default())?;
    let make = async {
        let found = match username.parse() {
            Ok(username) => app.articles.list(&username, request).await?,
            Err(_) => None,
        };
        found.map_or_else(|| Answer::json(&json!({})), |(page, user)| articles_page(page, user, &app.articles))
    };
    app.answers.respond(asked, make).await
}

fn articles_page(page: Page<Article>, user: User, articles: &Articles) -> Result<Answer, ApiError> {
    let headers = [(X_TOTAL_COUNT, page.total.into()), (LINK, links(&page, &user)?)];
    let headers = headers.into_iter().filter(|(_, value): &(_, HeaderValue)| !value.is_empty()).collect();
    let articles = page.items.into_iter().map(|article| ArticleBody::of(article, articles)).collect();
    Answer::with_headers(&ArticlesBody { articles, user: user.into() }, headers)
}

/// List the projects of a user
///
/// The newest come first.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/projects",
    tag = "projects",
    params(("username" = String, Path, description = "Whose projects.", example = "ada")),
    responses(
        (
            status = 200, description = "All of their projects.", body = Vec<ProjectBody>,
            headers(("ETag" = str, description = "For `If-None-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`User 'ada' does not exist`", body = Envelope),
    )
)]
pub(crate) async fn projects(
    State(app): State<App>,
    Segment(username): Segment,
    asked: Asked,
) -> Result<Response, ApiError> {
    let username: Username = username.parse().map_err(|_| ProjectError::UnknownUser(username))?;
    let make = async {
        let projects = app.projects.list(&username).await?;
        Answer::json(&projects.into_iter().map(ProjectBody::from).collect::<Vec<_>>())
    };
    app.answers.respond(asked, make).await
}

/// The page that `page` and `limit` of a query string ask for.
fn page_request(query: &str) -> Result<PageRequest, ApiError> {
    Ok(PageRequest::new(number(query, "page")?, number(query, "limit")?))
}

/// The pages beside this one (RFC 8288); empty if there are none.
fn links(page: &Page<Article>, user: &User) -> Result<HeaderValue, ApiError> {
    let limit = page.request.limit();
    let link = |relation: &str, number: Option<u32>| {
        number.map(|number| {
            let username = &user.username;
            format!("</users/{username}/articles?page={number}&limit={limit}>; rel=\"{relation}\"")
        })
    };
    let links: Vec<String> = [link("next", page.next()), link("prev", page.prev())].into_iter().flatten().collect();
    // Two spaces, as the site's client has always been sent.
    HeaderValue::from_str(&links.join(",  ")).map_err(|error| Fault::failed(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_a_sensible_size_are_pages() {
        let request = |query| page_request(query).ok();
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
