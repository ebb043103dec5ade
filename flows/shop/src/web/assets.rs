//! Style, scripts and pictures, all embedded in the binary.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::catalogue::{self, Illustration};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Answers `/assets/NAME`.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "shop.css" => answer(CSS, include_str!("../../assets/shop.css")),
        "shop.js" => answer(SCRIPT, include_str!("../../assets/shop.js")),
        "search.js" => answer(SCRIPT, include_str!("../../assets/search.js")),
        "list.js" => answer(SCRIPT, include_str!("../../assets/list.js")),
        "cart.js" => answer(SCRIPT, include_str!("../../assets/cart.js")),
        "card.js" => answer(SCRIPT, include_str!("../../assets/card.js")),
        "deals.js" => answer(SCRIPT, include_str!("../../assets/deals.js")),
        "newsletter.js" => answer(SCRIPT, include_str!("../../assets/newsletter.js")),
        "analytics.js" => answer(SCRIPT, include_str!("../../assets/analytics.js")),
        "harbour.svg" => answer(SVG, include_str!("../../assets/illustrations/harbour.svg")),
        "workshop.svg" => answer(SVG, include_str!("../../assets/illustrations/workshop.svg")),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Answers `/pictures/SKU.svg`.
pub(crate) async fn picture(Path(name): Path<String>) -> Response {
    let product = name.strip_suffix(".svg").and_then(catalogue::find);
    match product {
        Some(product) => answer(SVG, Illustration::svg(product.illustration, product.colour)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(media_type: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, body).into_response()
}
