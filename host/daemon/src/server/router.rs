//! Every route of the daemon's HTTP API.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

use super::guard::{self, Access};
use super::problem::Problem;
use super::state::Server;
use super::{components, runs};
use flowguard_core::limits::MAX_COMPONENT_BYTES;

/// The description of the API, OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// The routes of `flowguard serve`.
pub(crate) fn serve_router(server: Arc<Server>, access: Access) -> Router {
    Router::new()
        .route("/health", get(components::health))
        .route("/ready", get(components::ready))
        .route("/openapi.json", get(components::openapi))
        .route("/v1/status", get(components::status))
        .route("/v1/audit", get(components::audit))
        .route("/v1/components", get(components::list))
        .route("/v1/components/{name}", put(components::put))
        .route("/v1/components/{name}", delete(components::delete))
        .route("/v1/flows", get(runs::flows))
        .route("/v1/runs", get(runs::list).post(runs::begin))
        .route("/v1/runs/{id}", get(runs::one))
        .route("/v1/runs/{id}/record", get(runs::record))
        .route("/v1/runs/{id}/report", get(runs::html))
        .route("/v1/runs/{id}/events", get(runs::events))
        .route("/v1/runs/{id}/picture", get(runs::picture))
        .route("/v1/runs/{id}/cancel", post(runs::cancel))
        .route("/v1/artifacts/{digest}", get(runs::artifact))
        .fallback(Problem::no_such_path)
        .method_not_allowed_fallback(Problem::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_COMPONENT_BYTES))
        .layer(from_fn_with_state(access, guard::check))
        .with_state(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let described: serde_json::Value = serde_json::from_str(OPENAPI).expect("JSON");
        let paths = described["paths"].as_object().expect("paths");
        let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
        let source = include_str!("router.rs");
        let routes = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split('"').next());
        assert_eq!(described, routes.collect());
        for (path, methods) in paths {
            for (method, what) in methods.as_object().expect("methods") {
                assert!(
                    what["summary"].is_string() && what["responses"].is_object(),
                    "{method} {path}"
                );
            }
        }
    }
}
