//! GIF: a screen, then images and extensions, each of sub-blocks (`GIF89a`).

use super::{Stripped, take};

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;

const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;

/// The applications that say how often an animation repeats.
const LOOPS: [&[u8; 11]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn strip(mut bytes: &[u8]) -> Option<Stripped> {
    let screen = take(&mut bytes, 13)?;
    let mut kept = screen.to_vec();
    kept.extend_from_slice(take(&mut bytes, colours(screen[10]))?);
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
                    kept.extend([EXTENSION, kind]);
                    kept.extend_from_slice(blocks);
                }
            }
            [IMAGE] => {
                let descriptor = take(&mut bytes, 9)?;
                kept.push(IMAGE);
                kept.extend_from_slice(descriptor);
                // The colours of the image, and how many bits its codes have at first.
                kept.extend_from_slice(take(&mut bytes, colours(descriptor[8]) + 1)?);
                kept.extend_from_slice(sub_blocks(&mut bytes)?);
                images += 1;
            }
            [TRAILER] => {
                kept.push(TRAILER);
                return Some(Stripped { bytes: kept, animated: images > 1 });
            }
            _ => return None,
        }
    }
}

/// How many bytes a colour table has that is described by `flags`.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
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
