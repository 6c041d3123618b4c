//! Accounts: registering, verifying an address, logging in and out.

use axum::Json;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use talelio::business::{AccountWithUser, Credentials, Email, Limit, NewPassword, Registration, Subject, Username};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::users::UserBody;
use crate::app::App;
use crate::http::authentication::{AuthenticatedUser, OwnSite};
use crate::http::body::{BodyPolicy, allow};
use crate::http::client_network::ClientNetwork;
use crate::http::cookies;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::JsonBody;

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(verify))
        .routes(routes!(log_in))
        .routes(routes!(renew))
        .route_layer(from_fn_with_state(BodyPolicy::FORM, allow))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(log_out))
}

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
struct AccountBody {
    /// Given at registration, never reused.
    #[schema(example = 1)]
    id: u64,
    /// When it was registered.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    updated_at: String,
    /// Whether the address is known to be theirs.
    #[schema(example = false)]
    verified: bool,
    /// The address.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// An account and its user.
#[derive(Serialize, ToSchema)]
#[schema(as = RegisteredAccount)]
struct RegisteredBody {
    account: AccountBody,
    user: UserBody,
}

/// Who wants to write here.
#[derive(ToSchema)]
#[schema(as = NewAccount)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct NewAccountBody {
    /// Where the link goes that verifies the address.
    #[schema(format = Email, max_length = 254, example = "ada@example.com")]
    email: String,
    /// At most 1,024 bytes in UTF-8.
    #[schema(format = Password, min_length = 8, max_length = 1_024, pattern = r"^[^\u0000]*$", example = "correct horse")]
    password: String,
    /// Letters, digits, `_`, `-` and `.`, but neither `.` nor `..`.
    #[schema(min_length = 1, max_length = 20, pattern = r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,20}$", example = "ada")]
    username: String,
}

/// How somebody proves who they are.
#[derive(ToSchema)]
#[schema(as = Credentials)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct CredentialsBody {
    /// The address of the account.
    #[schema(pattern = r"^[^\u0000]*$", example = "ada@example.com")]
    email: String,
    /// Its password.
    #[schema(format = Password, pattern = r"^[^\u0000]*$", example = "correct horse")]
    password: String,
}

