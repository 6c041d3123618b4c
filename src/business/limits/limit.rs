use std::fmt;

use super::network::Network;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests to log in, for a network.
    Logins,
    /// Passwords tried for an account, from where nobody has logged into it before.
    LoginAttempts,
    /// Requests to register, for a network.
    Registrations,
    /// Requests for an access token, for a network and for a user.
    Tokens,
    /// Mails that a network asks for.
    Mails,
    /// Requests to upload images, for a network and for an author.
    Uploads,
    /// Mails to an address in a day.
    MailQuota,
    /// Articles and projects of an author in a day.
    ArticleQuota,
    /// Changes of articles, by an author in a day.
    ChangeQuota,
    /// Bytes of images of an author in a day.
    ImageQuota,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Logins,
        Self::LoginAttempts,
        Self::Registrations,
        Self::Tokens,
        Self::Mails,
        Self::Uploads,
        Self::MailQuota,
        Self::ArticleQuota,
        Self::ChangeQuota,
        Self::ImageQuota,
    ];

    /// What operators call it, in the configuration and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logins => "LIMIT_LOGINS",
            Self::LoginAttempts => "LIMIT_LOGIN_ATTEMPTS",
            Self::Registrations => "LIMIT_REGISTRATIONS",
            Self::Tokens => "LIMIT_TOKENS",
            Self::Mails => "LIMIT_MAILS",
            Self::Uploads => "LIMIT_UPLOADS",
            Self::MailQuota => "QUOTA_MAILS",
            Self::ArticleQuota => "QUOTA_ARTICLES",
            Self::ChangeQuota => "QUOTA_CHANGES",
            Self::ImageQuota => "QUOTA_IMAGE_BYTES",
        }
    }
}

/// Who is held to a limit.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s> {
    /// Everybody in a network.
    Network(Network),
    /// Everybody in what a network is [part of](Network::site).
    Site(Network),
    /// The mail address of an account, without case, whether there is one or not.
    Address(&'s str),
    /// The user of a number.
    User(u64),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(f, "network {network}"),
            Self::Site(site) => write!(f, "site {site}"),
            Self::Address(address) => write!(f, "address {address}"),
            Self::User(id) => write!(f, "user {id}"),
        }
    }
}
