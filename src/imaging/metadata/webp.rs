//! WebP: a RIFF container of chunks, each a type, a length and data (RFC 9649).

use super::stripped::{EXIF_HEADER, MAX_PROFILE_BYTES, Stripped, take};

const NEEDED: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"];

/// The bits of the first byte of `VP8X` that announce EXIF and XMP.
const METADATA_BITS: u8 = 0b1100;

/// The one that announces an ICC profile.
const PROFILE_BIT: u8 = 0b10_0000;

pub(super) fn strip(mut bytes: &[u8]) -> Option<Stripped> {
    let header = take(&mut bytes, 12)?;
    let length = usize::try_from(u32::from_le_bytes(*header[4..].first_chunk()?)).ok()?;
    // What follows the container is not part of the picture.
    let mut bytes = bytes.get(..length.checked_sub(4)?)?;
    let mut stripped = header.to_vec();
    let (mut animated, mut exif, mut announced) = (false, None, None::<usize>);
    while !bytes.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?)).ok()?;
        // Chunks stand on even places; some writers forget the last byte for it.
        let padded = length.checked_add(8)?.next_multiple_of(2);
        let there = padded.min(bytes.len());
        let mut chunk = take(&mut bytes, there)?.to_vec();
        if there < length + 8 {
            return None;
        }
        chunk.resize(padded, 0);
        let kind: [u8; 4] = *chunk.first_chunk()?;
        if &kind == b"EXIF" {
            let found = &chunk[8..8 + length];
            exif.get_or_insert(found.strip_prefix(EXIF_HEADER).unwrap_or(found).to_vec());
        }
        animated |= &kind == b"ANMF";
        if &kind == b"VP8X" && length > 0 {
            announced = Some(stripped.len() + 8);
            chunk[8] &= !METADATA_BITS;
        }
        if &kind == b"ICCP" && length > MAX_PROFILE_BYTES {
            if let Some(flags) = announced {
                stripped[flags] &= !PROFILE_BIT;
            }
            continue;
        }
        if NEEDED.contains(&&kind) {
            stripped.extend(chunk);
        }
    }
    let length = u32::try_from(stripped.len() - 8).ok()?;
    stripped[4..8].copy_from_slice(&length.to_le_bytes());
    Some(Stripped { bytes: stripped, animated, exif })
}
