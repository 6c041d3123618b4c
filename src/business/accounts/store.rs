//! What the account rules need from storage.

use async_trait::async_trait;

use super::email::Email;
use super::passwords::PasswordHash;
use super::tokens::RefreshTokenHash;
use super::user::{User, Username};
use crate::business::{Fault, NamedRequest, QueuedMail, Timestamp};

/// What a person has here, beside what everybody sees of them as a [`User`].
#[derive(Clone)]
pub struct Account {
    /// The number of the account and of its user.
    pub id: u64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether its owner opened the link that was mailed to them.
    pub verified: bool,
    /// The address, as its owner wrote it.
    pub email: Email,
    /// The name of its user.
    pub username: Username,
    /// The password, as stored.
    pub password: PasswordHash,
}

/// An account that does not have a number yet.
pub struct NewAccount {
    /// When it is registered.
    pub created_at: Timestamp,
    /// The address, as its owner wrote it.
    pub email: Email,
    /// The name that its user asks for.
    pub username: Username,
    /// The password, as it is to be stored.
    pub password: PasswordHash,
}

/// An account with its user.
pub struct AccountWithUser {
    /// What only its owner sees.
    pub account: Account,
    /// What everybody sees.
    pub user: User,
}

/// Why an account could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The address has an account.
    #[error("email taken")]
    EmailTaken,
    /// The name has a user.
    #[error("username taken")]
    UsernameTaken,
    /// The request was done before.
    #[error("done before")]
    Done,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the account rules need from storage. Absence is no error.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Stores an account and its user under a new number and queues a mail, all or nothing.
    /// Address and name are unique without case, also between concurrent calls;
    /// when both are taken, it is the address that is reported.
    async fn register(
        &self,
        account: NewAccount,
        mail: Option<QueuedMail>,
        request: Option<&NamedRequest>,
    ) -> Result<AccountWithUser, RegistrationError>;

    /// The account of an address.
    async fn account(&self, email: &Email) -> Result<Option<Account>, Fault>;

    /// The user of a name.
    async fn user(&self, username: &Username) -> Result<Option<User>, Fault>;

    /// Marks an account verified that is not. False when it has changed since it was read.
    async fn verify(&self, account: &Account, now: Timestamp) -> Result<bool, Fault>;

    /// Replaces a stored password, unless it is no longer `old`.
    async fn replace_password(&self, email: &Email, old: &PasswordHash, new: &PasswordHash) -> Result<(), Fault>;

    /// Keeps the user's refresh token, in place of any earlier one.
    async fn keep_refresh_token(
        &self,
        username: &Username,
        token: &RefreshTokenHash,
        expires_at: Timestamp,
    ) -> Result<(), Fault>;

    /// The user's refresh token, unless it has expired by `now`.
    async fn refresh_token(&self, username: &Username, now: Timestamp) -> Result<Option<RefreshTokenHash>, Fault>;

    /// Forgets the user's refresh token. False when there was none by `now`.
    async fn forget_refresh_token(&self, username: &Username, now: Timestamp) -> Result<bool, Fault>;
}
