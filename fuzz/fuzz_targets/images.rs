//! Any bytes are an image that can be stored and shown, or refused.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use talelio::imaging::{Format, Memory, prepare, render};
use talelio_fuzz::{bounded, seeds};

/// A sixteenth of what a server of 256 MB works on an image in, so that the largest are soon done.
const MEMORY: Memory<'_> = Memory { max: 7 << 20, reserve: &|_| true };

/// A few bytes can be an image of as many pixels as fit into that: several times as long as they
/// take here, where every comparison is watched.
const LEAST: Duration = Duration::from_secs(3);

fuzz_target!(init: seeds::write("images", seeds::images()), |bytes: &[u8]| {
    bounded(bytes.len(), LEAST, || {
        let Ok(image) = prepare(bytes, &MEMORY) else { return };
        assert!(image.width > 0 && image.height > 0);
        // What is stored is what an upload is, and has renditions in its own format and in WebP.
        let again = prepare(&image.bytes, &MEMORY).expect("it was prepared");
        assert_eq!((again.width, again.height, again.format), (image.width, image.height, image.format));
        let size = (image.width.min(320), image.height.min(200));
        for target in [image.format, Format::WebP] {
            // It may take more memory than to look at it.
            let _ = render(&image.bytes, image.format, size, target, &MEMORY);
        }
    });
});
