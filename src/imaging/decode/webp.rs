//! How much memory a WebP takes (RFC 9649).

/// Twice the bytes that it takes to decode a pixel: what comes out and, for a lossless one
/// without alpha, the same with alpha before that, or for a lossy one luminance and colours.
pub(super) fn half_bytes_per_pixel(bytes: &[u8], alpha: bool) -> u64 {
    let lossless = bytes.get(12..16) == Some(b"VP8L") || bytes.windows(4).take(4_096).any(|kind| kind == b"VP8L");
    match (lossless, alpha) {
        (true, true) => 8,
        (true, false) => 14,
        (false, true) => 13,
        (false, false) => 9,
    }
}
