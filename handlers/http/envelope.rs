//! Where errors meet HTTP: every answer that is not a success has this shape.
//!
//! ```json
//! {"error": {"status": 400, "type": "Bad Request", "message": "Missing request body"}}
//! ```

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{
    AccountError, ArticleError, Fault, IdempotencyError, ImageError, InvalidAccessToken, LimitError, ProfileError,
    ProjectError, Slug,
};
use utoipa::ToSchema;

/// An error response.
#[derive(Clone, Debug)]
pub(crate) enum ApiError {
    /// The request is at fault; the client is told why.
    Rejected(StatusCode, String),
    /// The request is one too many; the client is told why, and after how many seconds
    /// there is room for another.
    Limited(String, u32, ExceededLimit),
    /// Something that we need is not there; the client is told what.
    Unavailable(String),
    /// What is asked for is elsewhere: the client is told why, and the slug of the article.
    Moved(String, Slug),
    /// Somebody has changed what the client means to change; the client is told why, and what there is.
    OtherVersion(String, CurrentVersion),
    /// We are; the client learns nothing and the log everything.
    Fault(Arc<Fault>),
}

impl ApiError {
    pub(crate) fn rejected(status: StatusCode, reason: impl ToString) -> Self {
        Self::Rejected(status, reason.to_string())
    }

    /// Whether a store that is not there is at fault.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Fault(fault) if matches!(**fault, Fault::Unavailable(_)))
    }

    /// Whether there are too many requests, or too large ones.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Fault(fault) if matches!(**fault, Fault::Busy(_)))
    }

    /// 400 with a reason.
    pub(crate) fn bad_request(reason: impl ToString) -> Self {
        Self::rejected(StatusCode::BAD_REQUEST, reason)
    }
}

/// What went wrong on our side, for the log line of the request.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) Arc<Fault>);

/// Which limit a request exceeded, for its log line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExceededLimit(pub(crate) &'static str);

/// How long a client should wait when nothing was done, in seconds.
const RETRY_SECONDS: u32 = 1;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(status, message) => {
                let mut response = envelope(status, &message);
                if status == StatusCode::NOT_FOUND {
                    // It may be there in a moment.
                    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                }
                response
            }
            Self::Limited(message, seconds, limit) => {
                let mut response = retry(StatusCode::TOO_MANY_REQUESTS, &message, seconds);
                response.extensions_mut().insert(limit);
                response
            }
            Self::Moved(message, slug) => {
                let status = StatusCode::PERMANENT_REDIRECT;
                let error = Envelope::new(status, &message).error;
                let location = format!("/v1/articles/{}", slug.percent_encoded());
                let body = MovedEnvelope { error, article: MovedArticle { slug: slug.as_str() } };
                // Not for ever in browsers: it may be given back.
                (status, [(LOCATION, location), (CACHE_CONTROL, "no-cache".to_owned())], Json(body)).into_response()
            }
            Self::OtherVersion(message, current) => {
                let error = Envelope::new(StatusCode::PRECONDITION_FAILED, &message).error;
                (StatusCode::PRECONDITION_FAILED, Json(OtherVersionEnvelope { error, current })).into_response()
            }
            Self::Unavailable(message) => retry(StatusCode::SERVICE_UNAVAILABLE, &message, RETRY_SECONDS),
            Self::Fault(fault) => {
                const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
                let mut response = match *fault {
                    Fault::Busy(_) => retry(UNAVAILABLE, "Too busy, try again", RETRY_SECONDS),
                    Fault::Unavailable(_) => retry(UNAVAILABLE, "Temporarily unavailable, try again", RETRY_SECONDS),
                    // No hint to try again: it may be done twice then.
                    Fault::Unknown(_) => envelope(UNAVAILABLE, "The outcome is not known"),
                    Fault::Full(_) => envelope(StatusCode::INSUFFICIENT_STORAGE, "No room left"),
                    Fault::Failed(_) => envelope(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
                };
                response.extensions_mut().insert(Cause(fault));
                response
            }
        }
    }
}

/// The body of every answer that is not a success.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Envelope<'m> {
    error: ErrorBody<'m>,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetails)]
struct ErrorBody<'m> {
    /// The status of the answer.
    status: u16,
    /// Its reason phrase.
    r#type: &'static str,
    /// A sentence for people.
    message: &'m str,
}

impl<'m> Envelope<'m> {
    pub(crate) fn new(status: StatusCode, message: &'m str) -> Self {
        let r#type = status.canonical_reason().unwrap_or("Error");
        Self { error: ErrorBody { status: status.as_u16(), r#type, message } }
    }
}

/// The body of an answer that leads elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Moved)]
pub(crate) struct MovedEnvelope<'m> {
    error: ErrorBody<'m>,
    article: MovedArticle<'m>,
}

/// An article that is found under another slug by now.
#[derive(Serialize, ToSchema)]
struct MovedArticle<'m> {
    /// Its slug.
    slug: &'m str,
}

/// The body of an answer to who means another version than there is.
#[derive(Serialize, ToSchema)]
#[schema(as = OtherVersion)]
pub(crate) struct OtherVersionEnvelope<'m> {
    error: ErrorBody<'m>,
    current: CurrentVersion,
}

/// The version that there is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CurrentVersion {
    /// Its number: what `ETag` has between the first dash and the second.
    #[schema(example = 8)]
    version: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    updated_at: String,
    /// The name of who made it.
    updated_by: String,
}

fn envelope(status: StatusCode, message: &str) -> Response {
    (status, Json(Envelope::new(status, message))).into_response()
}

