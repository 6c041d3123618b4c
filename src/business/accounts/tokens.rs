//! The three signed tokens of the API: JWTs with HS512 (RFC 7519, RFC 7518).

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::business::{Timestamp, Username};

/// How long an access token is good for, in seconds.
const ACCESS_SECONDS: u32 = 30 * 60;

/// What every token is signed with, 32 bytes or more.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

/// The secret is too short to sign with.
#[derive(Debug, thiserror::Error)]
#[error("expected {} bytes or more", SecretKey::MIN_BYTES)]
pub struct ShortSecretKey;

impl SecretKey {
    /// The fewest bytes a key has.
    pub const MIN_BYTES: usize = 32;

    /// A key of `bytes`.
    ///
    /// # Errors
    /// `ShortSecretKey` for fewer than [`SecretKey::MIN_BYTES`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, ShortSecretKey> {
        let bytes = bytes.into();
        if bytes.len() < Self::MIN_BYTES { Err(ShortSecretKey) } else { Ok(Self(bytes)) }
    }
}

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user's number.
    pub user_id: u64,
    /// The user's name.
    pub username: Username,
}

impl Session {
    /// Whether the site is theirs: that of the first account.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.user_id == 1
    }
}

/// Who has written something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Their number.
    pub id: u64,
    /// Their name.
    pub username: Username,
}

impl From<&Session> for Author {
    fn from(session: &Session) -> Self {
        Self { id: session.user_id, username: session.username.clone() }
    }
}

/// Why an access token is not accepted. The sentences are those that clients
/// of this API already know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccessToken {
    /// It was good, but no longer is.
    #[error("Signature has expired")]
    Expired,
    /// It is not one of ours.
    #[error("Signature verification failed")]
    WrongSignature,
    /// It was signed in another way than ours.
    #[error("The specified alg value is not allowed")]
    WrongAlgorithm,
    /// It does not have the three parts of a JWT.
    #[error("Not enough segments")]
    NotAToken,
    /// It has three parts, which mean nothing.
    #[error("Invalid token")]
    Undecodable,
    /// It is ours, but for another purpose.
    #[error("Not an access token")]
    WrongPurpose,
    /// Its user is not in this store.
    #[error("No user for this token")]
    UnknownUser,
}

/// The fingerprint of a refresh token, which is all that is stored of it.
#[derive(Clone, Debug)]
pub struct RefreshTokenHash(String);

impl RefreshTokenHash {
    /// The fingerprint of `token`: SHA-256, in hex. A token holds a signature
    /// of 64 bytes, so nothing slower is needed to keep it from being guessed.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(hex::encode(Sha256::digest(token)))
    }

    /// A fingerprint as it was stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are of the same token, in a time that does not tell how
    /// much of them is alike.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    user_id: u64,
    username: String,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct RefreshClaims {
    user_id: u64,
    username: String,
    iat: i64,
}

#[derive(Serialize, Deserialize)]
struct VerificationClaims {
    email: String,
}

/// Makes and reads the tokens. Each kind has claims that no other has, so that
/// none passes for another.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl Tokens {
    /// Tokens signed with `key`.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        // Fails when it is installed already, which is as good.
        let _ = PROVIDER.install_default();
        Self { signing: EncodingKey::from_secret(&key.0), verifying: DecodingKey::from_secret(&key.0) }
    }

    pub(super) fn sign_access(&self, session: &Session, now: Timestamp) -> String {
        let exp = now.plus_seconds(ACCESS_SECONDS).unix_seconds();
        self.sign(&AccessClaims { user_id: session.user_id, username: session.username.to_string(), exp })
    }

    pub(super) fn sign_refresh(&self, session: &Session, now: Timestamp) -> String {
        let iat = now.unix_seconds();
        self.sign(&RefreshClaims { user_id: session.user_id, username: session.username.to_string(), iat })
    }

    pub(super) fn sign_email_verification(&self, email: &str) -> String {
        self.sign(&VerificationClaims { email: email.to_owned() })
    }

    /// Who an access token speaks for.
    ///
    /// # Errors
    /// [`InvalidAccessToken`] when it is not one of ours or no longer good.
    pub fn verify_access(&self, token: &str, now: Timestamp) -> Result<Session, InvalidAccessToken> {
        let claims: AccessClaims = self.read(token)?;
        if claims.exp <= now.unix_seconds() {
            return Err(InvalidAccessToken::Expired);
        }
        session(claims.user_id, &claims.username).ok_or(InvalidAccessToken::WrongPurpose)
    }

    pub(super) fn verify_refresh(&self, token: &str) -> Option<Session> {
        let claims: RefreshClaims = self.read(token).ok()?;
        session(claims.user_id, &claims.username)
    }

    pub(super) fn verify_email_verification(&self, token: &str) -> Option<String> {
        self.read(token).ok().map(|claims: VerificationClaims| claims.email)
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS512), claims, &self.signing)
            .expect("claims of numbers and text serialise, and the key is one for HMAC")
    }

    fn read<Claims: DeserializeOwned>(&self, token: &str) -> Result<Claims, InvalidAccessToken> {
        let mut validation = Validation::new(Algorithm::HS512);
        // Expiry is ours to check, against our own clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        if token.split('.').count() != 3 {
            return Err(InvalidAccessToken::NotAToken);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidAccessToken::Undecodable)?;
        if header.alg != Algorithm::HS512 {
            return Err(InvalidAccessToken::WrongAlgorithm);
        }
        match jsonwebtoken::decode(token, &self.verifying, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => InvalidAccessToken::WrongSignature,
                // The claims are only read once the signature is found good.
                ErrorKind::Json(error) if error.is_data() => InvalidAccessToken::WrongPurpose,
                _ => InvalidAccessToken::Undecodable,
            }),
        }
    }
}

