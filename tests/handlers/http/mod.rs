//! What is alike for every route.

mod bad_input;
mod cors;
mod observe;
