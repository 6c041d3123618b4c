//! The write-ahead log beside the file, as [SQLite has it](https://sqlite.org/fileformat2.html#the_write_ahead_log).
//!
//! SQLite takes a log up to the first page that is not what its checksum says, as the last ones may
//! not have got to the disk when a machine lost its power. So a bit that is flipped in the middle would cost everything
//! after it, though it was confirmed, and SQLite would remove the log then.

use std::fs;
use std::io;
use std::path::Path;

use super::sqlite::log_files;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The first four bytes, by the order of bytes in checksums: the last bit says which.
const MAGIC: u32 = 0x377f_0682;

/// The version of the format, in the next four.
const FORMAT: u32 = 3_007_000;

/// How many damaged pages are looked through for the bit that was flipped.
const MAX_LOOKED_THROUGH: usize = 8;

/// Whether more is in the log than SQLite would take: two transactions after what is damaged. The first of
/// them was on the disk before the second began, and so was all before it.
pub(in crate::database::table) fn is_damaged(file: &Path) -> io::Result<bool> {
    let Some(log) = Log::read(file)? else { return Ok(false) };
    let mut damaged = !log.has_header();
    let mut commits = 0;
    for (before, frame) in log.chain() {
        damaged |= !frame.follows(before, log.big_endian) || frame.salt() != log.salt;
        commits += u32::from(damaged && frame.commits());
    }
    Ok(commits >= 2)
}

/// Flips back what single bits can be found, and makes the checksums say what is in the log, so that SQLite takes all
/// of it: a page that is damaged is then one in the file.
pub(super) fn accept(file: &Path) -> io::Result<()> {
    let Some(mut log) = Log::read(file)? else { return Ok(()) };
    for (at, bit) in log.flipped_bits() {
        log.bytes[at] ^= bit;
    }
    let mut before = log.write_header();
    let mut frames = Vec::new();
    for frame in log.frames() {
        before = frame.checksum(before, log.big_endian);
        frames.push((frame.start, before));
    }
    for (start, checksum) in frames {
        log.bytes[start + 8..start + 16].copy_from_slice(&log.salt);
        put(&mut log.bytes, start + 16, checksum[0]);
        put(&mut log.bytes, start + 20, checksum[1]);
    }
    let [path, _] = log_files(file);
    fs::write(&path, &log.bytes)?;
    fs::File::open(&path)?.sync_all()
}

struct Log {
    bytes: Vec<u8>,
    page: usize,
    /// What the frames of this log have in common, and those that are left of one before have not.
    salt: [u8; 8],
    /// The order of bytes in checksums.
    big_endian: bool,
}

/// A page in the log.
struct Frame<'l> {
    bytes: &'l [u8],
    start: usize,
}

impl Log {
    /// The log beside a file; none if there is no frame in it.
    fn read(file: &Path) -> io::Result<Option<Self>> {
        let [path, _] = log_files(file);
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let page = page_size(file)?;
        if bytes.len() < HEADER + FRAME_HEADER + page {
            return Ok(None);
        }
        let big_endian = word(&bytes, 0) & 1 == 1;
        // A log begins anew with a header, behind which the frames of the one before are still there. Only where
        // the header is damaged itself, the frames say what they have in common.
        let begin = if is_header(&bytes, big_endian) { 16 } else { HEADER + 8 };
        let salt = bytes[begin..begin + 8].try_into().map_err(io::Error::other)?;
        Ok(Some(Self { bytes, page, salt, big_endian }))
    }

    fn has_header(&self) -> bool {
        is_header(&self.bytes, self.big_endian) && word(&self.bytes, 8) as usize == self.page
    }

    fn header_checksum(&self) -> [u32; 2] {
        [word(&self.bytes, 24), word(&self.bytes, 28)]
    }

    /// Writes what the header has to say, and returns its checksum.
    fn write_header(&mut self) -> [u32; 2] {
        if self.has_header() {
            return self.header_checksum();
        }
        let page = u32::try_from(self.page).unwrap_or(4_096);
        for (at, number) in [(0, MAGIC | u32::from(self.big_endian)), (4, FORMAT), (8, page)] {
            put(&mut self.bytes, at, number);
        }
        self.bytes[16..24].copy_from_slice(&self.salt);
        let sum = checksum([0, 0], &self.bytes[..24], self.big_endian);
        put(&mut self.bytes, 24, sum[0]);
        put(&mut self.bytes, 28, sum[1]);
        sum
    }

