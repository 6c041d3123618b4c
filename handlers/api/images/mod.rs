//! Images: uploading, showing, listing and removing them.

mod list;
mod remove;
mod show;
mod uploads;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show::show))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(uploads::upload))
        .routes(routes!(uploads::presign))
        .routes(routes!(uploads::confirm))
        .routes(routes!(list::list))
        .routes(routes!(remove::remove))
}
