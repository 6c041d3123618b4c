//! Turning a picture the way up that EXIF asks for.

use fast_image_resize::images::Image as Raster;
use image::metadata::Orientation;

/// An image as it looks when it is turned. It has no pixels of its own.
pub(super) struct Turned<'r> {
    raster: &'r Raster<'static>,
    orientation: Orientation,
}

impl<'r> Turned<'r> {
    pub(super) fn new(raster: &'r Raster<'static>, orientation: Orientation) -> Self {
        Self { raster, orientation }
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        let (width, height) = (self.raster.width(), self.raster.height());
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }

    /// Its rows of samples, from the top.
    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<u8>> {
        let (width, height) = self.dimensions();
        let channels = self.raster.pixel_type().size();
        (0..height).map(move |y| (0..width).flat_map(|x| self.pixel(x, y, channels)).copied().collect())
    }

    fn pixel(&self, x: u32, y: u32, channels: usize) -> &'r [u8] {
        let (width, height) = (self.raster.width(), self.raster.height());
        let (x, y) = match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::Rotate90 => (y, height - 1 - x),
            Orientation::Rotate180 => (width - 1 - x, height - 1 - y),
            Orientation::Rotate270 => (width - 1 - y, x),
            Orientation::FlipHorizontal => (width - 1 - x, y),
            Orientation::FlipVertical => (x, height - 1 - y),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate270FlipH => (width - 1 - y, height - 1 - x),
        };
        let at = (y as usize * width as usize + x as usize) * channels;
        &self.raster.buffer()[at..at + channels]
    }
}

#[cfg(test)]
mod tests {
    use fast_image_resize::PixelType;
    use image::{DynamicImage, RgbImage};

    use super::*;

    #[test]
    fn every_orientation_is_that_of_the_image_crate() {
        let pixels: Vec<u8> = (0..18).collect();
        let raster = Raster::from_vec_u8(3, 2, pixels.clone(), PixelType::U8x3).unwrap();
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut expected = DynamicImage::from(RgbImage::from_raw(3, 2, pixels.clone()).unwrap());
            expected.apply_orientation(orientation);
            let turned = Turned::new(&raster, orientation);
            assert_eq!(turned.dimensions(), (expected.width(), expected.height()), "{orientation:?}");
            assert_eq!(turned.rows().flatten().collect::<Vec<_>>(), expected.as_bytes(), "{orientation:?}");
        }
    }
}
