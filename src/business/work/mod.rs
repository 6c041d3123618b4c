//! What work takes: threads, memory, and somebody who waits for it.

pub mod background;
mod budget;
pub mod client;
pub mod memory;
