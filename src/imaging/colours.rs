//! What colours an image's samples mean, and how they look in sRGB, which is what an image that
//! says nothing is taken for.

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ToneReprCurve, TransferCharacteristics, TransformOptions,
};

use super::decode::{Decoded, Samples};
use super::error::{ImagingError, encoding};

/// How many pixels are put into another colour space at once.
const STEP_PIXELS: usize = 16 << 10;

/// How bright a profile shows white at least, of 255.
const LEAST_OF_WHITE: u8 = 200;

/// How many points the curve of high dynamic range has.
const CURVE_POINTS: u16 = 4_096;

/// How bright white is where the signal goes beyond it, in candela per square metre (ITU-R
/// BT.2408, 3.1).
const WHITE: f64 = 203.0;

/// An ICC profile, if it makes sense.
pub(super) fn icc(profile: &[u8]) -> Option<Box<ColorProfile>> {
    ColorProfile::new_from_slice(profile).ok().map(Box::new)
}

/// The colours of a PNG, by what counts most (W3C PNG, third edition, 4.3).
pub(super) fn of_png(info: &png::Info<'_>) -> Option<Box<ColorProfile>> {
    let code_points = info.coding_independent_code_points.and_then(code_points);
    if code_points.is_some() {
        return code_points;
    }
    if let Some(profile) = &info.icc_profile {
        return icc(profile);
    }
    if info.srgb.is_some() || (info.gama_chunk.is_none() && info.chrm_chunk.is_none()) {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some(chrm) = &info.chrm_chunk {
        let point = |(x, y): (png::ScaledFloat, png::ScaledFloat)| Chromaticity::new(x.into_value(), y.into_value());
        let primaries = ColorPrimaries { red: point(chrm.red), green: point(chrm.green), blue: point(chrm.blue) };
        profile.update_rgb_colorimetry(point(chrm.white).to_xyyb(), primaries);
    }
    if let Some(gamma) = info.gama_chunk.map(png::ScaledFloat::into_value).filter(|gamma| *gamma > 0.0) {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / gamma]));
    }
    Some(Box::new(profile))
}

/// The colours of code points (ITU-T H.273), if they have a meaning.
fn code_points(points: png::CodingIndependentCodePoints) -> Option<Box<ColorProfile>> {
    let transfer: TransferCharacteristics = points.transfer_function.try_into().ok()?;
    let mut profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(points.color_primaries).ok()?,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.red_trc.as_ref()?;
    // What is one there is many times as bright as white is here.
    let white = match transfer {
        TransferCharacteristics::Smpte2084 => 10_000.0 / WHITE,
        TransferCharacteristics::Hlg => 1.0 / TransferCharacteristics::Hlg.linearize(0.75),
        _ => return Some(Box::new(profile)),
    };
    let light = |point| transfer.linearize(f64::from(point) / f64::from(CURVE_POINTS - 1)) * white;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 65,535")]
    let curve = (0..CURVE_POINTS).map(|point| (light(point).clamp(0.0, 1.0) * 65_535.0).round() as u16);
    set_curve(&mut profile, ToneReprCurve::Lut(curve.collect()));
    Some(Box::new(profile))
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.cicp = None;
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// The pixels in sRGB: RGB, or RGBA if they have alpha.
pub(super) fn to_srgb(decoded: Decoded) -> Result<Raster<'static>, ImagingError> {
    let Decoded { raster, samples, profile } = decoded;
    let (width, height) = (raster.width(), raster.height());
    let (mut bytes, kind) = (raster.into_vec(), samples.pixel_type());
    let Some(convert) = converter(profile.as_deref(), samples, &bytes) else {
        return Raster::from_vec_u8(width, height, bytes, kind).map_err(encoding);
    };
    let from = kind.size();
    let kind = if samples == Samples::Rgba { PixelType::U8x4 } else { PixelType::U8x3 };
    let to = kind.size();
    // In place: no pixel becomes larger.
    let pixels = bytes.len() / from;
    for start in (0..pixels).step_by(STEP_PIXELS) {
        let end = pixels.min(start + STEP_PIXELS);
        let before = bytes[start * from..end * from].to_vec();
        convert(&before, &mut bytes[start * to..end * to])?;
    }
    bytes.truncate(pixels * to);
    Raster::from_vec_u8(width, height, bytes, kind).map_err(encoding)
}

