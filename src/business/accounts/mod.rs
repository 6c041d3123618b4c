//! Accounts: registering, verifying an address, logging in and out.
//!
//! [`Accounts`] has the rules. [`passwords`] are hashed and checked off the async threads;
//! [`tokens`] are what a client holds once it is logged in.

mod allowlist;
mod argon2id;
mod email;
mod fair_queue;
mod mails;
mod passwords;
mod profile;
mod profiles;
mod service;
mod store;
mod tokens;
mod user;

pub use allowlist::Allowlist;
pub use email::{Email, InvalidEmail};
pub use fair_queue::MAX_WAITING as MAX_WAITING_PASSWORDS;
pub use mails::AccountMails;
pub use passwords::{InvalidPassword, NewPassword, PasswordHash, PasswordHasher};
pub use profile::{Bio, InvalidProfile, Links, Location, Profile, ProfileError, ProfilePatch, ProfileStore};
pub use profiles::Profiles;
pub use service::{AccountError, Accounts, AccountsConfig, Credentials, REFRESH_SECONDS, Registration, SessionTokens};
pub use store::{Account, AccountStore, AccountWithUser, NewAccount, RegistrationError};
pub use tokens::{Author, InvalidAccessToken, RefreshTokenHash, SecretKey, Session, Tokens};
pub use user::{InvalidUsername, User, Username};
