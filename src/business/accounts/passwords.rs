//! Hashing passwords and checking them, off the async threads.

use std::str::FromStr;

use argon2::Params;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier, phc};
use sha3::{Digest, Sha3_512};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use super::argon2id::Argon2id;
use super::fair_queue::{FairQueue, Slot};
use crate::business::{Fault, Network, background};

/// OWASP's first recommendation for Argon2id (Password Storage Cheat Sheet):
/// 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How every hash made with these parameters begins.
const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// A password that somebody chooses: 8 characters to 1,024 bytes, nothing else asked of it
/// (NIST SP 800-63B, 3.1.1.2). Kept in the composed form (NFC), as keyboards differ in that.
#[derive(Clone)]
pub struct NewPassword(String);

/// The text is not accepted as a new password.
#[derive(Debug, thiserror::Error)]
#[error("The password must have 8 characters or more, and 1024 bytes or fewer")]
pub struct InvalidPassword;

impl NewPassword {
    /// As it is hashed.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for NewPassword {
    type Err = InvalidPassword;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let composed: String = text.nfc().collect();
        let is_long_enough = composed.chars().count() >= 8 && composed.len() <= 1_024;
        if is_long_enough { Ok(Self(composed)) } else { Err(InvalidPassword) }
    }
}

/// A password as it is stored: an Argon2id hash in PHC format, or what the
/// former system kept, `<SHA3-512 of password and salt, in hex>,<salt>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it was stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn former(&self) -> Option<(&str, &str)> {
        if self.0.starts_with('$') { None } else { self.0.split_once(',') }
    }
}

/// What checking a password found.
pub(super) enum PasswordVerification {
    Wrong,
    Right,
    /// Right, and stored in a form we no longer make: keep this one instead.
    Outdated(PasswordHash),
}

/// Hashes and checks passwords, as many at once as the machine has cores and memory for.
/// Networks take turns.
pub struct PasswordHasher(FairQueue);

impl PasswordHasher {
    /// A hasher that takes no more than `memory` bytes, but for one hash at a time, and lets
    /// so many passwords of a network wait.
    pub(super) fn new(memory: usize, max_of_network: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cores = cores.min(memory / (MEMORY_KIB as usize * 1_024)).max(1);
        Self(FairQueue::new(cores, max_of_network))
    }

    /// A turn to hash a password. Those who are known to have logged in before have a queue of
    /// their own. [`Fault::Busy`] when too many wait already.
    pub(super) async fn turn(&self, network: Network, known: bool) -> Result<Turn, Fault> {
        self.0.slot(network, known).await.map(Turn)
    }
}

/// A turn to hash a password.
pub(super) struct Turn(Slot);

impl Turn {
    pub(super) async fn hash(self, password: NewPassword) -> Result<PasswordHash, Fault> {
        self.run(move || hash(&password.0)).await?
    }

    /// Checks a password against what is stored for an account, or against
    /// nothing when there is no such account. Every outcome costs one Argon2
    /// hash, so that the time taken does not tell whether an account exists.
    pub(super) async fn check(
        self,
        password: String,
        stored: Option<PasswordHash>,
    ) -> Result<PasswordVerification, Fault> {
        self.run(move || check(&password, stored.as_ref())).await?
    }

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        // The work itself holds the slot: a caller that goes away leaves it
        // running, and the next one must not start beside it.
        let work = move || {
            let _slot = self.0;
            work()
        };
        background::run("password", work).await
    }
}

