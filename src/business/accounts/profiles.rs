//! What users make of their profiles, and who reads them.

use std::sync::Arc;

use super::profile::{Profile, ProfileError, ProfilePatch, ProfileStore};
use super::tokens::{InvalidAccessToken, Session};
use super::user::{DEFAULT_AVATAR, Username};
use crate::business::{Clock, Fault, ImageAddress, ImageStore, Limit, Limits, Renderer, Subject};

/// How often a change is decided again, as the profile is another by now.
const ATTEMPTS: u32 = 64;

/// The rules of profiles.
pub struct Profiles {
    store: Arc<dyn ProfileStore>,
    images: Arc<dyn ImageStore>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    renderer: Renderer,
    api_base_url: Arc<str>,
}

impl Profiles {
    /// The rules over `store`. `api_base_url` is where images are, without a slash at the end.
    #[must_use]
    pub fn new<S: ProfileStore + ImageStore + 'static>(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
        renderer: Renderer,
        api_base_url: &str,
    ) -> Self {
        Self { store: store.clone(), images: store, clock, limits, renderer, api_base_url: api_base_url.into() }
    }

    /// The profile of a user.
    ///
    /// # Errors
    /// [`ProfileError::NotFound`].
    pub async fn read(&self, username: &Username) -> Result<Profile, ProfileError> {
        self.store.profile_of(username).await?.ok_or(ProfileError::NotFound)
    }

    /// The profile of whom a session is of.
    ///
    /// # Errors
    /// [`ProfileError::Token`].
    pub async fn own(&self, user: &Session) -> Result<Profile, ProfileError> {
        let profile = self.store.profile_of(&user.username).await?;
        let profile = profile.filter(|profile| profile.user.id == user.user_id);
        Ok(profile.ok_or(InvalidAccessToken::UnknownUser)?)
    }

    /// Changes some of one's profile.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn patch(&self, user: &Session, patch: ProfilePatch) -> Result<Profile, ProfileError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(user.user_id)).await?;
        let ProfilePatch { location, avatar, bio, links } = patch;
        let avatar_url = match avatar {
            Some(Some(image)) => Some(self.avatar_url(user, &image).await?),
            Some(None) => Some(DEFAULT_AVATAR.to_owned()),
            None => None,
        };
        let bio = match bio {
            Some(bio) => {
                let (bio, rendered) = self.renderer.render(bio.to_string()).await??;
                Some((bio, rendered.html))
            }
            None => None,
        };
        for _ in 0..ATTEMPTS {
            let before = self.own(user).await?;
            let mut after = before.clone();
            if let Some(location) = &location {
                after.user.location = location.to_string();
            }
            if let Some(avatar_url) = &avatar_url {
                after.user.avatar_url.clone_from(avatar_url);
            }
            if let Some((bio, html)) = &bio {
                (after.bio, after.bio_html) = (bio.clone(), html.clone());
            }
            if let Some(links) = &links {
                after.links = links.clone().into();
            }
            if before == after || self.store.change_profile(&before, &after, self.clock.now()).await? {
                return Ok(after);
            }
        }
        Err(Fault::busy("a profile changes all the time").into())
    }

    /// The address, within the API, of an image of a user's own that is there.
    async fn avatar_url(&self, user: &Session, image: &str) -> Result<String, ProfileError> {
        let within = format!("{}{image}", self.api_base_url);
        let address = [image, &within].into_iter().find_map(|url| ImageAddress::parse(url, &self.api_base_url));
        let address = address.filter(|address| address.username == user.username).map(|address| address.file);
        let file = address.or_else(|| image.parse().ok()).ok_or(ProfileError::Avatar)?;
        let image = self.images.image(&user.username, file.id()).await?;
        let image = image.filter(|image| image.file == file).ok_or(ProfileError::Avatar)?;
        Ok(ImageAddress { username: user.username.clone(), file: image.file }.url(""))
    }
}
