//! Accounts: registering, verifying an address, logging in and out.

use std::sync::Arc;

use async_trait::async_trait;

use super::passwords::Check;
use super::tokens::RefreshTokenHash;
use super::{
    Clock, Email, Fault, InvalidAccessToken, Mailer, Message, NewPassword, PasswordHash, Passwords, Session, Timestamp,
    Tokens, User, Username, Whitelist,
};

/// How long a refresh token is kept, in seconds.
const REFRESH_SECONDS: u32 = 7 * 24 * 60 * 60;

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
pub struct Registered {
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
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the account rules need from storage. Absence is no error.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Stores an account and its user under a new number, both or neither.
    /// Address and name are unique without case, also between concurrent calls;
    /// when both are taken, it is the address that is reported.
    async fn register(&self, account: NewAccount) -> Result<Registered, RegistrationError>;

    /// The account of an address.
    async fn account(&self, email: &Email) -> Result<Option<Account>, Fault>;

    /// The user of a name.
    async fn user(&self, username: &Username) -> Result<Option<User>, Fault>;

    /// Marks an account verified. False when it was so already.
    async fn verify(&self, email: &Email, now: Timestamp) -> Result<bool, Fault>;

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

/// Why an account operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is a whitelist, and the address is not on it.
    #[error("Email not whitelisted")]
    NotWhitelisted,
    /// The address has an account.
    #[error("Account with the email '{0}' already exists")]
    EmailTaken(Email),
    /// The name has a user.
    #[error("Account with the username '{0}' already exists")]
    UsernameTaken(Username),
    /// Not a token that we mailed to anybody.
    #[error("Invalid verification token")]
    InvalidVerificationToken,
    /// A token of ours for an address that has no account.
    #[error("No registered account with the email '{0}'")]
    NoAccount(String),
    /// The link was opened before.
    #[error("Account already verified")]
    AlreadyVerified,
    /// The address or the password is wrong; we do not say which.
    #[error("Invalid username or password")]
    WrongCredentials,
    /// Not a refresh token of ours.
    #[error("Invalid refresh token")]
    InvalidRefreshToken,
    /// The user logged out, or the token expired.
    #[error("No stored refresh token for user")]
    NoStoredRefreshToken,
    /// A later login has replaced the token.
    #[error("Provided refresh token not matching stored refresh token")]
    RefreshTokenMismatch,
    /// The user is logged out already.
    #[error("No token to delete")]
    NoTokenToDelete,
    /// Storage or hashing failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The tokens of a user who logged in.
pub struct LoggedIn {
    /// Sent with each request, good for 30 minutes.
    pub access_token: String,
    /// Kept in a cookie, good for 7 days or until the next login or logout.
    pub refresh_token: String,
}

/// What the operator decides about accounts.
pub struct AccountsConfig {
    /// Who may register; everybody when absent.
    pub whitelist: Option<Whitelist>,
    /// Where the API is reached, without a slash at the end.
    pub api_base_url: String,
}

/// The account rules.
pub struct Accounts {
    store: Arc<dyn AccountStore>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    passwords: Passwords,
    config: AccountsConfig,
}

impl Accounts {
    /// The rules over `store`, with tokens signed by `tokens`.
    #[must_use]
    pub fn new(
        store: Arc<dyn AccountStore>,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
        tokens: Tokens,
        config: AccountsConfig,
    ) -> Self {
        Self { store, mailer, clock, tokens, passwords: Passwords::default(), config }
    }

    /// Opens an account and mails its owner a link that verifies the address.
    ///
    /// A mail that cannot be sent is logged and does not undo the account: its
    /// owner can log in without it, and could not register again.
    ///
    /// # Errors
    /// [`AccountError::NotWhitelisted`], [`AccountError::EmailTaken`] or
    /// [`AccountError::UsernameTaken`].
    pub async fn register(
        &self,
        email: Email,
        password: NewPassword,
        username: Username,
    ) -> Result<Registered, AccountError> {
        if self.config.whitelist.as_ref().is_some_and(|whitelist| !whitelist.admits(&email)) {
            return Err(AccountError::NotWhitelisted);
        }
        let password = self.passwords.queue()?.hash(password).await?;
        let account =
            NewAccount { created_at: self.clock.now(), email: email.clone(), username: username.clone(), password };
        let registered = self.store.register(account).await.map_err(|error| match error {
            RegistrationError::EmailTaken => AccountError::EmailTaken(email),
            RegistrationError::UsernameTaken => AccountError::UsernameTaken(username),
            RegistrationError::Fault(fault) => fault.into(),
        })?;
        if let Err(error) = self.mailer.send(self.verification_mail(&registered.account)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "verification mail not sent");
        }
        Ok(registered)
    }

