//! Whether what is stored is what should be there: whether a data folder [is the one](identity)
//! that it was, and whether everything in the table [agrees](check); and [mending](repair) it.

mod check;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flipped_bits;
mod format;
pub(super) mod identity;
mod items;
mod record_counts;
mod repair;
#[cfg(test)]
mod repaired;
#[cfg(test)]
mod samples;

pub use check::Inspection;
pub use record_counts::RecordCounts;
