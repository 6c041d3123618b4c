//! What users say of themselves as items: what stands beside their articles, and the rest.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{ProfileItem, UserItem};
use crate::business::{Fault, Profile, ProfileStore, Timestamp, User, Username};
use crate::database::Database;
use crate::database::changes::{self, ChangeItem, ChangeKind};
use crate::database::keys;
use crate::database::table::{Item, Transaction, TransactionOutcome, from_item};

/// What a user says beside what everybody sees of them everywhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct BioItem {
    // What is empty is left out: not every engine stores an empty text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bio: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bio_html: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
}

impl From<&Profile> for BioItem {
    fn from(profile: &Profile) -> Self {
        let Profile { bio, bio_html, links, .. } = profile.clone();
        Self { bio, bio_html, links }
    }
}

fn profile(user: Item, bio: Option<Item>) -> Result<Profile, Fault> {
    let ProfileItem { user, .. } = from_item(user)?;
    let BioItem { bio, bio_html, links } = bio.map(from_item).transpose()?.unwrap_or_default();
    Ok(Profile { user: User::try_from(user)?, bio, bio_html, links })
}

#[async_trait]
impl ProfileStore for Database {
    async fn profile_of(&self, username: &Username) -> Result<Option<Profile>, Fault> {
        let (user, bio) = (keys::profile(username), keys::bio(username));
        let mut found = self.table.batch_get(&[user.clone(), bio.clone()]).await?;
        found.remove(&user).map(|user| profile(user, found.remove(&bio))).transpose()
    }

    async fn change_profile(&self, before: &Profile, after: &Profile, now: Timestamp) -> Result<bool, Fault> {
        let username = &before.user.username;
        let (user_key, bio_key, counter) = (keys::profile(username), keys::bio(username), keys::change_counter());
        let mut found = self.table.batch_get(&[user_key.clone(), bio_key.clone(), counter.clone()]).await?;
        let (Some(user), bio) = (found.remove(&user_key), found.remove(&bio_key)) else { return Ok(false) };
        if profile(user.clone(), bio.clone())? != *before {
            return Ok(false);
        }
        let counter = found.remove(&counter).ok_or_else(|| Fault::failed("there is no number of a change"))?;
        let mut change = Transaction::new(&self.table);
        if before.user != after.user {
            let item = ProfileItem { user: UserItem::from(&after.user), ..from_item(user.clone())? };
            change.replace(&user_key, &item, &user)?;
        }
        let after_bio = BioItem::from(after);
        if BioItem::from(before) != after_bio {
            match bio {
                Some(bio) => change.replace(&bio_key, &after_bio, &bio)?,
                None => change.create(&bio_key, &after_bio)?,
            };
        }
        changes::append(&mut change, &counter, &ChangeItem::new(ChangeKind::UserUpdated, after.user.id, 0, now))?;
        let is_committed = change.commit().await? == TransactionOutcome::Committed;
        if is_committed {
            self.settling.begin();
        }
        Ok(is_committed)
    }
}
