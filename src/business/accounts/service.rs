//! The account rules.

use std::sync::Arc;

use super::allowlist::Allowlist;
use super::email::Email;
use super::passwords::{NewPassword, PasswordHasher, PasswordVerification, Turn};
use super::store::{Account, AccountStore, AccountWithUser, NewAccount, RegistrationError};
use super::tokens::{InvalidAccessToken, RefreshTokenHash, Session, Tokens};
use super::user::{User, Username};
use crate::business::idempotency::{Fingerprint, Idempotency, not_recorded};
use crate::business::{
    Clock, Fault, IdempotencyError, IdempotencyKey, IdempotencyStore, Jobs, Limit, LimitError, Limits, MailJob,
    MailKind, Network, Place, QueuedMail, Subject, Timestamp,
};

/// How long a refresh token is good, in seconds.
pub const REFRESH_SECONDS: u32 = 7 * 24 * 60 * 60;

/// Why an account operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is an allowlist, and the address is not on it.
    #[error("Email not whitelisted")]
    NotAllowed,
    /// The address has an account.
    #[error("Account with the email '{0}' already exists")]
    EmailTaken(Email),
    /// The name has a user.
    #[error("Account with the username '{0}' already exists")]
    UsernameTaken(Username),
    /// The name means something here.
    #[error("The username '{0}' is reserved")]
    UsernameReserved(Username),
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
    /// Too many passwords, mails or requests.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// The name of the request is that of another.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Storage or hashing failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The tokens of a user who logged in.
pub struct SessionTokens {
    /// Sent with each request, good for 30 minutes.
    pub access_token: String,
    /// Kept in a cookie, good for 7 days or until the next login or logout.
    pub refresh_token: String,
}

/// What the operator decides about accounts.
pub struct AccountsConfig {
    /// Who may register; everybody when absent.
    pub allowlist: Option<Allowlist>,
    /// How many bytes of memory hashing passwords may take.
    pub hashing_memory: usize,
    /// How many passwords of one network may wait to be hashed.
    pub max_waiting_of_network: usize,
}

/// What opens an account.
pub struct Registration {
    /// The address.
    pub email: Email,
    /// The password, as it was typed.
    pub password: NewPassword,
    /// The name that everybody sees.
    pub username: Username,
}

/// How somebody proves who they are.
pub struct Credentials {
    /// Whatever was typed.
    pub email: String,
    /// Likewise.
    pub password: String,
    /// The refresh token that their device has, from a login before.
    pub refresh_tokens: Vec<String>,
}

/// The account rules.
pub struct Accounts {
    store: Arc<dyn AccountStore>,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    limits: Arc<Limits>,
    idempotency: Idempotency,
    jobs: Arc<Jobs>,
    passwords: PasswordHasher,
    config: AccountsConfig,
}

