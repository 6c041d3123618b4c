//! The API over HTTP.
fn main() {}
