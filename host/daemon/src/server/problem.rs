//! How a refusal is told: RFC 9457, with what happened and what to do.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// The HTTP status again.
    status: u16,
    /// What kind it is.
    title: &'static str,
    /// What happened here, and what to do.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            title,
            detail: detail.into(),
        }
    }

    /// What happened, and what to do.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the request cannot be used", detail)
    }

    pub(super) fn unauthorised(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "who are you", detail)
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not from there", detail)
    }

    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such thing", detail)
    }

    /// No route.
    pub(super) async fn no_such_path(uri: Uri) -> Self {
        Self::missing(format!(
            "there is nothing at {}: GET /openapi.json says what there is",
            uri.path()
        ))
    }

    /// A route that is asked otherwise.
    pub(super) async fn no_such_method(method: Method, uri: Uri) -> Self {
        let detail = format!(
            "{} is not asked with {method}: GET /openapi.json says how",
            uri.path()
        );
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "not so", detail)
    }

    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the component was refused",
            detail,
        )
    }

    pub(super) fn busy() -> Self {
        let detail = "so many runs wait already that no further one is taken: ask again when some have ended";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "the queue is full", detail)
    }

    pub(super) fn own(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "flowguard itself failed",
            error.to_string(),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_string(&self).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], text).into_response()
    }
}
