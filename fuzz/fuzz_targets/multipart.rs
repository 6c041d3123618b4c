//! Any form is an upload or refused, however its bytes come in.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Request, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use talelio_fuzz::{Server, bounded, seeds, tokens};

/// What images may take, as for the target `images`.
const LEAST: Duration = Duration::from_secs(4);

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(init: seeds::write("multipart", seeds::forms()), |form: &[u8]| {
    let form = Bytes::copy_from_slice(form);
    let at_once = upload(form.len(), Body::from(form.clone()));
    // A prime, so that the boundaries are cut everywhere.
    let pieces: Vec<_> = form.chunks(7).map(|piece| Ok::<_, Infallible>(form.slice_ref(piece))).collect();
    assert_eq!(upload(form.len(), Body::from_stream(stream::iter(pieces))), at_once);
});

fn upload(bytes: usize, body: Body) -> StatusCode {
    let request = Request::post("/v1/assets/images")
        .header(header::AUTHORIZATION, format!("Bearer {}", tokens::access()))
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={}", seeds::BOUNDARY))
        .body(body)
        .expect("a request");
    bounded(bytes, LEAST, || SERVER.call(request)).status()
}
