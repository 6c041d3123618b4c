//! What people look at in a browser, a file per page, with its template beside it.

pub(crate) mod reference;
