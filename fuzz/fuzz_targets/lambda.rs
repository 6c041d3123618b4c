//! Any event of AWS Lambda is answered, or is none.
#![no_main]

use std::panic;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use talelio_fuzz::{Server, bounded, tokens};

/// What an image or a password may take, which are a few bytes in an event.
const LEAST: Duration = Duration::from_secs(4);

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|event: &str| {
    // No fuzzer makes up a signature.
    let event = event.replace("ACCESS_TOKEN", &tokens::access()).replace("REFRESH_TOKEN", &tokens::refresh());
    let event = event.replace("VERIFICATION_TOKEN", &tokens::verification());
    let server = &*SERVER;
    bounded(event.len(), LEAST, || {
        if has_request(&event) {
            server.call_with_event(serde_json::from_str(&event).expect("an event"));
        }
    });
});

/// Whether it is an event that a request can be made of. `lambda_http` panics on a host, a path or a
/// body in base64 that are none; the runtime around it catches that, so that it is the end of
/// nothing but that one invocation.
fn has_request(event: &str) -> bool {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let request = panic::catch_unwind(|| lambda_http::request::from_str(event));
    panic::set_hook(hook);
    matches!(request, Ok(Ok(_)))
}
