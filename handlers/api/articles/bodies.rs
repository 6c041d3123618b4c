//! An article as clients see it.

use serde::Serialize;
use talelio::business::{Article, Articles};
use utoipa::ToSchema;

/// An article.
#[derive(Serialize, ToSchema)]
#[schema(as = Article)]
pub(super) struct ArticleBody {
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
    /// About how many bytes it has as JSON.
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + self.html.len() + self.table_of_contents.len()
    }

    /// `article` as it is shown, with the address that `articles` give it.
    pub(super) fn of(article: Article, articles: &Articles) -> Self {
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
