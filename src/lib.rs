//! The publishing backend of talel.io, without its HTTP surface.
//!
//! Three layers make the program, and the arrows say what depends on what:
//!
//! ```text
//! Presentation (handlers/)  ──►  Business (src/business/)  ◄──  Database (src/database/)
//!                                     │                    ◄──  Mail     (src/mail/)
//!                                     ▼                    ◄──  Objects  (src/objects/)
//!                       Markdown, Imaging (src/markdown/, src/imaging/)
//! ```
//!
//! * [`business`] holds the rules, and the traits it needs from the outside:
//!   storage, mail and a clock. It names no HTTP and no AWS.
//! * [`markdown`] and [`imaging`] only compute: a text in and HTML out, bytes in and
//!   bytes out. They depend on nothing of ours.
//! * [`database`] keeps what the rules decide, in DynamoDB or in the embedded
//!   engine that speaks its protocol.
//! * [`mail`] delivers messages, over SMTP or to a folder.
//! * [`objects`] keeps the bytes of images, in S3 or in a folder.
//!
//! The presentation layer is the binary in `handlers/`; the compiler keeps this
//! crate from reaching into it, `tests/architecture.rs` keeps the arrows here.

mod aws;
pub mod business;
pub mod database;
pub mod imaging;
pub mod mail;
pub mod markdown;
pub mod objects;

pub use aws::AwsEndpoint;
