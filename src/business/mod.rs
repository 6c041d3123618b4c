//! The rules of the site, and what they need from the outside.
//!
//! A service ([`Accounts`], [`Articles`], [`Images`], [`Projects`]) is what a handler
//! calls. It works on values that exist only when they are valid ([`Email`],
//! [`Username`], [`Title`], [`Slug`], [`PageRequest`]) and reaches the world through
//! traits that stand beside it: [`AccountStore`], [`ArticleStore`], [`ImageStore`],
//! [`ProjectStore`], [`ImageFiles`], [`Mailer`] and [`Clock`]. To add a resource: its values, its store trait, its error enum and
//! its service go into a file of its name here; the implementation of the trait
//! goes into `src/database/` under the same name, the routes into `handlers/`.

mod accounts;
mod argon2id;
mod articles;
mod clock;
mod email;
mod fault;
mod images;
mod mailer;
pub mod markdown;
mod pagination;
mod passwords;
mod projects;
mod renderer;
mod slug;
mod text;
mod tokens;
mod users;

pub use accounts::{
    Account, AccountError, AccountStore, Accounts, AccountsConfig, LoggedIn, NewAccount, Registered, RegistrationError,
};
pub use articles::{
    Adjacent, AdjacentArticles, Article, ArticleError, ArticleStore, Articles, ListError, NewArticle, PublishError,
    PublishedArticle,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use email::{Email, InvalidEmail, Whitelist};
pub use fault::Fault;
pub use images::{
    AddError, Format, Image, ImageAddress, ImageError, ImageFile, ImageFiles, ImageStore, Images, ImagesPage,
    InvalidImageFile, MAX_IMAGE_BYTES, MAX_IMAGES, Object, PendingUpload, Shown, Upload, UploadAddress, WIDTHS, Wanted,
};
pub use mailer::{MailError, Mailer, Message};
pub use pagination::{MAX_LIMIT, Page, PageRequest};
pub use passwords::{InvalidPassword, NewPassword, PasswordHash, Passwords};
pub use projects::{CreateError, NewProject, Project, ProjectError, ProjectStore, Projects};
pub use renderer::Renderer;
pub use slug::Slug;
pub use text::{InvalidText, Title};
pub use tokens::{InvalidAccessToken, RefreshTokenHash, SecretKey, Session, Tokens};
pub use users::{InvalidUsername, User, Username};
