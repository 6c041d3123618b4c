//! Articles: publishing, reading and listing them.

mod bodies;
mod list;
mod publish;
mod read;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::body::{BodyPolicy, allow};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read::read)).routes(routes!(list::list))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(publish::publish)).route_layer(from_fn_with_state(BodyPolicy::TEXT, allow))
}
