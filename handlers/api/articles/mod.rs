//! Articles: publishing, reading and listing them.

mod bodies;
mod list;
mod publish;
mod read;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read::read)).routes(routes!(list::list))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(publish::publish))
}
