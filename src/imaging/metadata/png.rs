//! PNG: chunks of a length, a type, data and a checksum (W3C PNG, third edition).

use super::stripped::{Stripped, take};

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
        if NEEDED.contains(&kind) {
            stripped.extend_from_slice(chunk);
        }
        if kind == b"eXIf" {
            exif.get_or_insert(chunk[8..8 + length].to_vec());
        }
        animated |= kind == b"acTL";
        if kind == b"IEND" {
            return Some(Stripped { bytes: stripped, animated, exif });
        }
    }
}
