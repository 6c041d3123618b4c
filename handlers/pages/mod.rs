//! What people look at in a browser, a file per page, with its template beside it.

mod home;
mod html;
mod reference;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(crate) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reference::reference)).routes(routes!(home::home))
}