fn session(user_id: u64, username: &str) -> Option<Session> {
    Some(Session { user_id, username: username.parse().ok()? })
}

/// The one algorithm that we sign with. The crate's own sets bring RSA and the
/// elliptic curves along, which are much code for keys that we never accept.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs512::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| Ok(Box::new(Hs512::new(*algorithm, key.try_get_as_bytes()?)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs512(Hmac<Sha512>);

impl Hs512 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, Error> {
        if algorithm != Algorithm::HS512 {
            return Err(ErrorKind::UnsupportedAlgorithm.into());
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs512 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl JwtSigner for Hs512 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS512
    }
}

impl Verifier<Vec<u8>> for Hs512 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.clone().chain_update(message).verify_slice(signature).map_err(signature::Error::from_source)
    }
}

impl JwtVerifier for Hs512 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS512
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &str) -> Tokens {
        Tokens::new(&SecretKey::new(key.repeat(32)).unwrap())
    }

    fn now() -> Timestamp {
        "2024-01-01T00:00:00Z".parse().unwrap()
    }

    fn ada() -> Session {
        Session { user_id: 7, username: "ada".parse().unwrap() }
    }

    #[test]
    fn an_access_token_is_good_for_half_an_hour() {
        let tokens = tokens("a");
        let token = tokens.sign_access(&ada(), now());
        assert_eq!(tokens.verify_access(&token, now()), Ok(ada()));
        assert_eq!(tokens.verify_access(&token, now().plus_seconds(1_799)), Ok(ada()));
        assert_eq!(tokens.verify_access(&token, now().plus_seconds(1_800)), Err(InvalidAccessToken::Expired));
    }

    #[test]
    fn no_token_passes_for_another() {
        let tokens = tokens("a");
        let (access, refresh, verification) = (
            tokens.sign_access(&ada(), now()),
            tokens.sign_refresh(&ada(), now()),
            tokens.sign_email_verification("a@b.se"),
        );
        assert_eq!(tokens.verify_refresh(&refresh), Some(ada()));
        assert_eq!(tokens.verify_email_verification(&verification).as_deref(), Some("a@b.se"));
        for other in [&refresh, &verification] {
            assert_eq!(tokens.verify_access(other, now()), Err(InvalidAccessToken::WrongPurpose));
        }
        assert!(tokens.verify_refresh(&access).is_none() && tokens.verify_refresh(&verification).is_none());
        assert!(
            tokens.verify_email_verification(&access).is_none() && tokens.verify_email_verification(&refresh).is_none()
        );
    }

    #[test]
    fn what_is_not_ours_is_refused_with_a_reason() {
        let tokens_a = tokens("a");
        let foreign = tokens("b").sign_access(&ada(), now());
        assert_eq!(tokens_a.verify_access(&foreign, now()), Err(InvalidAccessToken::WrongSignature));
        let (signed, _) = foreign.rsplit_once('.').unwrap();
        assert_eq!(tokens_a.verify_access(&format!("{signed}."), now()), Err(InvalidAccessToken::WrongSignature));
        // {"alg":"HS256","typ":"JWT"} and {"alg":"none"}
        for header in ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJub25lIn0"] {
            let token = format!("{header}.{}", foreign.split_once('.').unwrap().1);
            let reason = tokens_a.verify_access(&token, now()).unwrap_err();
            assert!(matches!(reason, InvalidAccessToken::WrongAlgorithm | InvalidAccessToken::Undecodable), "{reason}");
        }
        for nonsense in ["", "x", "a.b", "a.b.c.d"] {
            assert_eq!(tokens_a.verify_access(nonsense, now()), Err(InvalidAccessToken::NotAToken));
        }
        assert_eq!(tokens_a.verify_access("a.b.c", now()), Err(InvalidAccessToken::Undecodable));
    }

    #[test]
    fn a_token_is_what_every_jwt_library_makes_of_it() {
        // Made with PyJWT: jwt.encode({"email": "a@b.se"}, "a" * 32, "HS512").
        let theirs = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJlbWFpbCI6ImFAYi5zZSJ9.7LI7q3O4klYMtdSPUdKnWp1vd7rms0ePxS32hz8bcRDcXe1dUl_m51cNxYjWdJ5z1UL2UCs6qFqGZ40uaknJNA";
        assert_eq!(tokens("a").verify_email_verification(theirs).as_deref(), Some("a@b.se"));
    }
}