impl Accounts {
    /// The rules over `store`, with tokens signed by `tokens`.
    #[must_use]
    pub fn new<S: AccountStore + IdempotencyStore + 'static>(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        tokens: Arc<Tokens>,
        limits: Arc<Limits>,
        jobs: Arc<Jobs>,
        config: AccountsConfig,
    ) -> Self {
        let passwords = PasswordHasher::new(config.hashing_memory, config.max_waiting_of_network);
        let idempotency = Idempotency::new(store.clone(), clock.clone());
        Self { store, clock, tokens, limits, idempotency, jobs, passwords, config }
    }

    /// Opens an account and queues a mail to its owner, with a link that verifies the address;
    /// once, however often a request of the same name asks for it.
    ///
    /// # Errors
    /// [`AccountError::NotAllowed`], [`AccountError::EmailTaken`],
    /// [`AccountError::UsernameTaken`], [`AccountError::Limited`], or
    /// [`AccountError::Idempotency`] when the name is taken.
    pub async fn register(
        &self,
        registration: Registration,
        network: Network,
        key: Option<IdempotencyKey>,
    ) -> Result<AccountWithUser, AccountError> {
        let Registration { email, password, username } = registration;
        if self.config.allowlist.as_ref().is_some_and(|allowlist| !allowlist.contains(&email)) {
            return Err(AccountError::NotAllowed);
        }
        if username.is_reserved() {
            return Err(AccountError::UsernameReserved(username));
        }
        // Without the password, which is not to be found out from a hash that is made so fast.
        let fingerprint = || Fingerprint::of([email.as_str(), username.as_str()]);
        let request = self.idempotency.request(key.as_ref(), "register", "", fingerprint);
        if self.idempotency.outcome(request.as_ref()).await?.is_some() {
            return self.registered_before(&email, password, network).await;
        }
        self.limits.take(Limit::Mails, Subject::Network(network)).await?;
        // Before a hash is made that is worth nothing.
        if let Some(taken) = self.taken(&email, &username).await? {
            // It may have been done just now.
            return match self.idempotency.outcome(request.as_ref()).await? {
                Some(_) => self.registered_before(&email, password, network).await,
                None => Err(taken),
            };
        }
        let hash = self.passwords.turn(network, false).await?.hash(password.clone()).await?;
        let now = self.clock.now();
        let mail = self.verification_mail(&email, &username, now).await?;
        let (address, name) = (email.clone(), username.clone());
        let account = NewAccount { created_at: now, email, username, password: hash };
        match self.store.register(account, Some(mail), request.as_ref()).await {
            Ok(registered) => {
                self.jobs.signal(MailJob::NAME);
                Ok(registered)
            }
            Err(RegistrationError::Done) => {
                // Perhaps for another address.
                self.idempotency.outcome(request.as_ref()).await?;
                self.registered_before(&address, password, network).await
            }
            Err(RegistrationError::EmailTaken) => Err(AccountError::EmailTaken(address)),
            Err(RegistrationError::UsernameTaken) => Err(AccountError::UsernameTaken(name)),
            Err(RegistrationError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// What somebody else has already, if anything.
    async fn taken(&self, email: &Email, username: &Username) -> Result<Option<AccountError>, Fault> {
        if self.store.account(email).await?.is_some() {
            return Ok(Some(AccountError::EmailTaken(email.clone())));
        }
        let user = self.store.user(username).await?;
        Ok(user.map(|_| AccountError::UsernameTaken(username.clone())))
    }

    /// A mail with a link that verifies an address; due later if the address has had so many
    /// that it gets no more for now.
    async fn verification_mail(
        &self,
        to: &Email,
        username: &Username,
        now: Timestamp,
    ) -> Result<QueuedMail, AccountError> {
        let mail = QueuedMail::new(MailKind::Verification, to.clone(), username.clone(), now);
        match self.limits.take(Limit::MailQuota, Subject::Address(&to.key())).await {
            Ok(()) => Ok(mail),
            Err(LimitError::Exceeded { seconds, .. }) => Ok(QueuedMail { due_at: now.plus_seconds(seconds), ..mail }),
            Err(LimitError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// What a request has registered before, as it was then.
    async fn registered_before(
        &self,
        email: &Email,
        password: NewPassword,
        network: Network,
    ) -> Result<AccountWithUser, AccountError> {
        let account = self.store.account(email).await?;
        let account = account.ok_or_else(not_recorded)?;
        let stored = Some(account.password.clone());
        let turn = self.passwords.turn(network, false).await?;
        let verification = turn.check(password.into_string(), stored).await?;
        if matches!(verification, PasswordVerification::Wrong) {
            return Err(IdempotencyError::Reused.into());
        }
        let user = User::new(account.id, account.username.clone());
        Ok(AccountWithUser { account: Account { verified: false, updated_at: account.created_at, ..account }, user })
    }

    /// Marks the account verified that a mailed `token` belongs to.
    ///
    /// # Errors
    /// [`AccountError::InvalidVerificationToken`], [`AccountError::NoAccount`] or
    /// [`AccountError::AlreadyVerified`].
    pub async fn verify(&self, token: &str) -> Result<AccountWithUser, AccountError> {
        let email = self.tokens.verify_email_verification(token).ok_or(AccountError::InvalidVerificationToken)?;
        let address: Email = email.parse().map_err(|_| AccountError::InvalidVerificationToken)?;
        let account = self.store.account(&address).await?.ok_or(AccountError::NoAccount(email))?;
        let user = self.store.user(&account.username).await?.ok_or_else(|| Fault::failed("an account has no user"))?;
        let now = self.clock.now();
        if account.verified || !self.store.verify(&account, now).await? {
            return Err(AccountError::AlreadyVerified);
        }
        Ok(AccountWithUser { account: Account { verified: true, updated_at: now, ..account }, user })
    }

    /// Checks a password and gives out tokens. An address that cannot exist costs the same
    /// time as one that does not.
    ///
    /// # Errors
    /// [`AccountError::WrongCredentials`] for an unknown address and a wrong password alike;
    /// [`AccountError::Limited`] after too many of those.
    pub async fn log_in(&self, credentials: Credentials, network: Network) -> Result<SessionTokens, AccountError> {
        let Credentials { email, password, refresh_tokens } = credentials;
        let address: Option<Email> = email.parse().ok();
        let account = match &address {
            Some(address) => self.store.account(address).await?,
            None => None,
        };
        let is_of_account = |token: &&String| account.as_ref().is_some_and(|account| self.is_of(token, account));
        let place = match refresh_tokens.iter().find(is_of_account) {
            Some(token) => Place::Device(RefreshTokenHash::of(token).as_str().to_owned()),
            None => Place::Network(network),
        };
        // What is no address is tried as one, so that nobody can tell.
        let address = address.map_or(email, |address| address.key());
        let attempt = self.limits.begin_attempt(&address, &place).await?;
        let turn = match self.passwords.turn(network, attempt.is_from_known_place()).await {
            Ok(turn) => turn,
            Err(busy) => {
                attempt.withdraw().await?;
                return Err(busy.into());
            }
        };
        // What was not tried for want of a turn is not held against the account.
        let attempt = attempt.within_limit_of_address().await?;
        match self.check(turn, password, account).await {
            Ok(session) => {
                attempt.succeeded().await?;
                self.begin_session(&session).await
            }
            Err(error @ AccountError::WrongCredentials) => Err(error),
            Err(error) => {
                attempt.withdraw().await?;
                Err(error)
            }
        }
    }

    /// Whether a token is one that the account got when somebody logged into it.
    fn is_of(&self, refresh_token: &str, account: &Account) -> bool {
        self.tokens.verify_refresh(refresh_token).is_some_and(|session| session.user_id == account.id)
    }

    /// Whom a password proves to be the owner of an account.
    async fn check(&self, turn: Turn, password: String, account: Option<Account>) -> Result<Session, AccountError> {
        let stored = account.as_ref().map(|account| account.password.clone());
        let verification = turn.check(password, stored).await?;
        let Some(account) = account else { return Err(AccountError::WrongCredentials) };
        match verification {
            PasswordVerification::Wrong => return Err(AccountError::WrongCredentials),
            PasswordVerification::Right => {}
            PasswordVerification::Outdated(renewed) => {
                self.store.replace_password(&account.email, &account.password, &renewed).await?;
            }
        }
        Ok(Session { user_id: account.id, username: account.username })
    }

    async fn begin_session(&self, session: &Session) -> Result<SessionTokens, AccountError> {
        let now = self.clock.now();
        let refresh_token = self.tokens.sign_refresh(session, now);
        let hash = RefreshTokenHash::of(&refresh_token);
        self.store.keep_refresh_token(&session.username, &hash, now.plus_seconds(REFRESH_SECONDS)).await?;
        Ok(SessionTokens { access_token: self.tokens.sign_access(session, now), refresh_token })
    }

    /// A new access token for a refresh token.
    ///
    /// # Errors
    /// [`AccountError::InvalidRefreshToken`], [`AccountError::NoStoredRefreshToken`],
    /// [`AccountError::RefreshTokenMismatch`], or [`AccountError::Limited`].
    pub async fn renew(&self, refresh_token: &str) -> Result<String, AccountError> {
        let session = self.tokens.verify_refresh(refresh_token).ok_or(AccountError::InvalidRefreshToken)?;
        self.limits.take(Limit::Tokens, Subject::User(session.user_id)).await?;
        let now = self.clock.now();
        let stored = self.store.refresh_token(&session.username, now).await?;
        let stored = stored.ok_or(AccountError::NoStoredRefreshToken)?;
        if !stored.matches(&RefreshTokenHash::of(refresh_token)) {
            return Err(AccountError::RefreshTokenMismatch);
        }
        Ok(self.tokens.sign_access(&session, now))
    }

    /// Forgets the refresh token of a user. Access tokens that are out stay good
    /// until they expire.
    ///
    /// # Errors
    /// [`AccountError::NoTokenToDelete`] when the user is not logged in.
    pub async fn log_out(&self, session: &Session) -> Result<(), AccountError> {
        let now = self.clock.now();
        let logged_in = self.store.refresh_token(&session.username, now).await?.is_some();
        if logged_in && self.store.forget_refresh_token(&session.username, now).await? {
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
        self.tokens.verify_access(access_token, self.clock.now())
    }
}
