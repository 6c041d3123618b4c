//! The rules of the site, and what they need from the outside.
//!
//! A service ([`Accounts`], [`Articles`], [`Images`], [`Projects`]) is what a handler
//! calls. It works on values that exist only when they are valid ([`Email`],
//! [`Username`], [`Title`], [`Slug`], [`PageRequest`]) and reaches the world through
//! traits that stand beside it: [`AccountStore`], [`ArticleStore`], [`ImageStore`],
//! [`ProjectStore`], [`ImageObjects`], [`Mailer`] and [`Clock`]. What only computes is in
//! [`crate::markdown`] and [`crate::imaging`].
//!
//! To add a resource: its values, its store trait, its error enum and its service go into
//! a file of its name here, or a folder; the implementation of the trait goes into `src/database/`
//! under the same name, the routes into `handlers/api/`.

mod accounts;
mod articles;
mod clock;
mod fault;
mod idempotency;
mod images;
mod jobs;
mod limits;
mod mail;
mod pagination;
mod projects;
mod readiness;
mod rendering;
mod text;
mod work;

pub use accounts::{
    Account, AccountError, AccountMails, AccountStore, AccountWithUser, Accounts, AccountsConfig, Allowlist, Author,
    Bio, Credentials, Email, InvalidAccessToken, InvalidEmail, InvalidPassword, InvalidProfile, InvalidUsername, Links,
    Location, MAX_WAITING_PASSWORDS, NewAccount, NewPassword, PasswordHash, PasswordHasher, Profile, ProfileError,
    ProfilePatch, ProfileStore, Profiles, REFRESH_SECONDS, RefreshTokenHash, Registration, RegistrationError,
    SecretKey, Session, SessionTokens, Tokens, User, Username,
};
pub use articles::{
    Adjacent, AdjacentArticles, AllSeries, Article, ArticleChange, ArticleDraft, ArticleError, ArticleList,
    ArticlePage, ArticlePatch, ArticleStore, ArticleWithAuthor, Articles, BIN_SECONDS, BinStore, ChangeError, Cursor,
    Detail, Difference, EmptyBin, Found, Head, InvalidCursor, InvalidRevisionName, InvalidSeries, InvalidTag, Listing,
    MAX_REVISIONS, NewArticle, NewState, NewStatus, Pages, Part, PatchedStatus, Preview, PreviewLink, PreviewStore,
    PreviewToken, REVISION_SECONDS, Revision, RevisionDifference, RevisionName, RevisionStore, RevisionWithText, Save,
    Saved, SavedText, Selection, Series, SeriesPart, SeriesPatch, SeriesPlace, SeriesStore, SeriesTitle, SiteTag,
    SiteTags, Slug, SlugChange, State, Status, Summary, Tag, TagStore, Text, Verb, Version, Versions, WordsChanged,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use fault::Fault;
pub use idempotency::{
    IDEMPOTENCY_SECONDS, IdempotencyError, IdempotencyKey, IdempotencyRecord, IdempotencyStore, InvalidIdempotencyKey,
    NamedRequest,
};
pub use images::{
    AddError, Image, ImageAddress, ImageError, ImageName, ImageObjects, ImageStore, Images, ImagesPage,
    InvalidImageName, MAX_IMAGE_BYTES, MAX_IMAGES, Object, ObjectListing, PendingUpload, PresignedUpload, Rendition,
    RenditionRequest, SweepObjects, SweepProgress, SweepStore, Unlisted, Upload, WIDTHS,
};
pub use jobs::{Job, JobReport, Jobs, LeaseStore};
pub use limits::{
    Attempt, Attempts, InProcessLimits, InvalidRate, Limit, LimitError, LimitStore, Limits, Network, Place, Rate,
    Rates, Subject, Unlimited,
};
pub use mail::{ComposeMail, MailError, MailJob, MailKind, MailStore, Mailer, Message, QueuedMail};
pub use pagination::{ListError, MAX_LIMIT, Page, PageRequest};
pub use projects::{
    CreateError, CreatedProject, NewProject, Project, ProjectChange, ProjectChangeError, ProjectError, ProjectPatch,
    ProjectStore, Projects,
};
pub use readiness::{Probe, Readiness};
pub use rendering::{ListedTexts, RenderedText, RenderedTexts, Renderer, Replaced, Rerender, Rerendered, TextAddress};
pub use text::{FeaturedImage, InvalidText, MetaDescription, Title};
pub use work::{background, client, memory};