    fn verification_mail(&self, account: &Account) -> Message {
        let token = self.tokens.verification(account.email.as_str());
        let link = format!("{}/v1/accounts/verify/{token}", self.config.api_base_url);
        let body = format!(
            "Hello {},\n\nopen this link to verify your address:\n\n{link}\n\n\
             If you did not register, you need not do anything.\n",
            account.username
        );
        Message { to: account.email.clone(), subject: "Verify your account".to_owned(), body, link }
    }

    /// Marks the account verified that a mailed `token` belongs to.
    ///
    /// # Errors
    /// [`AccountError::InvalidVerificationToken`], [`AccountError::NoAccount`] or
    /// [`AccountError::AlreadyVerified`].
    pub async fn verify(&self, token: &str) -> Result<Registered, AccountError> {
        let email = self.tokens.read_verification(token).ok_or(AccountError::InvalidVerificationToken)?;
        let address: Email = email.parse().map_err(|_| AccountError::InvalidVerificationToken)?;
        let account = self.store.account(&address).await?.ok_or(AccountError::NoAccount(email))?;
        let user = self.store.user(&account.username).await?.ok_or_else(|| Fault::failed("an account has no user"))?;
        let now = self.clock.now();
        if account.verified || !self.store.verify(&address, now).await? {
            return Err(AccountError::AlreadyVerified);
        }
        Ok(Registered { account: Account { verified: true, updated_at: now, ..account }, user })
    }

    /// Checks a password and gives out tokens. `email` is whatever was typed: an
    /// address that cannot exist costs the same time as one that does not.
    ///
    /// # Errors
    /// [`AccountError::WrongCredentials`] for an unknown address and a wrong password alike.
    pub async fn log_in(&self, email: &str, password: String) -> Result<LoggedIn, AccountError> {
        let place = self.passwords.queue()?;
        let account = match email.parse() {
            Ok(email) => self.store.account(&email).await?,
            Err(_) => None,
        };
        let stored = account.as_ref().map(|account| account.password.clone());
        let check = place.check(password, stored).await?;
        let Some(account) = account else { return Err(AccountError::WrongCredentials) };
        match check {
            Check::Wrong => return Err(AccountError::WrongCredentials),
            Check::Right => {}
            Check::Outdated(renewed) => {
                self.store.replace_password(&account.email, &account.password, &renewed).await?;
            }
        }
        let session = Session { user_id: account.id, username: account.username };
        let now = self.clock.now();
        let refresh_token = self.tokens.refresh(&session, now);
        let hash = RefreshTokenHash::of(&refresh_token);
        self.store.keep_refresh_token(&session.username, &hash, now.plus_seconds(REFRESH_SECONDS)).await?;
        Ok(LoggedIn { access_token: self.tokens.access(&session, now), refresh_token })
    }

    /// A new access token for a refresh token.
    ///
    /// # Errors
    /// [`AccountError::InvalidRefreshToken`], [`AccountError::NoStoredRefreshToken`]
    /// or [`AccountError::RefreshTokenMismatch`].
    pub async fn renew(&self, refresh_token: &str) -> Result<String, AccountError> {
        let session = self.tokens.read_refresh(refresh_token).ok_or(AccountError::InvalidRefreshToken)?;
        let now = self.clock.now();
        let stored = self.store.refresh_token(&session.username, now).await?;
        let stored = stored.ok_or(AccountError::NoStoredRefreshToken)?;
        if !stored.matches(&RefreshTokenHash::of(refresh_token)) {
            return Err(AccountError::RefreshTokenMismatch);
        }
        Ok(self.tokens.access(&session, now))
    }

    /// Forgets the refresh token of a user. Access tokens that are out stay good
    /// until they expire.
    ///
    /// # Errors
    /// [`AccountError::NoTokenToDelete`] when the user is not logged in.
    pub async fn log_out(&self, session: &Session) -> Result<(), AccountError> {
        if self.store.forget_refresh_token(&session.username, self.clock.now()).await? {
            Ok(())
        } else {
            Err(AccountError::NoTokenToDelete)
        }
    }

    /// Who an access token speaks for.
    ///
    /// # Errors
    /// [`InvalidAccessToken`] with the reason.
    pub fn authenticate(&self, access_token: &str) -> Result<Session, InvalidAccessToken> {
        self.tokens.read_access(access_token, self.clock.now())
    }
}
