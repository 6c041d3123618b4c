//! `/v1/articles`: publishing an article and reading one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use talelio::business::{Adjacent, Article, ArticleError, Articles, Title};

use crate::app::App;
use crate::envelope::ApiError;
use crate::extract::{Author, JsonObject, Segment};
use crate::users::UserBody;

/// An article.
#[derive(Serialize)]
pub(crate) struct ArticleBody {
    id: u64,
    created_at: String,
    updated_at: String,
    title: String,
    slug: String,
    body: String,
    html: String,
    meta_description: String,
    table_of_contents: String,
    featured_image: Option<String>,
    url: String,
}

impl ArticleBody {
    /// `article` as it is shown, with the address that `articles` give it.
    pub(crate) fn of(article: Article, articles: &Articles) -> Self {
        Self {
            id: article.id,
            created_at: article.created_at.to_string(),
            updated_at: article.updated_at.to_string(),
            title: article.title,
            url: articles.url(&article.slug),
            slug: article.slug.to_string(),
            body: article.body,
            html: article.html,
            meta_description: article.meta_description,
            table_of_contents: article.table_of_contents,
            featured_image: article.featured_image,
        }
    }
}

/// What a neighbouring article is linked by.
#[derive(Serialize)]
struct AdjacentBody {
    title: String,
    slug: String,
}

impl From<Adjacent> for AdjacentBody {
    fn from(adjacent: Adjacent) -> Self {
        Self { title: adjacent.title, slug: adjacent.slug.to_string() }
    }
}

#[derive(Serialize)]
struct AdjacentArticlesBody {
    next: Option<AdjacentBody>,
    prev: Option<AdjacentBody>,
}

#[derive(Serialize)]
struct MetaBody {
    adjacent_articles: AdjacentArticlesBody,
}

#[derive(Serialize)]
struct CreatedBody {
    article: ArticleBody,
    user: UserBody,
}

/// An article with everything its page shows.
#[derive(Serialize)]
pub(crate) struct ReadBody {
    meta: MetaBody,
    article: ArticleBody,
    user: UserBody,
}

/// `POST /v1/articles`
pub(crate) async fn publish(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<Response, ApiError> {
    let [title, text, meta_description] = body.texts(["title", "body", "meta_description"])?;
    let featured_image = body.optional_text("featured_image")?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let published = app.articles.publish(&session, title, text, meta_description, featured_image).await?;
    let article = ArticleBody::of(published.article, &app.articles);
    Ok((StatusCode::CREATED, Json(CreatedBody { article, user: published.author.into() })).into_response())
}

/// `GET /v1/articles/{slug}`
pub(crate) async fn read(State(app): State<App>, Segment(slug): Segment) -> Result<Json<ReadBody>, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let published = app.articles.read(&slug).await?;
    let adjacent_articles = AdjacentArticlesBody {
        next: published.adjacent.next.map(Into::into),
        prev: published.adjacent.prev.map(Into::into),
    };
    let article = ArticleBody::of(published.article, &app.articles);
    Ok(Json(ReadBody { meta: MetaBody { adjacent_articles }, article, user: published.author.into() }))
}
