//! A user as clients see one.

use serde::Serialize;
use talelio::business::User;
use utoipa::ToSchema;

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
    /// The file name of their picture.
    #[schema(example = "default.jpg")]
    avatar_url: String,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self { id: user.id, username: user.username.to_string(), location: user.location, avatar_url: user.avatar_url }
    }
}
