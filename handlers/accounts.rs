//! `/v1/accounts`: registering, verifying an address, logging in and out.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;
use talelio::business::{Email, NewPassword, Registered, Username};

use crate::app::App;
use crate::cookies;
use crate::envelope::ApiError;
use crate::extract::{Author, JsonObject, Segment};
use crate::users::UserBody;

/// An account as its owner sees it.
#[derive(Serialize)]
struct AccountBody {
    id: u64,
    created_at: String,
    updated_at: String,
    verified: bool,
    email: String,
}

/// An account and its user.
#[derive(Serialize)]
pub(crate) struct RegisteredBody {
    account: AccountBody,
    user: UserBody,
}

impl From<Registered> for RegisteredBody {
    fn from(Registered { account, user }: Registered) -> Self {
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

/// `POST /v1/accounts/register`
pub(crate) async fn register(State(app): State<App>, mut body: JsonObject) -> Result<Response, ApiError> {
    let [email, password, username] = body.texts(["email", "password", "username"])?;
    let email: Email = email.parse().map_err(ApiError::bad_request)?;
    let password: NewPassword = password.parse().map_err(ApiError::bad_request)?;
    let username: Username = username.parse().map_err(ApiError::bad_request)?;
    let registered = app.accounts.register(email, password, username).await?;
    Ok((StatusCode::CREATED, Json(RegisteredBody::from(registered))).into_response())
}

/// `GET /v1/accounts/verify/{token}`
pub(crate) async fn verify(State(app): State<App>, Segment(token): Segment) -> Result<Json<RegisteredBody>, ApiError> {
    Ok(Json(app.accounts.verify(&token).await?.into()))
}

/// `POST /v1/accounts/login`
pub(crate) async fn log_in(State(app): State<App>, mut body: JsonObject) -> Result<Response, ApiError> {
    let [email, password] = body.texts(["email", "password"])?;
    let tokens = app.accounts.log_in(&email, password).await?;
    let cookie = app.cookies.set(&tokens.refresh_token);
    Ok((cookie, Json(json!({"access_token": tokens.access_token}))).into_response())
}

/// `POST /v1/accounts/token`
pub(crate) async fn renew(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let token = cookies::refresh_token(&headers).ok_or_else(|| ApiError::bad_request("No refresh token provided"))?;
    let access_token = app.accounts.renew(token).await?;
    Ok(Json(json!({"access_token": access_token})).into_response())
}

/// `POST /v1/accounts/logout`
pub(crate) async fn log_out(State(app): State<App>, Author(session): Author) -> Result<Response, ApiError> {
    app.accounts.log_out(&session).await?;
    Ok((app.cookies.remove(), Json(json!({"message": "Successfully logged out"}))).into_response())
}
