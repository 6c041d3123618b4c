//! How much memory a WebP takes (RFC 9649).

/// Twice the bytes that it takes to decode a pixel: what comes out and, for a lossless one
/// without alpha, the same with alpha before that, or for a lossy one luminance and colours.
pub(super) fn half_bytes_per_pixel(bytes: &[u8], alpha: bool) -> u64 {
    match (is_lossy(bytes), alpha) {
        (false, true) => 8,
        (false, false) => 14,
        (true, true) => 13,
        (true, false) => 9,
    }
}

/// Whether its pixels are in a chunk of the lossy kind. Those of an animation may be in any.
fn is_lossy(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let [a, b, c, d, l0, l1, l2, l3, contents @ ..] = rest {
        match &[*a, *b, *c, *d] {
            b"VP8 " => return true,
            b"VP8L" | b"ANMF" => return false,
            _ => {}
        }
        let length = u64::from(u32::from_le_bytes([*l0, *l1, *l2, *l3])).next_multiple_of(2);
        rest = usize::try_from(length).ok().and_then(|length| contents.get(length..)).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_webp_is_found_behind_other_chunks() {
        let riff = |chunks: &[u8]| [b"RIFF\0\0\0\0WEBP", chunks].concat();
        assert!(is_lossy(&riff(b"VP8 \0\0\0\0")));
        assert!(is_lossy(&riff(b"ICCP\x03\0\0\0abc\0VP8 \0\0\0\0")));
        assert!(!is_lossy(&riff(b"ICCP\x03\0\0\0VP8\0VP8L\0\0\0\0")));
        assert!(!is_lossy(&riff(b"ICCP\xff\xff\xff\xffVP8 ")) && !is_lossy(b"RIFF"));
    }
}
