//! JSON in and out. Of a request body only the keys that are asked for are read: what else a
//! client puts beside them takes no memory.

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use talelio::business::{Fault, background, memory};

use crate::http::body::reject_encoded;
use crate::http::envelope::ApiError;

/// A request body that should be a JSON object.
pub(crate) struct JsonBody(Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = is_json(request.headers());
        reject_encoded(request.headers())?;
        let body = Bytes::from_request(request, state).await.map_err(|_| missing())?;
        if !body.is_empty() && !json {
            return Err(ApiError::rejected(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Expected a body of type application/json",
            ));
        }
        Ok(Self(body))
    }
}

/// Whether a body says that it is JSON. One that does not say what it is may be a form of any website.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

impl JsonBody {
    /// The texts of the `required` keys, and of the `optional` ones that are there and not
    /// `null`. The first required key that is missing is named.
    pub(crate) async fn strings<const R: usize, const O: usize>(
        self,
        required: [&'static str; R],
        optional: [&'static str; O],
    ) -> Result<([String; R], [Option<String>; O]), ApiError> {
        let keys: Vec<_> = required.into_iter().chain(optional).collect();
        let mut object = self.object(&keys).await?;
        object.require(&required)?;
        let mut texts = [const { String::new() }; R];
        for (text, key) in texts.iter_mut().zip(required) {
            *text = object.required(key)?;
        }
        let mut optional_texts = [const { None }; O];
        for (text, key) in optional_texts.iter_mut().zip(optional) {
            *text = object.optional(key)?;
        }
        Ok((texts, optional_texts))
    }

    /// What the body has of these keys.
    pub(crate) async fn object(self, keys: &[&'static str]) -> Result<JsonObject, ApiError> {
        self.members(keys, 1).await
    }

    /// [`JsonBody::object`] of which it is for the caller to say that it has nothing.
    pub(crate) async fn any_object(self, keys: &[&'static str]) -> Result<JsonObject, ApiError> {
        self.members(keys, 0).await
    }

    /// What a body has of these keys that has so many members `at_least`.
    async fn members(self, keys: &[&'static str], at_least: usize) -> Result<JsonObject, ApiError> {
        // Some editors begin a file with a mark of the order of bytes (RFC 8259, section 8.1).
        let document = self.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.0);
        if document.is_empty() {
            return Err(missing());
        }
        let parsed = background::long(document.len(), || parse(document, keys)).await;
        match parsed {
            Ok(Json::Object { members, values }) if members >= at_least => {
                Ok(JsonObject(keys.iter().copied().zip(values).collect()))
            }
            Ok(Json::Null) if at_least == 0 => Ok(JsonObject(Vec::new())),
            Ok(Json::Object { .. } | Json::Null) => Err(missing()),
            Ok(Json::Other | Json::Array(_) | Json::String(_) | Json::Number(_) | Json::Bool(_)) => {
                Err(ApiError::bad_request("Expected a JSON object"))
            }
            Err(_) => Err(ApiError::bad_request("Malformed JSON in request body")),
        }
    }

    /// [`JsonBody::object`] of a body that may be left out, or have nothing.
    pub(crate) async fn object_if_any(self, keys: &[&'static str]) -> Result<JsonObject, ApiError> {
        if self.0.is_empty() { Ok(JsonObject(Vec::new())) } else { self.members(keys, 0).await }
    }
}

/// The values of the keys that were asked for.
pub(crate) struct JsonObject(Vec<(&'static str, Option<Json>)>);

impl JsonObject {
    fn take(&mut self, key: &str) -> Option<Json> {
        self.0.iter_mut().find(|(known, _)| *known == key).and_then(|(_, value)| value.take())
    }

    /// Names the first of some keys that is not there.
    pub(crate) fn require(&self, keys: &[&str]) -> Result<(), ApiError> {
        let is_missing = |key: &&&str| self.0.iter().all(|(known, value)| known != *key || value.is_none());
        match keys.iter().find(is_missing) {
            Some(missing) => Err(ApiError::bad_request(format!("Expected '{missing}' key"))),
            None => Ok(()),
        }
    }

    /// Whether none of the keys is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_none())
    }

    /// A text that has to be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Result<String, ApiError> {
        string(self.take(key), key)?.ok_or_else(|| not_a_string(key))
    }

    /// A text that may be left out or `null`.
    pub(crate) fn optional(&mut self, key: &'static str) -> Result<Option<String>, ApiError> {
        string(self.take(key), key)
    }

    /// Whether it says `true`; not, if it is left out or `null`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<bool, ApiError> {
        match self.take(key) {
            None | Some(Json::Null) => Ok(false),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(_) => Err(ApiError::bad_request(format!("Expected '{key}' to be true or false"))),
        }
    }

    /// A whole number that is not negative, which may be left out or `null`.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<u64>, ApiError> {
        match self.take(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) => Ok(Some(number)),
            Some(_) => Err(ApiError::bad_request(format!("Expected '{key}' to be a whole number"))),
        }
    }

    /// Texts that may be left out, which are no texts, or be `null`, which is none of them.
    pub(crate) fn strings(&mut self, key: &'static str) -> Result<Option<Vec<String>>, ApiError> {
        let refused = || ApiError::bad_request(format!("Expected '{key}' to be an array of strings"));
        match self.take(key) {
            None => Ok(None),
            Some(Json::Null) => Ok(Some(Vec::new())),
            Some(Json::Array(elements)) => {
                let texts = elements.into_iter().map(|element| match element {
                    Json::String(_) => string(Some(element), key)?.ok_or_else(refused),
                    _ => Err(refused()),
                });
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(refused()),
        }
    }

    /// Whole numbers that are not negative.
    pub(crate) fn numbers(&mut self, key: &'static str) -> Result<Vec<u64>, ApiError> {
        let refused = || ApiError::bad_request(format!("Expected '{key}' to be an array of numbers"));
        let Some(Json::Array(elements)) = self.take(key) else { return Err(refused()) };
        let numbers = elements.into_iter().map(|element| match element {
            Json::Number(number) => Ok(number),
            _ => Err(refused()),
        });
        numbers.collect()
    }

    /// A text that may be left out, which is no text, or be `null`, which is another.
    #[expect(clippy::option_option, reason = "left out, `null` and a text are three things")]
    pub(crate) fn nullable(&mut self, key: &'static str) -> Result<Option<Option<String>>, ApiError> {
        self.take(key).map(|value| string(Some(value), key)).transpose()
    }
}

fn string(value: Option<Json>, key: &str) -> Result<Option<String>, ApiError> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.contains('\0') => {
            Err(ApiError::bad_request(format!("'{key}' must not contain null bytes")))
        }
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(not_a_string(key)),
    }
}

/// A response of `value` as JSON, which is about so many `bytes`.
pub(crate) async fn json(status: StatusCode, value: &impl Serialize, bytes: usize) -> Result<Response, ApiError> {
    Ok(json_document(status, document(value, bytes).await?))
}

/// `value` as JSON, which is about so many `bytes`.
pub(crate) async fn document(value: &impl Serialize, bytes: usize) -> Result<Vec<u8>, Fault> {
    background::long(bytes, || serde_json::to_vec(value)).await.map_err(Fault::failed)
}

/// A response of JSON.
pub(crate) fn json_document(status: StatusCode, json: Vec<u8>) -> Response {
    // What was done is told, also when there is hardly any memory left.
    let json = match memory::hold(json.len()) {
        Ok(permit) => memory::holding(json, permit),
        Err(_) => json.into(),
    };
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

fn missing() -> ApiError {
    ApiError::bad_request("Missing request body")
}

fn not_a_string(key: &str) -> ApiError {
    ApiError::bad_request(format!("Expected '{key}' to be a string"))
}

/// A JSON document, as far as it is of interest.
enum Json {
    /// The values of the keys that are asked for, the last of each, among all members.
    Object {
        members: usize,
        values: Vec<Option<Json>>,
    },
    /// Not more elements than [`MAX_ELEMENTS`], and no arrays among them.
    Array(Vec<Json>),
    String(String),
    Number(u64),
    Bool(bool),
    Null,
    /// Read and dropped.
    Other,
}

/// The most elements of an array that is read.
const MAX_ELEMENTS: usize = 1_000;

fn parse(json: &[u8], keys: &[&str]) -> serde_json::Result<Json> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let parsed = Reader { keys, interest: Interest::None }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(parsed)
}

/// Reads a document. Unlike serde's `IgnoredAny`, what is of no interest has to be something
/// that could be read, too: not too deep, and no number that is none.
#[derive(Clone, Copy)]
struct Reader<'k> {
    /// The keys whose values are of interest, if this is an object.
    keys: &'k [&'k str],
    /// Which texts are of interest.
    interest: Interest,
}