    /// Where single bits are flipped, as far as they can be told: the byte and the bit.
    fn flipped_bits(&self) -> Vec<(usize, u8)> {
        let wrong = self.chain().filter(|(before, frame)| !frame.follows(*before, self.big_endian));
        let wrong = wrong.take(MAX_LOOKED_THROUGH);
        wrong.filter_map(|(before, frame)| frame.flipped_bit(before, self.big_endian)).collect()
    }

    /// The frames, each with the checksum that is recorded before it.
    fn chain(&self) -> impl Iterator<Item = ([u32; 2], Frame<'_>)> {
        self.frames().scan(self.header_checksum(), |recorded, frame| {
            let before = std::mem::replace(recorded, frame.recorded());
            Some((before, frame))
        })
    }

    /// The frames that belong to it. One whose own header is damaged still does if those after it do.
    fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let size = FRAME_HEADER + self.page;
        let frames: Vec<_> = self.bytes[HEADER..].chunks_exact(size).collect();
        let count = frames.iter().rposition(|frame| frame[8..16] == self.salt).map_or(0, |last| last + 1);
        frames
            .into_iter()
            .take(count)
            .enumerate()
            .map(move |(index, bytes)| Frame { bytes, start: HEADER + index * size })
    }
}

impl Frame<'_> {
    fn recorded(&self) -> [u32; 2] {
        [word(self.bytes, 16), word(self.bytes, 20)]
    }

    fn checksum(&self, before: [u32; 2], big_endian: bool) -> [u32; 2] {
        checksum(checksum(before, &self.bytes[..8], big_endian), &self.bytes[FRAME_HEADER..], big_endian)
    }

    /// Whether it is what is recorded behind a frame of the checksum `before`.
    fn follows(&self, before: [u32; 2], big_endian: bool) -> bool {
        self.checksum(before, big_endian) == self.recorded()
    }

    fn salt(&self) -> &[u8] {
        &self.bytes[8..16]
    }

    /// The bit that is flipped, if it is one in what the checksum is of.
    fn flipped_bit(&self, before: [u32; 2], big_endian: bool) -> Option<(usize, u8)> {
        let mut bytes = self.bytes.to_vec();
        let places = (0..8).chain(FRAME_HEADER..bytes.len());
        let mut bits = places.flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)));
        bits.find(|(at, bit)| {
            bytes[*at] ^= bit;
            let frame = Frame { bytes: &bytes, start: self.start };
            let is_right = frame.follows(before, big_endian);
            bytes[*at] ^= bit;
            is_right
        })
        .map(|(at, bit)| (self.start + at, bit))
    }

    /// Whether a transaction ends with it.
    fn commits(&self) -> bool {
        word(self.bytes, 4) > 0
    }
}

/// Whether a log begins with what its checksum says.
fn is_header(bytes: &[u8], big_endian: bool) -> bool {
    let sum = checksum([0, 0], &bytes[..24], big_endian);
    word(bytes, 0) & !1 == MAGIC && [word(bytes, 24), word(bytes, 28)] == sum
}

/// The size of the pages of a file.
fn page_size(file: &Path) -> io::Result<usize> {
    let mut header = [0; 18];
    let is_there = fs::File::open(file).and_then(|mut file| io::Read::read_exact(&mut file, &mut header));
    match is_there {
        Ok(()) => Ok(match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => size.into(),
            _ => 4_096,
        }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(4_096),
        Err(error) => Err(error),
    }
}

/// A number as the log has it.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
}

fn checksum(before: [u32; 2], bytes: &[u8], big_endian: bool) -> [u32; 2] {
    let number = |bytes: &[u8]| {
        let bytes = bytes.first_chunk().copied().unwrap_or_default();
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    bytes.chunks_exact(8).fold(before, |[first, second], pair| {
        let first = first.wrapping_add(number(pair)).wrapping_add(second);
        [first, second.wrapping_add(number(&pair[4..])).wrapping_add(first)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_has_just_begun_anew_is_not_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        for _ in 0..5 {
            connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        }
        let copy = folder.path().join("b.db");
        fs::copy(&file, &copy).unwrap();
        let [log, copied] = [&file, &copy].map(|file| log_files(file)[0].clone());
        let mut bytes = fs::read(log).unwrap();
        let written = |bytes: &[u8]| {
            fs::write(&copied, bytes).unwrap();
            is_damaged(&copy).unwrap()
        };
        assert!(!written(&bytes));
        // The header is written before the first frame.
        bytes[16] ^= 1;
        assert!(written(&bytes));
        let sum = checksum([0, 0], &bytes[..24], word(&bytes, 0) & 1 == 1);
        put(&mut bytes, 24, sum[0]);
        put(&mut bytes, 28, sum[1]);
        assert!(!written(&bytes));
    }
}