fn argon2() -> Argon2id {
    Argon2id(Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds"))
}

fn hash(password: &str) -> Result<PasswordHash, Fault> {
    let hash = argon2().hash_password(password.as_bytes()).map_err(|error| Fault::failed(error.to_string()))?;
    Ok(PasswordHash(hash.to_string()))
}

fn check(password: &str, stored: Option<&PasswordHash>) -> Result<PasswordVerification, Fault> {
    let spellings = spellings(password);
    let composed = &spellings[0];
    let Some(stored) = stored else {
        for spelling in &spellings {
            hash(spelling)?;
        }
        return Ok(PasswordVerification::Wrong);
    };
    if let Some((digest, salt)) = stored.former() {
        let is_right = |spelling: &String| {
            let given = Sha3_512::new().chain_update(spelling).chain_update(salt).finalize();
            bool::from(hex::encode(given).as_bytes().ct_eq(digest.to_lowercase().as_bytes()))
        };
        let right = spellings.iter().any(is_right);
        let renewed = hash(composed)?;
        return Ok(if right { PasswordVerification::Outdated(renewed) } else { PasswordVerification::Wrong });
    }
    let known = phc::PasswordHash::new(stored.as_str());
    let is_right = |spelling: &String| {
        known.as_ref().is_ok_and(|known| argon2().verify_password(spelling.as_bytes(), known).is_ok())
    };
    Ok(match spellings.iter().position(is_right) {
        None => PasswordVerification::Wrong,
        Some(0) if stored.as_str().starts_with(CURRENT) => PasswordVerification::Right,
        Some(_) => PasswordVerification::Outdated(hash(composed)?),
    })
}

/// How a password may have been typed when it was hashed: composed, as it stands, and decomposed.
fn spellings(password: &str) -> Vec<String> {
    let mut spellings: Vec<String> = vec![password.nfc().collect()];
    for spelling in [password.to_owned(), password.nfd().collect()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA3-512 of `correct horse` and the salt `AbCdE`, computed with Python's hashlib.
    const FORMER: &str = "94b79dc674fc2f57cfd895d57c4b85d7f10602b79ab16ad2ad39cf860031a0591ec52bd7aec22c131fc7c7990b9ed29cbb787713dba1dc62a4632c2910981834,AbCdE";

    fn stored(text: &str) -> PasswordHash {
        PasswordHash::from_stored(text.to_owned())
    }

    #[test]
    fn a_hash_is_argon2id_with_the_parameters_of_owasp() {
        let first = hash("correct horse").unwrap();
        assert!(first.as_str().starts_with(CURRENT), "{}", first.as_str());
        assert_ne!(first.as_str(), hash("correct horse").unwrap().as_str(), "salted");
        assert!(matches!(check("correct horse", Some(&first)).unwrap(), PasswordVerification::Right));
        assert!(matches!(check("correct house", Some(&first)).unwrap(), PasswordVerification::Wrong));
    }

    #[test]
    fn former_hashes_are_checked_and_renewed() {
        let PasswordVerification::Outdated(renewed) = check("correct horse", Some(&stored(FORMER))).unwrap() else {
            panic!("a former hash must be renewed");
        };
        assert!(matches!(check("correct horse", Some(&renewed)).unwrap(), PasswordVerification::Right));
        assert!(matches!(check("correct house", Some(&stored(FORMER))).unwrap(), PasswordVerification::Wrong));
    }

    #[test]
    fn weaker_parameters_are_renewed_and_nonsense_is_wrong() {
        let weak = Argon2id(Params::new(8, 1, 1, None).unwrap());
        let weak = stored(&weak.hash_password(b"correct horse").unwrap().to_string());
        assert!(matches!(check("correct horse", Some(&weak)).unwrap(), PasswordVerification::Outdated(_)));
        for nonsense in ["", ",", "$", "$argon2id$", "abc"] {
            assert!(matches!(check("", Some(&stored(nonsense))).unwrap(), PasswordVerification::Wrong), "{nonsense}");
        }
        assert!(matches!(check("correct horse", None).unwrap(), PasswordVerification::Wrong));
    }

    #[test]
    fn a_password_is_right_however_its_accents_are_typed() {
        let (composed, decomposed): (String, String) = ("lösenordå".nfc().collect(), "lösenordå".nfd().collect());
        for (stored, typed) in [(&composed, &decomposed), (&decomposed, &composed), (&decomposed, &decomposed)] {
            let stored = hash(stored).unwrap();
            assert!(!matches!(check(typed, Some(&stored)).unwrap(), PasswordVerification::Wrong));
        }
        assert!(matches!(check("losenorda", Some(&hash(&composed).unwrap())).unwrap(), PasswordVerification::Wrong));
        assert_eq!(decomposed.parse::<NewPassword>().unwrap().into_string(), composed);
    }

    #[test]
    fn new_passwords_have_a_length_and_nothing_else() {
        assert!("12345678".parse::<NewPassword>().is_ok());
        assert!("x".repeat(1_024).parse::<NewPassword>().is_ok());
        assert!("lösenor".parse::<NewPassword>().is_err(), "characters count");
        assert!("1234567".parse::<NewPassword>().is_err());
        assert!("x".repeat(1_025).parse::<NewPassword>().is_err());
    }
}
