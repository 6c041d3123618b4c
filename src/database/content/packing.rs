//! What an author wrote, as it is stored: one compressed document, cut into
//! parts that fit DynamoDB's items.
//!
//! The document is JSON under zstd, with its checksum, after a byte that names this format. The
//! HTML repeats most of the Markdown, so compressing them together costs little
//! more than the Markdown alone.

use std::io::Read;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::business::{Fault, background, memory};

/// The first byte of a document in the format that is written now.
const ZSTD_JSON: u8 = 1;

/// zstd's own default, the middle of its range of speed and size.
const LEVEL: i32 = 3;

/// The most bytes of a part: an item has at most 400 KB (409,600 bytes), keys
/// and names included.
const PART_BYTES: usize = 380_000;

/// The most bytes of a document: a transaction writes at most 4 MB.
const MAX_BYTES: usize = 3_500_000;

/// A document, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// What the items hold, in order; at least one.
    pub parts: Vec<Vec<u8>>,
    /// The length of the document before it was compressed.
    pub bytes: usize,
}

/// Compresses and cuts a document. None if it is too large to be stored.
///
/// # Errors
/// [`Fault`] when it cannot be written as JSON.
pub fn pack(content: &impl Serialize) -> Result<Option<Packed>, Fault> {
    let json = serde_json::to_vec(content).map_err(Fault::failed)?;
    let mut document = vec![ZSTD_JSON];
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(Fault::failed)?;
    compressor.include_checksum(true).map_err(Fault::failed)?;
    // Says how many bytes it had, too.
    document.extend(compressor.compress(&json).map_err(Fault::failed)?);
    if document.len() > MAX_BYTES {
        return Ok(None);
    }
    Ok(Some(Packed { parts: document.chunks(PART_BYTES).map(<[u8]>::to_vec).collect(), bytes: json.len() }))
}

/// [`pack`] on a thread of its own, which hands the document back.
pub(in crate::database) async fn pack_off_thread<T: Serialize + Send + 'static>(
    content: T,
) -> Result<(T, Option<Packed>), Fault> {
    let work = move || pack(&content).map(|packed| (content, packed));
    spawn_blocking(work).await.map_err(Fault::failed)?
}

/// How much memory a document takes beside what is read from it, until that is sent: as
/// JSON, here and in the response, whose buffer grows.
const MEMORY_FACTOR: usize = 4;

/// Reserves the memory that it takes to unpack documents of this many bytes and to send what
/// they say.
///
/// # Errors
/// [`Fault::Busy`] when it is not there.
pub(in crate::database) fn reserve(bytes: usize) -> Result<(), Fault> {
    memory::reserve(MEMORY_FACTOR * bytes)
}

/// Puts the parts of a document together again.
///
/// # Errors
/// [`Fault`] when they are not the parts of one, or of a format that is not known here.
pub fn unpack<T: DeserializeOwned>(parts: &[Vec<u8>]) -> Result<T, Fault> {
    serde_json::from_slice(&decompress(parts, |_| Ok(()))?).map_err(Fault::failed)
}

/// [`unpack`] of documents of so many `bytes` together, for which memory is reserved.
pub(super) async fn unpack_all<T: DeserializeOwned>(
    documents: impl Iterator<Item = &Vec<Vec<u8>>>,
    bytes: usize,
) -> Result<Vec<Result<T, Fault>>, Fault> {
    background::long(bytes, || Ok(documents.map(|parts| unpack(parts)).collect())).await
}

/// [`unpack`] of a document whose length is not known: reserves memory as it goes, and says
/// how many bytes it had.
pub(in crate::database) async fn unpack_reserving<T: DeserializeOwned>(parts: &[Vec<u8>]) -> Result<(T, usize), Fault> {
    let bytes = uncompressed_bytes(parts);
    let work = || {
        let json = decompress(parts, reserve)?;
        Ok((serde_json::from_slice(&json).map_err(Fault::failed)?, json.len()))
    };
    background::long(bytes, work).await
}

/// How many bytes a document has, as it says itself or, if it does not, roughly.
fn uncompressed_bytes(parts: &[Vec<u8>]) -> usize {
    let said = parts.first().and_then(|part| zstd::zstd_safe::get_frame_content_size(part.get(1..)?).ok()?);
    said.and_then(|bytes| bytes.try_into().ok()).unwrap_or_else(|| 16 * parts.iter().map(Vec::len).sum::<usize>())
}

/// The document as it was before it was compressed. `more` is told of all bytes before they
/// come.
fn decompress(parts: &[Vec<u8>], more: impl Fn(usize) -> Result<(), Fault>) -> Result<Vec<u8>, Fault> {
    const STEP: usize = 16 << 10;
    let document = parts.concat();
    let Some((&ZSTD_JSON, compressed)) = document.split_first() else {
        return Err(Fault::failed("something is stored in an unknown format"));
    };
    let mut decoder = zstd::Decoder::new(compressed).map_err(Fault::failed)?;
    let mut json = Vec::new();
    loop {
        more(STEP)?;
        if decoder.by_ref().take(STEP as u64).read_to_end(&mut json).map_err(Fault::failed)? < STEP {
            return Ok(json);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::business::Text;

    fn content(body: String) -> Text {
        Text { html: body.clone(), body, table_of_contents: String::new(), renderer: 1 }
    }

    /// Text that does not compress to less than three quarters.
    fn noise(bytes: usize) -> String {
        (0..bytes).map(|_| char::from(rand::random_range(b'#'..b'~'))).collect()
    }

    proptest! {
        #[test]
        fn a_document_survives_packing(body in any::<String>()) {
            let content = content(body);
            let packed = pack(&content).unwrap().unwrap();
            prop_assert_eq!(unpack::<Text>(&packed.parts).unwrap(), content);
        }
    }

    #[test]
    fn a_long_document_takes_several_items_and_a_huge_one_is_refused() {
        let long = content(noise(1_000_000));
        let packed = pack(&long).unwrap().unwrap();
        assert!(packed.parts.len() > 1 && packed.parts.iter().all(|part| part.len() <= PART_BYTES));
        assert_eq!(unpack::<Text>(&packed.parts).unwrap(), long);
        assert_eq!(pack(&content(noise(5_000_000))).unwrap(), None);
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read() {
        let stored = content("Some words, and some words again. ".repeat(8));
        let part = pack(&stored).unwrap().unwrap().parts.remove(0);
        for bit in 0..8 * part.len() {
            let mut damaged = part.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let read = unpack::<Text>(&[damaged]);
            assert!(read.is_err() || read.is_ok_and(|read| read == stored), "bit {bit}");
        }
    }

    #[test]
    fn an_unknown_format_is_a_fault() {
        assert!(unpack::<Text>(&[]).is_err());
        assert!(unpack::<Text>(&[vec![2, 3]]).is_err());
        assert!(unpack::<Text>(&[vec![ZSTD_JSON, 3]]).is_err());
    }
}