/// An answer to a request that may succeed after so many seconds.
fn retry(status: StatusCode, message: &str, seconds: u32) -> Response {
    let mut response = envelope(status, message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

impl From<IdempotencyError> for ApiError {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Reused => Self::rejected(StatusCode::UNPROCESSABLE_ENTITY, error),
            IdempotencyError::Fault(fault) => fault.into(),
        }
    }
}

impl From<LimitError> for ApiError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Exceeded { limit, seconds } => Self::Limited(error.to_string(), seconds, ExceededLimit(limit)),
            LimitError::Fault(fault) => fault.into(),
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Arc::new(fault))
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let status = match error {
            AccountError::NotAllowed
            | AccountError::EmailTaken(_)
            | AccountError::UsernameTaken(_)
            | AccountError::UsernameReserved(_)
            | AccountError::InvalidVerificationToken
            | AccountError::NoAccount(_)
            | AccountError::AlreadyVerified
            | AccountError::InvalidRefreshToken => StatusCode::BAD_REQUEST,
            AccountError::WrongCredentials
            | AccountError::NoStoredRefreshToken
            | AccountError::RefreshTokenMismatch => StatusCode::UNAUTHORIZED,
            AccountError::NoTokenToDelete => StatusCode::CONFLICT,
            AccountError::Limited(error) => return error.into(),
            AccountError::Idempotency(error) => return error.into(),
            AccountError::Fault(fault) => return fault.into(),
        };
        Self::rejected(status, error)
    }
}

impl From<ArticleError> for ApiError {
    fn from(error: ArticleError) -> Self {
        let message = error.to_string();
        let status = match error {
            ArticleError::NotFound
            | ArticleError::NoRevision
            | ArticleError::NoTag
            | ArticleError::NoSeries
            | ArticleError::NoLink => StatusCode::NOT_FOUND,
            ArticleError::NotAuthor | ArticleError::NotOwner | ArticleError::NotAuthorOfSeries => StatusCode::FORBIDDEN,
            ArticleError::SlugTaken(_)
            | ArticleError::ManyLinks
            | ArticleError::SeriesFull
            | ArticleError::Deleted
            | ArticleError::Published => StatusCode::CONFLICT,
            ArticleError::TooComplex(_)
            | ArticleError::Text(_)
            | ArticleError::Tag(_)
            | ArticleError::Series(_)
            | ArticleError::NotInSeries(_)
            | ArticleError::InvalidDays
            | ArticleError::EmptyDraft
            | ArticleError::InvalidSlug
            | ArticleError::PublishedInFuture
            | ArticleError::NotPublished => StatusCode::BAD_REQUEST,
            ArticleError::Moved(slug) => return Self::Moved(message, slug),
            ArticleError::OtherVersion(head) => {
                let (version, updated_at) = (head.version, head.updated_at.to_string());
                let updated_by = head.author.username.to_string();
                return Self::OtherVersion(message, CurrentVersion { version, updated_at, updated_by });
            }
            ArticleError::TooLarge | ArticleError::PageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ArticleError::Token(reason) => return reason.into(),
            ArticleError::Limited(error) => return error.into(),
            ArticleError::Idempotency(error) => return error.into(),
            ArticleError::Fault(fault) => return fault.into(),
        };
        Self::Rejected(status, message)
    }
}

impl From<ProfileError> for ApiError {
    fn from(error: ProfileError) -> Self {
        let status = match error {
            ProfileError::NotFound => StatusCode::NOT_FOUND,
            ProfileError::Avatar | ProfileError::TooComplex(_) => StatusCode::BAD_REQUEST,
            ProfileError::Token(reason) => return reason.into(),
            ProfileError::Limited(error) => return error.into(),
            ProfileError::Fault(fault) => return fault.into(),
        };
        Self::rejected(status, error)
    }
}

impl From<ProjectError> for ApiError {
    fn from(error: ProjectError) -> Self {
        let status = match error {
            ProjectError::NotFound => StatusCode::NOT_FOUND,
            ProjectError::NotAuthor => StatusCode::FORBIDDEN,
            ProjectError::OtherVersion(ref project, ref author) => {
                let (version, updated_at) = (project.version, project.updated_at.to_string());
                let current = CurrentVersion { version, updated_at, updated_by: author.to_string() };
                return Self::OtherVersion(error.to_string(), current);
            }
            ProjectError::UnknownUser(_) | ProjectError::NotInOrder(_) | ProjectError::TooComplex(_) => {
                StatusCode::BAD_REQUEST
            }
            ProjectError::TooLarge | ProjectError::PageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ProjectError::Token(reason) => return reason.into(),
            ProjectError::Limited(error) => return error.into(),
            ProjectError::Idempotency(error) => return error.into(),
            ProjectError::Fault(fault) => return fault.into(),
        };
        Self::rejected(status, error)
    }
}

impl From<ImageError> for ApiError {
    fn from(error: ImageError) -> Self {
        let status = match error {
            ImageError::InvalidType | ImageError::TooLarge | ImageError::TooManyPixels | ImageError::TooMany => {
                StatusCode::BAD_REQUEST
            }
            ImageError::NotOwner => StatusCode::FORBIDDEN,
            ImageError::UnknownUser(_) | ImageError::NotFound | ImageError::UploadNotFound => StatusCode::NOT_FOUND,
            ImageError::NoPresigning => StatusCode::CONFLICT,
            ImageError::Token(reason) => return reason.into(),
            ImageError::Limited(error) => return error.into(),
            ImageError::Idempotency(error) => return error.into(),
            ImageError::Fault(fault) => return fault.into(),
        };
        Self::rejected(status, error)
    }
}

impl From<InvalidAccessToken> for ApiError {
    fn from(reason: InvalidAccessToken) -> Self {
        Self::rejected(StatusCode::FORBIDDEN, reason)
    }
}