/// Which texts of a value are of interest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interest {
    None,
    /// The value itself.
    Text,
    /// Or, if it is an array, its elements.
    Texts,
}

/// Reads what is of no interest.
const SKIP: Reader<'_> = Reader { keys: &[], interest: Interest::None };

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut values: Vec<Option<Json>> = self.keys.iter().map(|_| None).collect();
        let mut members = 0;
        while let Some(index) = map.next_key_seed(KeyIndex(self.keys))? {
            members += 1;
            match index {
                Some(index) => {
                    values[index] = Some(map.next_value_seed(Reader { keys: &[], interest: Interest::Texts })?);
                }
                None => drop(map.next_value_seed(SKIP)?),
            }
        }
        Ok(Json::Object { members, values })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        if self.interest == Interest::Texts {
            while let Some(element) = sequence.next_element_seed(Reader { keys: &[], interest: Interest::Text })? {
                elements.push(element);
                if elements.len() > MAX_ELEMENTS {
                    break;
                }
            }
            if elements.len() <= MAX_ELEMENTS {
                return Ok(Json::Array(elements));
            }
        }
        while sequence.next_element_seed(SKIP)?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        let is_read = self.interest != Interest::None;
        Ok(if is_read { Json::String(text.to_owned()) } else { Json::Other })
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        // 7.0 is 7 (JSON Schema, 6.1.1). Beyond 32 bits, nothing is of interest.
        let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and within 32 bits")]
        Ok(if is_whole { Json::Number(number as u64) } else { Json::Other })
    }
}

/// Which of the keys a key is.
struct KeyIndex<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for KeyIndex<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIndex<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}
