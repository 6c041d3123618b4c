//! From what authors write to what readers see: when it is published, and again when the
//! renderer was mended since.

mod renderer;
mod rerender;

pub use renderer::Renderer;
pub use rerender::{ListedTexts, RenderedText, RenderedTexts, Replaced, Rerender, Rerendered, TextAddress};
