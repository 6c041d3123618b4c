//! `GET /v1/articles/{slug}`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use talelio::business::{Adjacent, ArticleError, Slug};
use utoipa::ToSchema;

use super::bodies::ArticleBody;
use crate::api::users::UserBody;
use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::pagination::PageParameters;
use crate::response_cache::{CacheableRequest, Representation};

/// What a neighbouring article is linked by.
#[derive(Serialize, ToSchema)]
#[schema(as = AdjacentArticle)]
struct AdjacentBody {
    /// Its title.
    #[schema(example = "Before the first")]
    title: String,
    /// Its name in URLs.
    #[schema(example = "before-the-first")]
    slug: String,
}

impl From<Adjacent> for AdjacentBody {
    fn from(adjacent: Adjacent) -> Self {
        Self { title: adjacent.title, slug: adjacent.slug.to_string() }
    }
}

/// The articles published just before and just after, over all authors.
#[derive(Serialize, ToSchema)]
#[schema(as = AdjacentArticles)]
struct AdjacentArticlesBody {
    /// The one after; `null` for the newest.
    #[schema(required = true)]
    next: Option<AdjacentBody>,
    /// The one before; `null` for the oldest.
    #[schema(required = true)]
    prev: Option<AdjacentBody>,
}

/// What stands around an article.
#[derive(Serialize, ToSchema)]
#[schema(as = Meta)]
struct MetaBody {
    adjacent_articles: AdjacentArticlesBody,
}

/// An article with everything its page shows.
#[derive(Serialize, ToSchema)]
#[schema(as = ArticlePage)]
struct ReadBody {
    meta: MetaBody,
    article: ArticleBody,
    user: UserBody,
}

/// Read an article
///
/// With its author, and the articles published just before and just after.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world")),
    responses(
        (
            status = 200, description = "The article.", body = ReadBody,
            headers(("ETag" = str, description = "For `If-None-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 404, description = "`Article not found`", body = Envelope),
    )
)]
pub(super) async fn read(
    State(app): State<App>,
    PathParams(slug): PathParams,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let slug: Slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let make = async {
        let published = app.articles.read(&slug).await?;
        let adjacent_articles = AdjacentArticlesBody {
            next: published.adjacent.next.map(Into::into),
            prev: published.adjacent.prev.map(Into::into),
        };
        let article = ArticleBody::of(published.article, &app.articles);
        let bytes = article.bytes();
        let body = ReadBody { meta: MetaBody { adjacent_articles }, article, user: published.author.into() };
        Representation::json(&body, bytes, Vec::new()).await
    };
    app.response_cache.respond(request, (format!("/v1/articles/{slug}"), PageParameters::default()), make).await
}
