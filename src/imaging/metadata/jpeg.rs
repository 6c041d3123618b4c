//! JPEG: segments of a marker, a length and contents, and entropy-coded scans
//! (ITU-T T.81, annex B).

use super::stripped::{EXIF_HEADER, MAX_PROFILE_BYTES, Stripped, take};

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APPLICATION_1: u8 = 0xe1;
const APPLICATION_2: u8 = 0xe2;

/// The most scans of an image, each of which takes as long as the image is large. Progressive
/// ones have about ten.
const MAX_SCANS: usize = 100;

/// How each segment of an ICC profile begins.
const PROFILE: &[u8] = b"ICC_PROFILE\0";

/// A JFIF header without a thumbnail, its length included.
const JFIF_BYTES: usize = 16;

pub(super) fn strip(bytes: &[u8]) -> Option<Stripped> {
    let (stripped, profile_bytes) = copy(bytes, true)?;
    if profile_bytes <= MAX_PROFILE_BYTES { Some(stripped) } else { copy(bytes, false).map(|(stripped, _)| stripped) }
}

/// What is needed, and the bytes of its profile, with or without which it comes.
fn copy(mut bytes: &[u8], with_profile: bool) -> Option<(Stripped, usize)> {
    let mut stripped = take(&mut bytes, 2).filter(|start| *start == [0xff, START_OF_IMAGE])?.to_vec();
    let (mut exif, mut scans, mut profile_bytes) = (None, 0, 0);
    loop {
        let marker = marker(&mut bytes)?;
        if marker == END_OF_IMAGE {
            stripped.extend([0xff, END_OF_IMAGE]);
            return Some((Stripped { bytes: stripped, animated: false, exif }, profile_bytes));
        }
        let length = bytes.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))?;
        let segment = take(&mut bytes, length.max(2))?;
        let profile = marker == APPLICATION_2 && segment[2..].starts_with(PROFILE);
        if profile {
            profile_bytes += segment.len();
        }
        if is_needed(marker, segment) || (profile && with_profile) {
            stripped.extend([0xff, marker]);
            stripped.extend_from_slice(segment);
        }
        if marker == APPLICATION_1
            && let Some(found) = segment[2..].strip_prefix(EXIF_HEADER)
        {
            exif.get_or_insert(found.to_vec());
        }
        if marker == START_OF_SCAN {
            scans += 1;
            if scans > MAX_SCANS {
                return None;
            }
            let length = scan_length(bytes);
            stripped.extend_from_slice(take(&mut bytes, length)?);
        }
    }
}

/// The next marker; any number of bytes 0xff may come before one.
fn marker(bytes: &mut &[u8]) -> Option<u8> {
    if take(bytes, 1)? != [0xff] {
        return None;
    }
    loop {
        match take(bytes, 1)? {
            [0xff] => {}
            [marker] => return Some(*marker),
            _ => return None,
        }
    }
}

/// How long a scan is: up to a marker that is neither a stuffed byte nor a restart.
fn scan_length(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    bytes.windows(2).position(ends).unwrap_or(bytes.len())
}

fn is_needed(marker: u8, segment: &[u8]) -> bool {
    let contents = &segment[2..];
    match marker {
        // Frames, scans, tables, restart intervals and line counts.
        0xc0..=0xcf | START_OF_SCAN..=0xdd => true,
        // JFIF; one with a thumbnail is longer.
        0xe0 => contents.starts_with(b"JFIF\0") && segment.len() == JFIF_BYTES,
        // What the colours mean.
        0xee => contents.starts_with(b"Adobe"),
        _ => false,
    }
}
