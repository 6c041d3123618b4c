//! Accounts, users and refresh tokens as items.

mod profiles;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::business::{
    Account, AccountStore, AccountWithUser, Email, Fault, NamedRequest, NewAccount, PasswordHash, QueuedMail,
    RefreshTokenHash, RegistrationError, Timestamp, User, Username,
};
use crate::database::jobs::mails;
use crate::database::keys::ListName;
use crate::database::lists::first_node;
use crate::database::table::{Change, EXPIRES_AT, Transaction, TransactionOutcome, key_attribute, number, text};
use crate::database::{Database, idempotency, keys};

#[derive(Serialize, Deserialize)]
pub(in crate::database) struct AccountItem {
    pub(in crate::database) id: u64,
    created_at: String,
    updated_at: String,
    verified: bool,
    pub(in crate::database) email: String,
    pub(in crate::database) username: String,
    password: String,
}

/// A user as everybody sees them; stands in profiles and beside articles.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::database) struct UserItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) username: String,
    // Left out when empty: not every engine stores an empty text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    location: String,
    avatar_url: String,
}

/// A user's own item.
#[derive(Serialize, Deserialize)]
pub(in crate::database) struct ProfileItem {
    #[serde(flatten)]
    pub(in crate::database) user: UserItem,
    /// The numbers of their projects.
    pub(in crate::database) project_ids: Vec<u64>,
    /// Whether they have given them an order; otherwise it is that of the numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::database) projects_ordered: bool,
}

impl ProfileItem {
    /// The numbers of their projects in order, each once; the last is shown first.
    pub(in crate::database) fn ordered_projects(&self) -> Vec<u64> {
        // Several processes may have put theirs there in any order.
        let each: BTreeSet<u64> = self.project_ids.iter().copied().collect();
        if !self.projects_ordered {
            return each.into_iter().collect();
        }
        let mut left = each;
        self.project_ids.iter().copied().filter(|id| left.remove(id)).collect()
    }
}

#[derive(Serialize, Deserialize)]
struct RefreshTokenItem {
    token_hash: String,
    expires_at: i64,
}

impl From<&User> for UserItem {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.username.to_string(),
            location: user.location.clone(),
            avatar_url: user.avatar_url.clone(),
        }
    }
}

impl TryFrom<UserItem> for User {
    type Error = Fault;

    fn try_from(item: UserItem) -> Result<Self, Fault> {
        let username = item.username.parse().map_err(Fault::failed)?;
        Ok(Self { id: item.id, username, location: item.location, avatar_url: item.avatar_url })
    }
}

impl TryFrom<AccountItem> for Account {
    type Error = Fault;

    fn try_from(item: AccountItem) -> Result<Self, Fault> {
        Ok(Self {
            id: item.id,
            created_at: item.created_at.parse().map_err(Fault::failed)?,
            updated_at: item.updated_at.parse().map_err(Fault::failed)?,
            verified: item.verified,
            email: item.email.parse().map_err(Fault::failed)?,
            username: item.username.parse().map_err(Fault::failed)?,
            password: PasswordHash::from_stored(item.password),
        })
    }
}

impl Database {
    /// The profile of a user, if there is such.
    ///
    /// # Errors
    /// [`Fault`] also when there is none beside a list of articles of theirs: what is damaged may
    /// look as if it were not there.
    pub(in crate::database) async fn profile(&self, username: &Username) -> Result<Option<ProfileItem>, Fault> {
        let key = keys::profile(username);
        let profile = self.table.get(&key).await?;
        let list = keys::list_root(&ListName::Author(username.clone()));
        if profile.is_some() || self.table.find(&list).await?.is_none() {
            return Ok(profile);
        }
        // They may have registered since.
        let profile = self.table.get(&key).await?;
        profile.map(Some).ok_or_else(|| Fault::failed(format!("{username} has a list of articles and no profile")))
    }

    /// A number that no account has had. One that ends up unused stays so.
    async fn next_account_number(&self) -> Result<u64, Fault> {
        self.next_number(&keys::account_counter()).await
    }
}

