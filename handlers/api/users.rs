//! Users: as clients see them, and what they say of themselves.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{Bio, Links, Location, Profile, ProfileError, ProfilePatch, User, Username};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::body::{BodyPolicy, allow};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::json::{JsonBody, json};
use crate::http::pagination::PageParameters;
use crate::response_cache::{CacheableRequest, Representation};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

pub(super) fn author() -> OpenApiRouter<App> {
    let router = OpenApiRouter::new().routes(routes!(me, update));
    router.route_layer(from_fn_with_state(BodyPolicy::TEXT, allow))
}

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
    /// Their picture: the path of an image of their own on this server, or `default.jpg`.
    #[schema(example = "default.jpg")]
    avatar_url: String,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self { id: user.id, username: user.username.to_string(), location: user.location, avatar_url: user.avatar_url }
    }
}

/// A user with what they say of themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = UserProfile)]
struct ProfileBody {
    user: ProfileUserBody,
}

/// A user, and what they say of themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = UserWithBio)]
struct ProfileUserBody {
    #[serde(flatten)]
    user: UserBody,
    /// What they tell, in Markdown; empty at first.
    #[schema(example = "I write *programs*.")]
    bio: String,
    /// The same as HTML, safe to be shown.
    #[schema(example = "<p>I write <em>programs</em>.</p>\n")]
    bio_html: String,
    /// Where else they are.
    #[schema(example = json!(["https://example.com/ada"]))]
    links: Vec<String>,
}

/// What a user changes of their profile; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ProfilePatch)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct PatchBody {
    /// Where they are; `null` for nowhere.
    #[schema(max_length = 50, example = "London")]
    location: Option<String>,
    /// The file name or the address of an image of their own; `null` for `default.jpg`.
    #[schema(example = json!(null))]
    avatar: Option<String>,
    /// Markdown; `null` for nothing.
    #[schema(max_length = 5_000, example = "I write *programs*.")]
    bio: Option<String>,
    /// At most 10 addresses of HTTP or HTTPS; `null` for none.
    #[schema(max_items = 10, example = json!(["https://example.com/ada"]))]
    links: Option<Vec<String>>,
}

impl From<Profile> for ProfileBody {
    fn from(Profile { user, bio, bio_html, links }: Profile) -> Self {
        Self { user: ProfileUserBody { user: user.into(), bio, bio_html, links } }
    }
}

impl ProfileBody {
    fn bytes(&self) -> usize {
        self.user.bio.len() + self.user.bio_html.len()
    }
}

/// Read a user
#[utoipa::path(
    get,
    path = "/v1/users/{username}",
    operation_id = "user",
    tag = "users",
    params(("username" = String, Path, description = "Their name.", example = "ada")),
    responses(
        (
            status = 200, description = "The user.", body = ProfileBody,
            headers(("ETag" = str, description = "For `If-None-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 404, description = "`User not found`", body = Envelope),
    )
)]
async fn show(
    State(app): State<App>,
    PathParams(username): PathParams,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let username: Username = username.parse().map_err(|_| ProfileError::NotFound)?;
    let path = format!("/v1/users/{}", username.key());
    let make = async {
        let body = ProfileBody::from(app.profiles.read(&username).await?);
        let bytes = body.bytes();
        Representation::json_until(&body, bytes, Vec::new(), None).await
    };
    app.response_cache.respond(request, (path, PageParameters::default()), make).await
}

/// Read oneself
#[utoipa::path(
    get,
    path = "/v1/users/me",
    operation_id = "own_user",
    tag = "users",
    responses((status = 200, description = "Who the access token is of.", body = ProfileBody))
)]
async fn me(State(app): State<App>, AuthenticatedUser(session): AuthenticatedUser) -> Result<Response, ApiError> {
    let body = ProfileBody::from(app.profiles.own(&session).await?);
    json(StatusCode::OK, &body, body.bytes()).await
}

/// Change what one says of oneself
///
/// Readers see it beside all articles at once.
#[utoipa::path(
    patch,
    path = "/v1/users/me",
    operation_id = "update_user",
    tag = "users",
    request_body = PatchBody,
    responses(
        (status = 200, description = "The user as they are then.", body = ProfileBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected one of 'location', 'avatar', 'bio' and 'links'`, \
                `Expected 'location' to have at most 50 characters, without control characters`, \
                `Expected 'avatar' to be an image of your own`, `Expected 'bio' to have at most 5000 characters`, \
                `Expected 'links' to be an array of strings`, `Expected 'links' to be at most 10 addresses of http or https`, \
                `The body has too many or too deeply nested elements`",
        ),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn update(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["location", "avatar", "bio", "links"]).await?;
    if body.is_empty() {
        return Err(ApiError::bad_request("Expected one of 'location', 'avatar', 'bio' and 'links'"));
    }
    let location = body.nullable("location")?.map(Option::unwrap_or_default);
    let avatar = body.nullable("avatar")?;
    let bio = body.nullable("bio")?.map(Option::unwrap_or_default);
    let links = body.strings("links")?;
    let patch = ProfilePatch {
        location: location.map(|text| text.parse::<Location>()).transpose().map_err(ApiError::bad_request)?,
        avatar,
        bio: bio.map(|text| text.parse::<Bio>()).transpose().map_err(ApiError::bad_request)?,
        links: links.map(Links::new).transpose().map_err(ApiError::bad_request)?,
    };
    let change = app.profiles.patch(&session, patch);
    let body = ProfileBody::from(app.response_cache.changed_by(change, |_| true).await?);
    json(StatusCode::OK, &body, body.bytes()).await
}
