//! What a JPEG says before its pixels (ITU-T T.81, annex B).

/// How an ICC profile begins in a segment (ICC.1:2022, B.4); the number of the segment and how many
/// there are follow.
const PROFILE: &[u8] = b"ICC_PROFILE\0";

/// What the headers of a frame and of its first scan say (B.2.2 and B.2.3), and what comes before.
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    /// How many components it has.
    pub(super) components: u8,
    /// Whether its coefficients come in several passes, and are all held until the last: it
    /// is progressive, or has its components one after the other.
    in_passes: bool,
    /// How many coefficients it has for each pixel, in sixteenths.
    coefficients: u64,
    /// Whether Adobe's segment is there: inks are stored as what they leave of the light.
    pub(super) adobe: bool,
    /// The segments of its ICC profile, by their number.
    profile: Vec<(u8, Vec<u8>)>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(2..)?;
        let (mut frame, mut adobe, mut profile) = (None::<Self>, false, Vec::new());
        loop {
            let [0xff, marker, high, low, ..] = *rest else { return None };
            let segment = rest.get(2..2 + usize::from(u16::from_be_bytes([high, low])))?;
            match marker {
                0xc0..=0xc2 if frame.is_none() => frame = Some(Self::of_segment(marker, segment)?),
                // Tables, and what is reserved.
                0xc4 | 0xc8 | 0xcc => {}
                // Frames of other kinds, such as lossless ones, are decoded in ways of their own.
                0xc0..=0xcf => return None,
                0xda => {
                    let (frame, of_scan) = (frame?, *segment.get(2)?);
                    profile.sort();
                    let in_passes = frame.in_passes || of_scan < frame.components;
                    return Some(Self { in_passes, adobe, profile, ..frame });
                }
                0xe2 => {
                    if let Some([number, _, part @ ..]) = segment.get(2..).and_then(|it| it.strip_prefix(PROFILE)) {
                        profile.push((*number, part.to_vec()));
                    }
                }
                0xee => adobe |= segment.get(2..).is_some_and(|it| it.starts_with(b"Adobe")),
                _ => {}
            }
            rest = rest.get(2 + segment.len()..)?;
        }
    }

    fn of_segment(marker: u8, segment: &[u8]) -> Option<Self> {
        let [_, _, _, y1, y2, x1, x2, components, sampling @ ..] = segment else { return None };
        let sampling = sampling.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
        let areas: Vec<u64> = sampling.map(|(h, v)| u64::from(h) * u64::from(v)).collect();
        let largest = areas.iter().copied().max().filter(|area| *area > 0)?;
        Some(Self {
            width: u16::from_be_bytes([*x1, *x2]).into(),
            height: u16::from_be_bytes([*y1, *y2]).into(),
            components: *components,
            in_passes: marker == 0xc2,
            coefficients: areas.iter().sum::<u64>() * 16 / largest,
            adobe: false,
            profile: Vec::new(),
        })
    }

    /// How many bytes it takes to decode so many eighths of its width and height, where a pixel
    /// takes so many.
    pub(super) fn memory(&self, eighths: u64, pixel_bytes: u64) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let coefficients = if self.in_passes { pixels * self.coefficients * 2 / 16 } else { 0 };
        coefficients + pixels * eighths * eighths / 64 * pixel_bytes
    }

    /// Its ICC profile.
    pub(super) fn profile(&self) -> Option<Vec<u8>> {
        (!self.profile.is_empty()).then(|| self.profile.iter().flat_map(|(_, part)| part).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 16 by 8 pixels with three components, and the header of a scan of so many.
    fn jpeg(frame: u8, of_scan: u8) -> Vec<u8> {
        let frame = [0xff, frame, 0, 17, 8, 0, 8, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        let comment = [0xff, 0xfe, 0, 4, 0xff, 0xc2];
        let second = b"\xff\xe2\0\x11ICC_PROFILE\0\x02\x02b";
        let first = b"\xff\xe2\0\x12ICC_PROFILE\0\x01\x02aa";
        let tables = [0xff, 0xc4, 0, 3, 0];
        let scan = [0xff, 0xda, 0, 6, of_scan, 0, 0, 0];
        [&[0xff, 0xd8][..], &comment, second, first, &frame, &tables, &scan].concat()
    }

    #[test]
    fn what_is_held_until_the_last_pass_is_counted() {
        let memory = |frame, of_scan| Header::read(&jpeg(frame, of_scan)).unwrap().memory(8, 3);
        assert_eq!(memory(0xc0, 3), 16 * 8 * 3);
        // Luminance, and colours of a quarter of its resolution, in two bytes each.
        assert_eq!(memory(0xc2, 3), 16 * 8 * 3 + 16 * 8 * 3);
        assert_eq!(memory(0xc0, 1), memory(0xc2, 3), "components one after the other");
        assert!(Header::read(&jpeg(0xc3, 3)).is_none(), "lossless");
        assert!(Header::read(&jpeg(0xc0, 3)[..30]).is_none(), "no scan");
    }

    #[test]
    fn a_profile_is_put_together_in_its_order() {
        assert_eq!(Header::read(&jpeg(0xc0, 3)).unwrap().profile().unwrap(), b"aab");
    }
}