#[async_trait]
impl AccountStore for Database {
    async fn register(
        &self,
        new: NewAccount,
        mail: Option<QueuedMail>,
        request: Option<&NamedRequest>,
    ) -> Result<AccountWithUser, RegistrationError> {
        let profile = keys::profile(&new.username);
        let found = self.table.query_forward(&profile.pk, keys::any(), 1).await?;
        if found.first().is_some_and(|item| key_attribute(item, "sk") != Some(&profile.sk)) {
            // Also without a profile, which may be damaged: what is there is somebody's. Of a profile alone,
            // the transaction says whether the same request made it.
            return Err(RegistrationError::UsernameTaken);
        }
        let id = self.next_account_number().await?;
        let user = User::new(id, new.username.clone());
        let item = AccountItem {
            id,
            created_at: new.created_at.to_string(),
            updated_at: new.created_at.to_string(),
            verified: false,
            email: new.email.to_string(),
            username: new.username.to_string(),
            password: new.password.as_str().to_owned(),
        };
        let profile = ProfileItem { user: (&user).into(), project_ids: Vec::new(), projects_ordered: false };
        let mut registration = Transaction::new(&self.table);
        let account = registration.create(&keys::account(&new.email), &item)?;
        registration.create(&keys::profile(&new.username), &profile)?;
        registration.create(&keys::list_root(&ListName::Author(new.username.clone())), &first_node())?;
        if let Some(mail) = &mail {
            mails::queue(&mut registration, mail)?;
        }
        let record = idempotency::record(&mut registration, request, "registered")?;
        match registration.commit().await? {
            TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                Err(RegistrationError::Done)
            }
            TransactionOutcome::Committed => Ok(AccountWithUser { account: item.try_into()?, user }),
            TransactionOutcome::ConditionsFailed(failed) if failed.contains(&account) => {
                Err(RegistrationError::EmailTaken)
            }
            TransactionOutcome::ConditionsFailed(_) => Err(RegistrationError::UsernameTaken),
            // Somebody is registering the same address or name this very moment.
            TransactionOutcome::Conflict => Err(Fault::busy("two registrations at once").into()),
        }
    }

    async fn account(&self, email: &Email) -> Result<Option<Account>, Fault> {
        let item: Option<AccountItem> = self.table.get(&keys::account(email)).await?;
        item.map(Account::try_from).transpose()
    }

    async fn user(&self, username: &Username) -> Result<Option<User>, Fault> {
        let item: Option<UserItem> = self.table.get(&keys::profile(username)).await?;
        item.map(User::try_from).transpose()
    }

    async fn verify(&self, account: &Account, now: Timestamp) -> Result<bool, Fault> {
        let verify = Change::default().set("verified", AttributeValue::Bool(false), AttributeValue::Bool(true)).set(
            "updated_at",
            text(account.updated_at.to_string()),
            text(now.to_string()),
        );
        Ok(self.table.update(&keys::account(&account.email), verify).await?.is_some())
    }

    async fn replace_password(&self, email: &Email, old: &PasswordHash, new: &PasswordHash) -> Result<(), Fault> {
        let replace = Change::default().set("password", text(old.as_str()), text(new.as_str()));
        // When the condition does not hold, somebody was quicker.
        self.table.update(&keys::account(email), replace).await.map(drop)
    }

    async fn keep_refresh_token(
        &self,
        username: &Username,
        token: &RefreshTokenHash,
        expires_at: Timestamp,
    ) -> Result<(), Fault> {
        let item = RefreshTokenItem { token_hash: token.as_str().to_owned(), expires_at: expires_at.unix_seconds() };
        self.table.put(&keys::refresh_token(username), &item).await
    }

    async fn refresh_token(&self, username: &Username, now: Timestamp) -> Result<Option<RefreshTokenHash>, Fault> {
        let item: Option<RefreshTokenItem> = self.table.get(&keys::refresh_token(username)).await?;
        let good = item.filter(|item| item.expires_at > now.unix_seconds());
        Ok(good.map(|item| RefreshTokenHash::from_stored(item.token_hash)))
    }

    async fn forget_refresh_token(&self, username: &Username, now: Timestamp) -> Result<bool, Fault> {
        let key = keys::refresh_token(username);
        let item: Option<RefreshTokenItem> = self.table.get(&key).await?;
        let now = now.unix_seconds();
        let Some(item) = item.filter(|item| item.expires_at > now) else { return Ok(false) };
        // Not deleted at once: what is not there does not say who deleted it.
        let expire = Change::default().set(EXPIRES_AT, number(item.expires_at), number(now));
        Ok(self.table.update(&key, expire).await?.is_some())
    }
}
