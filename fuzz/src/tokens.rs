//! Tokens as the server signs them, and as it never would.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

/// What the server signs with.
pub(crate) const SECRET_KEY: &str = "a key that nothing signs with but this";

/// The header of every token that the server makes.
pub const HEADER: &str = r#"{"alg":"HS512","typ":"JWT"}"#;

/// An access token of the author that the store has, good for decades.
#[must_use]
pub fn access() -> String {
    sign(HEADER, r#"{"user_id":1,"username":"ada","exp":4102444800}"#)
}

/// The refresh token of that author.
#[must_use]
pub fn refresh() -> String {
    sign(HEADER, r#"{"user_id":1,"username":"ada","iat":1577836800}"#)
}

/// What the address of that author is verified with.
#[must_use]
pub fn verification() -> String {
    sign(HEADER, r#"{"email":"ada@example.com"}"#)
}

/// Any header and any claims, with a signature that is good.
#[must_use]
pub fn sign(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = Hmac::<Sha512>::new_from_slice(SECRET_KEY.as_bytes()).expect("any key will do");
    let signature = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