/// What opens the protected routes.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
struct AccessTokenBody {
    /// A JWT, good for 30 minutes.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl")]
    access_token: String,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
struct MessageBody {
    /// A sentence.
    #[schema(example = "Successfully logged out")]
    message: &'static str,
}

impl From<AccountWithUser> for RegisteredBody {
    fn from(AccountWithUser { account, user }: AccountWithUser) -> Self {
        let account = AccountBody {
            id: account.id,
            created_at: account.created_at.to_string(),
            updated_at: account.updated_at.to_string(),
            verified: account.verified,
            email: account.email.to_string(),
        };
        Self { account, user: user.into() }
    }
}

/// Make an account
///
/// A mail with a link that verifies the address is sent to it.
#[utoipa::path(
    post,
    path = "/v1/accounts/register",
    tag = "accounts",
    params(IdempotencyHeader),
    request_body = NewAccountBody,
    responses(
        (status = 201, description = "The account, not verified yet.", body = RegisteredBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'password' key`, `Email not whitelisted`, \
                `Account with the email 'ada@example.com' already exists`, \
                `Account with the username 'ada' already exists`, `Invalid email address`, \
                `The password must have 8 characters or more, and 1024 bytes or fewer`, \
                `Invalid username, expected 1 to 20 letters, digits, '_', '-' or '.'`, \
                `The username 'admin' is reserved`",
        ),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn register(
    State(app): State<App>,
    ClientNetwork(network): ClientNetwork,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Response, ApiError> {
    app.limits.take(Limit::Registrations, Subject::Network(network)).await?;
    let ([email, password, username], []) = body.strings(["email", "password", "username"], []).await?;
    let email: Email = email.parse().map_err(ApiError::bad_request)?;
    let password: NewPassword = password.parse().map_err(ApiError::bad_request)?;
    let username: Username = username.parse().map_err(ApiError::bad_request)?;
    let registration = app.accounts.register(Registration { email, password, username }, network, key);
    let registered = app.response_cache.invalidated_by(registration).await?;
    Ok((StatusCode::CREATED, Json(RegisteredBody::from(registered))).into_response())
}

/// Verify the address of an account
///
/// This is where the link of the mail leads.
#[utoipa::path(
    get,
    path = "/v1/accounts/verify/{token}",
    tag = "accounts",
    params((
        "token" = String, Path, description = "The token of the link.",
        example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSJ9.c2lnbmF0dXJl",
    )),
    responses(
        (
            status = 200, description = "The account, verified.", body = RegisteredBody,
            example = json!({
                "account": {
                    "id": 1,
                    "created_at": "2026-03-14T15:09:26.535Z",
                    "updated_at": "2026-03-14T15:11:02.118Z",
                    "verified": true,
                    "email": "ada@example.com",
                },
                "user": {"id": 1, "username": "ada", "location": "London", "avatar_url": "default.jpg"},
            }),
        ),
        (
            status = 400, body = Envelope,
            description = "`Invalid verification token`, `No registered account with the email 'ada@example.com'`, \
                `Account already verified`",
        ),
    )
)]
async fn verify(State(app): State<App>, PathParams(token): PathParams) -> Result<Json<RegisteredBody>, ApiError> {
    Ok(Json(app.accounts.verify(&token).await?.into()))
}

/// Log in
///
/// The refresh token, good for 7 days, is set as a cookie. Wrong passwords cost growing pauses, for that account and
/// from that network; a client that sends the cookie of a login before is told from others there.
#[utoipa::path(
    post,
    path = "/v1/accounts/login",
    tag = "accounts",
    request_body = CredentialsBody,
    responses(
        (
            status = 200, description = "An access token.", body = AccessTokenBody,
            headers(("Set-Cookie" = str, description = "The refresh token, in the cookie `refresh_token`.")),
        ),
        (status = 400, description = "`Missing request body`, `Expected 'email' key`", body = Envelope),
        (status = 401, description = "`Invalid username or password`", body = Envelope),
        (status = 403, description = "`Requests of other websites are not accepted`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn log_in(
    State(app): State<App>,
    ClientNetwork(network): ClientNetwork,
    _: OwnSite,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, ApiError> {
    app.limits.take(Limit::Logins, Subject::Network(network)).await?;
    let ([email, password], []) = body.strings(["email", "password"], []).await?;
    let refresh_tokens = cookies::refresh_tokens(&headers).into_iter().map(str::to_owned).collect();
    let tokens = app.accounts.log_in(Credentials { email, password, refresh_tokens }, network).await?;
    let cookie = app.cookies.set(&tokens.refresh_token);
    Ok((cookie, Json(AccessTokenBody { access_token: tokens.access_token })).into_response())
}

/// Get a new access token
#[utoipa::path(
    post,
    path = "/v1/accounts/token",
    tag = "accounts",
    security(("refresh_token" = [])),
    responses(
        (status = 200, description = "An access token.", body = AccessTokenBody),
        (status = 400, description = "`No refresh token provided`, `Invalid refresh token`", body = Envelope),
        (
            status = 401, body = Envelope,
            description = "`No stored refresh token for user`, \
                `Provided refresh token not matching stored refresh token`",
        ),
        (status = 403, description = "`Requests of other websites are not accepted`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn renew(
    State(app): State<App>,
    ClientNetwork(network): ClientNetwork,
    _: OwnSite,
    headers: HeaderMap,
) -> Result<Json<AccessTokenBody>, ApiError> {
    app.limits.take(Limit::Tokens, Subject::Network(network)).await?;
    let mut renewed = Err(ApiError::bad_request("No refresh token provided"));
    for (index, token) in cookies::refresh_tokens(&headers).into_iter().enumerate() {
        match app.accounts.renew(token).await {
            Ok(access_token) => return Ok(Json(AccessTokenBody { access_token })),
            Err(error) if index == 0 => renewed = Err(error.into()),
            Err(_) => {}
        }
    }
    renewed
}

/// Log out
///
/// The refresh token is forgotten; an access token stays good until it expires.
#[utoipa::path(
    post,
    path = "/v1/accounts/logout",
    tag = "accounts",
    responses(
        (
            status = 200, description = "Done.", body = MessageBody,
            headers(("Set-Cookie" = str, description = "Removes the cookie `refresh_token`.")),
        ),
        (status = 403, description = "`Requests of other websites are not accepted`", body = Envelope),
        (status = 409, description = "`No token to delete`", body = Envelope),
    )
)]
async fn log_out(
    State(app): State<App>,
    _: OwnSite,
    AuthenticatedUser(session): AuthenticatedUser,
) -> Result<Response, ApiError> {
    app.accounts.log_out(&session).await?;
    Ok((app.cookies.remove(), Json(MessageBody { message: "Successfully logged out" })).into_response())
}
