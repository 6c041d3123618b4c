//! PNG: read row by row, and shrunk on the way.

use std::io::Cursor;

use fast_image_resize::images::Image as Raster;
use png::{Decoder, Limits, Reader, Transformations};

use super::decoded::{Decoded, Samples, check_size};
use super::whole;
use crate::imaging::colours;
use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::format::Format;
use crate::imaging::memory::Memory;

/// The most bytes that anything beside the pixels takes, such as an ICC profile when it is
/// uncompressed. What is larger is ignored.
const MAX_EXTRA_BYTES: usize = 4 << 20;

fn open(bytes: &[u8]) -> Result<Reader<Cursor<&[u8]>>, ImagingError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_EXTRA_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let reader = decoder.read_info().map_err(|_| ImagingError::Undecodable)?;
    check_size(reader.info().width, reader.info().height)?;
    Ok(reader)
}

/// Reads all rows of an image.
pub(super) fn check(bytes: &[u8], memory: &Memory<'_>) -> Result<(u32, u32), ImagingError> {
    let mut reader = open(bytes)?;
    if reader.info().interlaced {
        // It will be shown as a whole.
        whole::check(bytes, Format::Png, memory)?;
    }
    while reader.next_row().map_err(|_| ImagingError::Undecodable)?.is_some() {}
    Ok((reader.info().width, reader.info().height))
}

/// The pixels of an image, of which as many become one as leave it at least twice this width,
/// or as have to with this memory.
pub(super) fn decode(bytes: &[u8], width: u32, memory: &Memory<'_>) -> Result<Decoded, ImagingError> {
    let mut reader = open(bytes)?;
    let info = reader.info();
    let profile = colours::of_png(info);
    if info.interlaced {
        // Its rows come in seven passes, and only the last one has all of them.
        return Ok(Decoded { profile, ..whole::decode(bytes, Format::Png, memory)? });
    }
    let (full_width, full_height) = (info.width, info.height);
    let row_samples = reader.output_color_type().0.samples();
    let samples = if row_samples % 2 == 0 { Samples::Rgba } else { Samples::Rgb };
    let channels = samples.pixel_type().size();
    let bytes_at = |factor: u32| u64::from(full_width / factor) * u64::from(full_height / factor) * channels as u64;
    let mut factor = (full_width / (2 * width)).clamp(1, full_height);
    while bytes_at(factor) > memory.max && factor < full_width.min(full_height) {
        factor += 1;
    }
    memory.take(bytes_at(factor))?;
    let mut shrunk = Shrunk::new(full_width, full_height, factor, channels);
    while let Some(row) = reader.next_row().map_err(|_| ImagingError::Undecodable)? {
        shrunk.add(row.data(), row_samples);
    }
    Ok(Decoded { raster: shrunk.finish(samples)?, samples, profile })
}

/// An image of which squares of pixels become one.
struct Shrunk {
    factor: usize,
    channels: usize,
    width: u32,
    height: u32,
    /// The sums of the row at hand, colours weighted by their alpha.
    sums: Vec<u64>,
    rows: usize,
    pixels: Vec<u8>,
}

impl Shrunk {
    fn new(width: u32, height: u32, factor: u32, channels: usize) -> Self {
        let (width, height) = (width / factor, height / factor);
        let row = width as usize * channels;
        Self {
            factor: factor as usize,
            channels,
            width,
            height,
            sums: vec![0; row],
            rows: 0,
            pixels: Vec::with_capacity(row * height as usize),
        }
    }

    /// Adds a row of pixels of so many samples.
    fn add(&mut self, row: &[u8], samples: usize) {
        let has_alpha = self.channels == 4;
        let squares = self.sums.chunks_exact_mut(self.channels);
        for (sums, pixels) in squares.zip(row.chunks_exact(samples * self.factor)) {
            for pixel in pixels.chunks_exact(samples) {
                let alpha = if has_alpha { u64::from(pixel[samples - 1]) } else { 1 };
                for (channel, sum) in sums[..3].iter_mut().enumerate() {
                    let sample = if samples < 3 { pixel[0] } else { pixel[channel] };
                    *sum += u64::from(sample) * alpha;
                }
                if has_alpha {
                    sums[3] += alpha;
                }
            }
        }
        self.rows += 1;
        if self.rows == self.factor {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        if self.pixels.len() == self.pixels.capacity() {
            return;
        }
        let area = (self.factor * self.factor) as u64;
        let mean = |sum: u64, weight: u64| u8::try_from((sum + weight / 2) / weight.max(1)).unwrap_or(u8::MAX);
        for sums in self.sums.chunks_exact_mut(self.channels) {
            let weight = if self.channels == 4 { sums[3] } else { area };
            self.pixels.extend(sums[..3].iter().map(|sum| mean(*sum, weight)));
            self.pixels.extend(sums.get(3).map(|alpha| mean(*alpha, area)));
            sums.fill(0);
        }
        self.rows = 0;
    }

    fn finish(self, samples: Samples) -> Result<Raster<'static>, ImagingError> {
        Raster::from_vec_u8(self.width, self.height, self.pixels, samples.pixel_type()).map_err(encoding)
    }
}
