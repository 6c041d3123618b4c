//! How much memory a WebP takes (RFC 9649).

/// How many bytes it takes to decode two pixels. What comes out, and before that: for a
/// lossless image without alpha, the same with alpha; for a lossy one, luminance and colours;
/// for an animation, the frame and what it is drawn on.
pub(super) fn bytes_of_two_pixels(bytes: &[u8], alpha: bool) -> u64 {
    match (kind(bytes), alpha) {
        (Kind::Lossless, true) => 8,
        (Kind::Lossless, false) => 14,
        (Kind::Lossy, true) => 13,
        (Kind::Lossy, false) => 9,
        (Kind::Animated, _) => 24,
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Lossless,
    Lossy,
    Animated,
}

/// The kind of the first chunk that has pixels.
fn kind(bytes: &[u8]) -> Kind {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let [a, b, c, d, l0, l1, l2, l3, contents @ ..] = rest {
        match &[*a, *b, *c, *d] {
            b"VP8 " => return Kind::Lossy,
            b"VP8L" => return Kind::Lossless,
            b"ANMF" => return Kind::Animated,
            _ => {}
        }
        let length = u64::from(u32::from_le_bytes([*l0, *l1, *l2, *l3])).next_multiple_of(2);
        rest = usize::try_from(length).ok().and_then(|length| contents.get(length..)).unwrap_or_default();
    }
    Kind::Lossless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_webp_is_found_behind_other_chunks() {
        let riff = |chunks: &[u8]| [b"RIFF\0\0\0\0WEBP", chunks].concat();
        assert_eq!(kind(&riff(b"VP8 \0\0\0\0")), Kind::Lossy);
        assert_eq!(kind(&riff(b"ICCP\x03\0\0\0abc\0VP8 \0\0\0\0")), Kind::Lossy);
        assert_eq!(kind(&riff(b"ICCP\x03\0\0\0VP8\0VP8L\0\0\0\0")), Kind::Lossless);
        assert_eq!(kind(&riff(b"VP8X\x02\0\0\0abANMF\0\0\0\0")), Kind::Animated);
        assert_eq!(kind(&riff(b"ICCP\xff\xff\xff\xffVP8 ")), Kind::Lossless);
        assert_eq!(kind(b"RIFF"), Kind::Lossless);
    }
}
