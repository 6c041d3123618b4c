//! What is alike for every route.

mod bad_input;
mod body;
mod cors;
mod observe;
