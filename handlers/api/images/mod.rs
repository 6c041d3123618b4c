//! Images: uploading, showing, listing and removing them.

mod list;
mod remove;
mod show;
mod uploads;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::body::{BodyPolicy, allow};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show::show))
}

pub(super) fn author() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(uploads::upload))
        .route_layer(from_fn_with_state(BodyPolicy::UPLOAD, allow));
    let forms = OpenApiRouter::new()
        .routes(routes!(uploads::presign))
        .routes(routes!(uploads::confirm))
        .route_layer(from_fn_with_state(BodyPolicy::FORM, allow));
    uploads.merge(forms).routes(routes!(list::list)).routes(routes!(remove::remove))
}
