//! An article as clients see it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use http::header::ETAG;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use talelio::business::{Article, ArticleWithAuthor, Articles, Saved, Tag, User};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::api::users::UserBody;
use crate::http::conditional::entity_tag;
use crate::http::envelope::{ApiError, Envelope, OtherVersionEnvelope};
use crate::http::json::{document, json_document};
use crate::http::pagination::Fields;

/// An article.
#[derive(ToSchema)]
#[schema(as = Article)]
pub(super) struct ArticleBody {
    /// Given when it was made, never to another.
    #[schema(example = 1)]
    id: u64,
    /// When it was made.
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
    /// What it is about, as its author has written it.
    #[schema(example = json!(["Writing"]))]
    tags: Vec<String>,
    /// The series that it belongs to, by its name in URLs.
    #[schema(required = true, example = json!(null))]
    series: Option<String>,
    /// Where readers find it.
    #[schema(example = "https://www.talel.io/articles/hello-world")]
    url: String,
    /// What it is: `draft`, `scheduled`, `published`, `unlisted` (readers see it who know its address) or `deleted`
    /// (for 30 days, its author may restore it).
    #[schema(example = "published")]
    status: &'static str,
    /// Since when readers see it, or when they will; `null` for a draft. Lists and neighbours are ordered by it.
    #[schema(required = true, format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    published_at: Option<String>,
    /// Its first paragraph as plain text, at most 300 characters, cut at a word.
    #[schema(example = "Because reading is not enough.")]
    excerpt: String,
    /// How many words it has.
    #[schema(example = 8)]
    word_count: u32,
    /// How many minutes it takes to read it, rounded up.
    #[schema(example = 1)]
    reading_time_minutes: u32,
    /// Who wrote it, where a list was asked to include that.
    #[schema(required = false, value_type = Option<UserBody>, example = json!(null))]
    author: Option<UserBody>,
    /// Which of these are shown.
    #[schema(ignore)]
    fields: Fields,
}

/// An article in a list, which has the fields that were asked for.
pub(super) struct ListedArticle;

impl PartialSchema for ListedArticle {
    fn schema() -> RefOr<Schema> {
        let mut schema = ArticleBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl ToSchema for ListedArticle {
    fn name() -> Cow<'static, str> {
        "ListedArticle".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ArticleBody::schemas(schemas);
    }
}

impl Serialize for ArticleBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        macro_rules! serialize {
            ($($name:ident),*) => {$(
                if self.fields.has(stringify!($name)) {
                    map.serialize_entry(stringify!($name), &self.$name)?;
                }
            )*};
        }
        serialize!(id, created_at, updated_at, title, slug, body, html, meta_description, table_of_contents);
        serialize!(featured_image, tags, series, url, status, published_at, excerpt, word_count, reading_time_minutes);
        serialize!(author);
        map.end()
    }
}

/// An article as its author has made it, and who that is.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedArticle)]
pub(super) struct SavedBody {
    article: ArticleBody,
    user: UserBody,
    /// What of the body was left out, a sentence each, as it could run or is not allowed; if there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(null))]
    warnings: Vec<String>,
}

/// What is answered to who changes an article as a whole.
#[derive(IntoResponses)]
#[expect(dead_code, clippy::large_enum_variant, reason = "documents the answers")]
pub(super) enum ChangeResponses {
    /// The article as it is then.
    #[response(status = 200, headers(("ETag" = str, description = "Begins with its version, for `If-Match`.")))]
    Saved(SavedBody),
    /// `Not your article`
    #[response(status = 403)]
    NotAuthor(Envelope<'static>),
    /// `Article not found`
    #[response(status = 404)]
    NotFound(Envelope<'static>),
    /// `The article has changed, its version is 8`; `current` says who has changed it.
    #[response(status = 412)]
    OtherVersion(OtherVersionEnvelope<'static>),
    /// `Too many requests, try again in 7 seconds`
    #[response(status = 429)]
    Limited(Envelope<'static>),
}

/// Tags as they are written.
pub(super) fn names(tags: &[Tag]) -> Vec<String> {
    tags.iter().map(ToString::to_string).collect()
}

impl SavedBody {
    /// The response that tells an author what they have made.
    pub(super) async fn respond(status: StatusCode, saved: Saved, articles: &Articles) -> Result<Response, ApiError> {
        let Saved { article: ArticleWithAuthor { article, author, .. }, warnings, .. } = saved;
        let version = article.head.version();
        let article = ArticleBody::of(article, articles);
        let bytes = article.bytes();
        let document = document(&Self { article, user: author.into(), warnings }, bytes).await?;
        let tag = entity_tag(version, &document)?;
        let mut response = json_document(status, document);
        response.headers_mut().insert(ETAG, tag);
        Ok(response)
    }
}

impl ArticleBody {
    /// About how many bytes it has as JSON.
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + self.html.len() + self.table_of_contents.len()
    }

    /// The articles of a list with these fields, and about how many bytes they have as JSON.
    pub(super) fn listed(
        items: Vec<Article>,
        authors: &BTreeMap<u64, User>,
        fields: Fields,
        articles: &Articles,
    ) -> (Vec<Self>, usize) {
        let bodies = items.into_iter().map(|article| {
            let author = authors.get(&article.head.author.id).cloned().map(Into::into);
            Self { author, fields, ..Self::of(article, articles) }
        });
        let bodies: Vec<_> = bodies.collect();
        let bytes = bodies.iter().map(Self::bytes).sum();
        (bodies, bytes)
    }

    /// `article` as it is now, with the address that `articles` give it.
    pub(super) fn of(article: Article, articles: &Articles) -> Self {
        let Article { head, text } = article;
        Self {
            id: head.id,
            created_at: head.created_at.to_string(),
            updated_at: head.updated_at.to_string(),
            url: articles.url(&head.slug),
            slug: head.slug.to_string(),
            status: head.status(articles.now()).name(),
            published_at: head.published_at().map(|published_at| published_at.to_string()),
            excerpt: head.summary.excerpt,
            word_count: head.summary.word_count,
            reading_time_minutes: head.summary.reading_minutes,
            title: head.title,
            body: text.body,
            html: text.html,
            meta_description: head.meta_description,
            table_of_contents: text.table_of_contents,
            author: None,
            fields: Fields::ALL,
            featured_image: head.featured_image,
            tags: names(&head.tags),
            series: head.series.map(|series| series.to_string()),
        }
    }
}
