//! PNG: chunks of a length, a type, data and a checksum (W3C PNG, third edition).

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

use super::stripped::{MAX_PROFILE_BYTES, Stripped, take};

const SIGNATURE_BYTES: usize = 8;

/// What the picture, its colours and its animation consist of.
const NEEDED: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
    b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn strip(mut bytes: &[u8]) -> Option<Stripped> {
    let mut stripped = take(&mut bytes, SIGNATURE_BYTES)?.to_vec();
    let (mut animated, mut exif) = (false, None);
    loop {
        let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
        let chunk = take(&mut bytes, length.checked_add(12)?)?;
        let kind: &[u8; 4] = chunk[4..].first_chunk()?;
        let data = &chunk[8..8 + length];
        if NEEDED.contains(&kind) && (kind != b"iCCP" || is_small_profile(data)) {
            stripped.extend_from_slice(chunk);
        }
        if kind == b"eXIf" {
            exif.get_or_insert(data.to_vec());
        }
        animated |= kind == b"acTL";
        if kind == b"IEND" {
            return Some(Stripped { bytes: stripped, animated, exif });
        }
    }
}

/// Whether a profile is of reasonable size. It is compressed, behind its name and a byte that says
/// how; no more of it is looked at than may be there.
fn is_small_profile(data: &[u8]) -> bool {
    let compressed = data.iter().position(|byte| *byte == 0).and_then(|end| data.get(end + 2..));
    let mut profile = ZlibDecoder::new(compressed.unwrap_or_default()).take(MAX_PROFILE_BYTES as u64 + 1);
    io::copy(&mut profile, &mut io::sink()).is_ok_and(|bytes| bytes <= MAX_PROFILE_BYTES as u64)
}
