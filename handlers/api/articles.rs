//! `/v1/articles`: publishing an article and reading one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use talelio::business::{Adjacent, Article, ArticleError, Articles, Slug, Title};
use utoipa::ToSchema;

use crate::api::users::UserBody;
use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{Author, JsonObject, Segment};
use crate::response_cache::{Answer, Asked};

/// An article.
#[derive(Serialize, ToSchema)]
#[schema(as = Article)]
pub(crate) struct ArticleBody {
    /// Its place among all articles of the site, in the order of publication.
    #[schema(example = 1)]
    id: u64,
    /// When it was published.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    updated_at: String,
    /// The title.
    #[schema(example = "Hello, world")]
    title: String,
    /// Its name in URLs, made from the title.
    #[schema(example = "hello-world")]
    slug: String,
    /// The Markdown that its author wrote.
    #[schema(example = "## Why write\n\nBecause *reading* is not enough.")]
    body: String,
    /// The body as HTML, safe to be shown.
    #[schema(example = "<h2 id=\"why-write\">Why write</h2>\n<p>Because <em>reading</em> is not enough.</p>\n")]
    html: String,
    /// The sentence that search engines show.
    #[schema(example = "The first of many")]
    meta_description: String,
    /// The headings of the body as nested HTML lists of links.
    #[schema(example = "<div class=\"toc\"><ul><li><a href=\"#why-write\">Why write</a></li></ul></div>")]
    table_of_contents: String,
    /// The picture that stands for it.
    #[schema(required = true, example = json!(null))]
    featured_image: Option<String>,
    /// Where readers find it.
    #[schema(example = "https://www.talel.io/articles/hello-world")]
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

/// An article and who wrote it.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedArticle)]
struct CreatedBody {
    article: ArticleBody,
    user: UserBody,
}

/// An article with everything its page shows.
#[derive(Serialize, ToSchema)]
#[schema(as = ArticlePage)]
pub(crate) struct ReadBody {
    meta: MetaBody,
    article: ArticleBody,
    user: UserBody,
}

/// What an author writes.
#[derive(ToSchema)]
#[schema(as = NewArticle)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct NewArticleBody {
    /// Not only white space.
    #[schema(max_length = 500, pattern = r"^[^\u0000]*\S[^\u0000]*$", example = "Hello, world")]
    title: String,
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = "## Why write\n\nBecause *reading* is not enough.")]
    body: String,
    /// The sentence that search engines show.
    #[schema(pattern = r"^[^\u0000]*$", example = "The first of many")]
    meta_description: String,
    /// The address of the picture that stands for the article.
    #[schema(pattern = r"^[^\u0000]*$", example = json!(null))]
    featured_image: Option<String>,
}

/// Publish an article
///
/// Its slug is made from the title; one that is taken gets `-2`, `-3` and so on.
#[utoipa::path(
    post,
    path = "/v1/articles",
    tag = "articles",
    security(("access_token" = [])),
    request_body = NewArticleBody,
    responses(
        (status = 201, description = "The article as it was published.", body = CreatedBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'title' key`, `Expected 'title' to be a string`, \
                `The title must not be empty`, `The title must not be longer than 500 characters`, \
                `'body' must not contain null bytes`, `The body has too many or too deeply nested elements`",
        ),
        (status = 413, description = "`Article too large`, `Request body too large`", body = Envelope),
    )
)]
pub(crate) async fn publish(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<Response, ApiError> {
    let [title, text, meta_description] = body.texts(["title", "body", "meta_description"])?;
    let featured_image = body.optional_text("featured_image")?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let _change = app.answers.change();
    let published = app.articles.publish(&session, title, text, meta_description, featured_image).await?;
    let article = ArticleBody::of(published.article, &app.articles);
    Ok((StatusCode::CREATED, Json(CreatedBody { article, user: published.author.into() })).into_response())
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
pub(crate) async fn read(State(app): State<App>, Segment(slug): Segment, asked: Asked) -> Result<Response, ApiError> {
    let slug: Slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let make = async {
        let published = app.articles.read(&slug).await?;
        let adjacent_articles = AdjacentArticlesBody {
            next: published.adjacent.next.map(Into::into),
            prev: published.adjacent.prev.map(Into::into),
        };
        let article = ArticleBody::of(published.article, &app.articles);
        Answer::json(&ReadBody { meta: MetaBody { adjacent_articles }, article, user: published.author.into() })
    };
    app.answers.respond(asked, make).await
}
