//! What tests write articles with, and read them.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Request, Response, TestApp};

/// An author, and the server that they write to.
pub struct Desk {
    pub app: TestApp,
    token: String,
}

impl Desk {
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let token = app.author("ada").await;
        Self { app, token }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(method, path).bearer(&self.token)
    }

    pub async fn create(&self, body: Value) -> Response {
        self.app.send(self.request(Method::POST, "/v1/articles").json(&body)).await
    }

    pub async fn publish(&self, title: &str) -> Value {
        self.app.publish(&self.token, title).await.json()["article"].clone()
    }

    pub async fn patch(&self, slug: &str, body: Value) -> Response {
        self.app.send(self.request(Method::PATCH, &format!("/v1/articles/{slug}")).json(&body)).await
    }

    /// The article as it is after a change.
    pub async fn patched(&self, slug: &str, body: Value) -> Value {
        let response = self.patch(slug, body).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.text());
        response.json()["article"].clone()
    }

    pub async fn verb(&self, slug: &str, verb: &str) -> Value {
        let request = match verb {
            "delete" => self.request(Method::DELETE, &format!("/v1/articles/{slug}")),
            verb => self.request(Method::POST, &format!("/v1/articles/{slug}/{verb}")),
        };
        let response = self.app.send(request).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.text());
        response.json()["article"].clone()
    }

    /// What the author is shown.
    pub async fn read(&self, slug: &str) -> Response {
        self.app.send(self.request(Method::GET, &format!("/v1/articles/{slug}"))).await
    }

    /// The slugs that the author has of a status.
    pub async fn own(&self, status: &str) -> Vec<String> {
        let path = format!("/v1/users/me/articles?status={status}");
        slugs(&self.app.send(self.request(Method::GET, &path)).await)
    }

    /// What readers see: the slugs of the site, and of the author.
    pub async fn listed(&self) -> Vec<String> {
        let site = self.app.get("/v1/articles").await;
        let count: usize = site.header("x-total-count").unwrap().parse().unwrap();
        let listed = slugs(&site);
        assert_eq!(count, listed.len());
        let of_author = self.app.get("/v1/users/ada/articles").await;
        assert_eq!(slugs(&of_author), listed);
        listed
    }

    pub async fn neighbours(&self, slug: &str) -> [Value; 2] {
        let meta = self.app.get(&format!("/v1/articles/{slug}")).await.json()["meta"]["adjacent_articles"].clone();
        [meta["prev"]["slug"].clone(), meta["next"]["slug"].clone()]
    }

    pub async fn is_there(&self, slug: &str) -> bool {
        let response = self.app.get(&format!("/v1/articles/{slug}")).await;
        assert!(matches!(response.status.as_u16(), 200 | 404), "{}", response.text());
        response.status == StatusCode::OK
    }
}

/// The slugs of a list.
pub fn slugs(response: &Response) -> Vec<String> {
    let articles = response.json()["articles"].as_array().cloned().unwrap_or_default();
    articles.iter().map(|article| article["slug"].as_str().unwrap().to_owned()).collect()
}