/// Puts pixels of one kind into sRGB.
type Converter = Box<dyn Fn(&[u8], &mut [u8]) -> Result<(), ImagingError>>;

/// Puts pixels into sRGB, if they are not.
fn converter(profile: Option<&ColorProfile>, samples: Samples, pixels: &[u8]) -> Option<Converter> {
    let by_profile = profile.and_then(|profile| by_profile(profile, samples, pixels));
    by_profile.or_else(|| {
        let inks_as_light: Converter = Box::new(|from, to| {
            inks_as_light(from, to);
            Ok(())
        });
        (samples == Samples::Cmyk).then_some(inks_as_light)
    })
}

/// How a profile says that pixels look. None for one that is not for such pixels, or makes no
/// sense: it means as little as none.
fn by_profile(profile: &ColorProfile, samples: Samples, pixels: &[u8]) -> Option<Converter> {
    let srgb = ColorProfile::new_srgb();
    let transform = |from, to| profile.create_transform_8bit(from, &srgb, to, TransformOptions::default()).ok();
    if profile.color_space == DataColorSpace::Rgb {
        // Where white is not white, nothing is what it should be.
        let mut white = [0; 3];
        transform(Layout::Rgb, Layout::Rgb)?.transform(&[255; 3], &mut white).ok()?;
        white.iter().all(|sample| *sample > LEAST_OF_WHITE).then_some(())?;
    }
    match (profile.color_space, samples) {
        (DataColorSpace::Rgb, Samples::Rgb) => {
            let transform = transform(Layout::Rgb, Layout::Rgb)?;
            Some(Box::new(move |from, to| transform.transform(from, to).map_err(encoding)))
        }
        (DataColorSpace::Rgb, Samples::Rgba) => {
            let transform = transform(Layout::Rgba, Layout::Rgba)?;
            Some(Box::new(move |from, to| transform.transform(from, to).map_err(encoding)))
        }
        // Inks are four samples, as RGBA is.
        (DataColorSpace::Cmyk, Samples::Cmyk) => {
            let transform = transform(Layout::Rgba, Layout::Rgb)?;
            Some(Box::new(move |from, to| transform.transform(from, to).map_err(encoding)))
        }
        (DataColorSpace::Gray, Samples::Rgb | Samples::Rgba) => {
            let size = samples.pixel_type().size();
            if pixels.chunks_exact(size).any(|pixel| pixel[0] != pixel[1] || pixel[1] != pixel[2]) {
                return None;
            }
            let shades: Vec<u8> = (0..=u8::MAX).collect();
            let mut table = vec![0; 3 * shades.len()];
            transform(Layout::Gray, Layout::Rgb)?.transform(&shades, &mut table).ok()?;
            Some(Box::new(move |from, to| {
                for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
                    to.copy_from_slice(from);
                    to[..3].copy_from_slice(&table[3 * usize::from(from[0])..][..3]);
                }
                Ok(())
            }))
        }
        _ => None,
    }
}

/// Inks of which nobody says how they look.
fn inks_as_light(from: &[u8], to: &mut [u8]) {
    let light = |ink: u8, black: u8| u16::from(255 - ink) * u16::from(255 - black) / 255;
    for (inks, pixel) in from.chunks_exact(4).zip(to.chunks_exact_mut(3)) {
        for (sample, ink) in pixel.iter_mut().zip(inks) {
            *sample = u8::try_from(light(*ink, inks[3])).unwrap_or(u8::MAX);
        }
    }
}
