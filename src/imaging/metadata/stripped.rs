/// An image without metadata.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::imaging) struct Stripped {
    pub(in crate::imaging) bytes: Vec<u8>,
    pub(in crate::imaging) animated: bool,
}

/// The first `count` bytes, taken off the front.
pub(super) fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}
