//! GIF: a screen, then images and extensions, each of sub-blocks (`GIF89a`).

use super::stripped::{Stripped, take};

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;

/// The bit of a screen or an image that says that a table of colours follows it.
const TABLE: u8 = 0x80;

const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;

/// The applications that say how often an animation repeats.
const LOOPS: [&[u8; 11]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn strip(mut bytes: &[u8]) -> Option<Stripped> {
    let screen = take(&mut bytes, 13)?;
    let mut stripped = screen.to_vec();
    stripped.extend_from_slice(take(&mut bytes, colours(screen[10]))?);
    let has_colours = colours(screen[10]) > 0;
    let mut images = 0_usize;
    loop {
        // Some writers forget the trailer.
        let block = take(&mut bytes, 1).or((images > 0).then_some(&[TRAILER][..]))?;
        match block {
            [EXTENSION] => {
                let kind = take(&mut bytes, 1)?[0];
                let blocks = sub_blocks(&mut bytes)?;
                let repeats = kind == APPLICATION && blocks.get(1..12).is_some_and(|a| LOOPS.iter().any(|l| a == *l));
                if kind == GRAPHIC_CONTROL || repeats {
                    stripped.extend([EXTENSION, kind]);
                    stripped.extend_from_slice(blocks);
                }
            }
            [IMAGE] => {
                let mut descriptor = *take(&mut bytes, 9)?.first_chunk::<9>()?;
                let mut colours = take(&mut bytes, colours(descriptor[8]))?.to_vec();
                let code_bits = take(&mut bytes, 1)?[0];
                if !has_colours && colours.is_empty() {
                    colours = shades(code_bits)?;
                    descriptor[8] |= TABLE | (code_bits - 1);
                }
                stripped.push(IMAGE);
                stripped.extend_from_slice(&descriptor);
                stripped.extend_from_slice(&colours);
                stripped.push(code_bits);
                stripped.extend_from_slice(sub_blocks(&mut bytes)?);
                images += 1;
            }
            [TRAILER] => {
                stripped.push(TRAILER);
                return Some(Stripped { bytes: stripped, animated: images > 1, exif: None });
            }
            _ => return None,
        }
    }
}

/// Colours for an image that has none, as single pixels on the web do: the format
/// leaves them to whoever shows it, and decoders differ. Black to white.
fn shades(code_bits: u8) -> Option<Vec<u8>> {
    let count = (1..=8).contains(&code_bits).then(|| 1_u32 << code_bits)?;
    let shade = |index: u32| u8::try_from(index * 255 / (count - 1)).unwrap_or(u8::MAX);
    Some((0..count).flat_map(|index| [shade(index); 3]).collect())
}

/// How many bytes a colour table has that is described by `flags`.
fn colours(flags: u8) -> usize {
    if flags & TABLE == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Blocks of a length and data up to the empty one, with it.
fn sub_blocks<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let mut length = 0;
    loop {
        let block = usize::from(*bytes.get(length)?);
        length += block + 1;
        if block == 0 {
            return take(bytes, length);
        }
    }
}
