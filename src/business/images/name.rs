//! What images are called.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::business::Username;
use crate::imaging::Format;

/// The most characters that an image keeps of the name of its file.
const MAX_STEM: usize = 100;

/// The name of an image: `<stem>_<id>.<extension>`, such as
/// `my_cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    upload: PendingUpload,
    format: Format,
    /// `jpeg` where the author's own file is called so.
    extension: String,
}

/// An image before it is known what it is encoded as: `<stem>_<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUpload {
    stem: String,
    id: Uuid,
}

/// No image can have this name.
#[derive(Debug, thiserror::Error)]
#[error("invalid name of an image")]
pub struct InvalidImageName;

impl ImageName {
    /// The name that a file called `name` gets as an image of `format`.
    pub(super) fn new(name: &str, format: Format) -> Self {
        let mut file = Self::of_upload(PendingUpload::new(name), format);
        let own = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        if let Some(own) = own.filter(|own| Format::of_extension(own) == Some(format)) {
            file.extension = own;
        }
        file
    }

    pub(super) fn of_upload(upload: PendingUpload, format: Format) -> Self {
        Self { upload, format, extension: format.extension().to_owned() }
    }

    /// What no other image has; later images have higher ones.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.upload.id
    }

    /// What it is encoded as.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }
}

impl PendingUpload {
    /// Letters and digits of the name without its extension, accents folded away,
    /// spaces as `_`, lower case. A name without any of them becomes `image`.
    pub(super) fn new(name: &str) -> Self {
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let allowed = |c: char| match c {
            ' ' => Some('_'),
            c if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
            _ => None,
        };
        let mut stem: String = stem.trim().nfkd().filter_map(allowed).take(MAX_STEM).collect();
        if stem.is_empty() {
            stem.push_str("image");
        }
        Self { stem, id: Uuid::now_v7() }
    }

    /// The id of the image that it becomes.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }
}

impl fmt::Display for PendingUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.stem, self.id)
    }
}

impl FromStr for PendingUpload {
    type Err = InvalidImageName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (stem, id) = text.rsplit_once('_').ok_or(InvalidImageName)?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let id = Uuid::parse_str(id).map_err(|_| InvalidImageName)?;
        let upload = Self { stem: stem.to_owned(), id };
        // A UUID can be written in several ways; ours is one.
        let ours = (1..=MAX_STEM).contains(&stem.len()) && stem.bytes().all(allowed) && upload.to_string() == text;
        if ours { Ok(upload) } else { Err(InvalidImageName) }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.upload, self.extension)
    }
}

impl FromStr for ImageName {
    type Err = InvalidImageName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (upload, extension) = text.rsplit_once('.').ok_or(InvalidImageName)?;
        let format = Format::of_extension(extension).ok_or(InvalidImageName)?;
        Ok(Self { upload: upload.parse()?, format, extension: extension.to_owned() })
    }
}

/// Where an image is found: `<API base URL>/v1/users/<username>/images/<file>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAddress {
    /// Whose it is.
    pub username: Username,
    /// Its name.
    pub file: ImageName,
}

impl ImageAddress {
    /// The image that `url` leads to, if it is one of this API and of full size.
    #[must_use]
    pub fn parse(url: &str, api_base_url: &str) -> Option<Self> {
        let path = url.strip_prefix(api_base_url)?.strip_prefix("/v1/users/")?;
        let (username, file) = path.split_once("/images/")?;
        Some(Self { username: username.parse().ok()?, file: file.parse().ok()? })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self, api_base_url: &str) -> String {
        format!("{api_base_url}/v1/users/{}/images/{}", self.username, self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(name: &str) -> String {
        PendingUpload::new(name).stem
    }

    #[test]
    fn a_name_keeps_letters_and_digits() {
        assert_eq!(stem("My Cat (1).JPG"), "my_cat_1");
        assert_eq!(stem("Räksmörgås.png"), "raksmorgas");
        assert_eq!(stem("archive.tar.gz"), "archivetar");
        assert_eq!(stem("C:\\photos\\cat.png"), "cat");
        assert_eq!(stem("../../etc/passwd"), "passwd");
        for empty in ["", ".png", "日本.png", "   .gif"] {
            assert_eq!(stem(empty), "image", "{empty:?}");
        }
        assert_eq!(stem(&"x".repeat(5_000)).len(), MAX_STEM);
    }

    #[test]
    fn an_extension_is_that_of_the_content() {
        let extension = |name, format| ImageName::new(name, format).extension;
        assert_eq!(extension("a.jpeg", Format::Jpeg), "jpeg");
        assert_eq!(extension("a.JPG", Format::Jpeg), "jpg");
        assert_eq!(extension("a.png", Format::Jpeg), "jpg");
        assert_eq!(extension("a.exe", Format::WebP), "webp");
        assert_eq!(extension("a", Format::Gif), "gif");
    }

    #[test]
    fn a_name_survives_being_read_and_nothing_else_is_one() {
        let file = ImageName::new("My cat.jpeg", Format::Jpeg);
        assert_eq!(file.to_string().parse::<ImageName>().unwrap(), file);
        let id = "01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1";
        assert!(format!("a_{id}.png").parse::<ImageName>().is_ok());
        for bad in [
            String::new(),
            format!("{id}.png"),
            format!("_{id}.png"),
            format!("a_{id}"),
            format!("a_{id}.svg"),
            format!("A_{id}.png"),
            format!("a/b_{id}.png"),
            format!("../a_{id}.png"),
            format!("a_{}.png", id.to_uppercase()),
            format!("a_{}.png", id.replace('-', "")),
        ] {
            assert!(bad.parse::<ImageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_ours_or_none() {
        let base = "https://api.talel.io";
        let url = format!("{base}/v1/users/Ada/images/a_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.png");
        assert_eq!(ImageAddress::parse(&url, base).unwrap().url(base), url);
        assert_eq!(ImageAddress::parse(&url, "https://api.talel.i"), None);
        assert_eq!(ImageAddress::parse(&format!("{url}?width=320"), base), None);
        assert_eq!(ImageAddress::parse("https://example.com/a.png", base), None);
    }
}
