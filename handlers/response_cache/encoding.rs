//! Content codings: responses compressed for those who accept it (RFC 9110, section 12.5.3).

use std::io::Write;

use axum::body::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use talelio::business::{Fault, memory};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;

use crate::http::conditional::accepted;

/// How a response can be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Encoding {
    Gzip,
    /// Shorter, so it goes first.
    Brotli,
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        match name {
            name if name.eq_ignore_ascii_case("br") => Some(Self::Brotli),
            name if name.eq_ignore_ascii_case("gzip") => Some(Self::Gzip),
            _ => None,
        }
    }

    pub(super) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        })
    }
}

/// Which responses are compressed, by their length: a shorter one fits in a packet as it
/// is, a longer one would take a core for a while.
const COMPRESSIBLE_BYTES: std::ops::RangeInclusive<usize> = 1_024..=4 << 20;

/// Brotli's middle: a tenth shorter than gzip in about the same time.
const BROTLI_QUALITY: i32 = 5;

/// Brotli's window as a power of two: 256 KiB, longer than most responses, for little memory.
const BROTLI_WINDOW: i32 = 18;

/// One at a time: the others of the cores are for readers.
static COMPRESSING: Semaphore = Semaphore::const_new(1);

/// The best encoding that an `Accept-Encoding` names.
pub(super) fn preferred<'h>(headers: impl Iterator<Item = &'h HeaderValue>) -> Option<Encoding> {
    accepted(headers).filter_map(Encoding::named).max()
}

/// What whoever compresses something holds; none while somebody else does.
pub(super) fn permit() -> Option<SemaphorePermit<'static>> {
    COMPRESSING.try_acquire().ok()
}

/// `plain` in an encoding, off the async threads; none if that is not half as long.
pub(super) async fn compressed(
    plain: Bytes,
    encoding: Encoding,
    permit: SemaphorePermit<'static>,
) -> Result<Option<Bytes>, Fault> {
    if !COMPRESSIBLE_BYTES.contains(&plain.len()) {
        return Ok(None);
    }
    let work = move || {
        let _permit = permit;
        let compressed = compress(&plain, encoding)?;
        Ok::<_, std::io::Error>(Some(compressed).filter(|compressed| 2 * compressed.len() <= plain.len()))
    };
    let compressed = spawn_blocking(work).await.map_err(Fault::failed)?.map_err(Fault::failed)?;
    // It may be sent for longer than it is cached.
    compressed.map(|compressed| memory::held(compressed.into_boxed_slice())).transpose()
}

fn compress(plain: &[u8], encoding: Encoding) -> std::io::Result<Vec<u8>> {
    match encoding {
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Encoding::Brotli => {
            let parameters = BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                lgwin: BROTLI_WINDOW,
                size_hint: plain.len(),
                ..BrotliEncoderParams::default()
            };
            let mut compressed = Vec::new();
            brotli::BrotliCompress(&mut &*plain, &mut compressed, &parameters)?;
            Ok(compressed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_encoding_is_preferred_among_those_accepted() {
        let preferred = |accept| preferred([HeaderValue::from_static(accept)].iter());
        assert_eq!(preferred("gzip, deflate, br, zstd"), Some(Encoding::Brotli));
        assert_eq!(preferred("GZIP;q=0.5, br;q=0"), Some(Encoding::Gzip));
        assert_eq!(preferred("gzip; q=0.000, identity, *"), None);
        assert_eq!(super::preferred([].iter()), None);
    }
}
