//! What work takes: threads, memory, and somebody who waits for it.

pub mod background;
pub mod client;
pub mod memory;
