//! Articles: making, changing, reading and listing them.

mod bodies;
mod create;
mod desk;
mod list;
mod previews;
mod read;
mod revisions;
mod series;
mod site;
mod tags;
mod update;
mod values;
mod verbs;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::body::{BodyPolicy, allow};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read::read))
        .routes(routes!(list::list))
        .routes(routes!(site::list))
        .routes(routes!(tags::list))
        .routes(routes!(tags::articles))
        .routes(routes!(series::list))
        .routes(routes!(series::show))
}

pub(super) fn author() -> OpenApiRouter<App> {
    let router = OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(update::update, verbs::delete))
        .routes(routes!(verbs::publish))
        .routes(routes!(verbs::unpublish))
        .routes(routes!(verbs::restore));
    let router = router
        .routes(routes!(desk::list))
        .routes(routes!(revisions::list))
        .routes(routes!(revisions::show))
        .routes(routes!(revisions::restore))
        .routes(routes!(revisions::name))
        .routes(routes!(previews::preview))
        .routes(routes!(previews::list, previews::create))
        .routes(routes!(previews::revoke))
        .routes(routes!(previews::render))
        .routes(routes!(tags::rename))
        .routes(routes!(series::update));
    router.route_layer(from_fn_with_state(BodyPolicy::TEXT, allow))
}
