//! HTTP: every route of the shop, who the visitor is, and the headers that every answer carries. Pages are
//! written in `views`, rules live in the modules above; here requests become calls.

mod api;
mod assets;
mod pages;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::sync::watch;

use crate::Options;
use crate::session::Store;

/// No form and no request of the shop is longer.
const MOST_BODY_BYTES: usize = 16 * 1024;

/// What handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    store: Arc<Store>,
    list_delay: Duration,
    closed: watch::Receiver<bool>,
}

/// The shop.
pub(crate) fn router(options: &Options, closed: watch::Receiver<bool>) -> Router {
    let app = App {
        store: Store::new(options.most_sessions),
        list_delay: options.list_delay,
        closed,
    };
    let pages = Router::new()
        .route("/", get(pages::home))
        .route("/shop", get(pages::shop))
        .route("/product/{sku}", get(pages::product).post(pages::add_product))
        .route("/deals", get(pages::deals))
        .route("/about", get(pages::about))
        .route("/search", get(pages::search))
        .route("/newsletter", post(pages::newsletter))
        .route("/cart", get(pages::cart))
        .route("/checkout", get(pages::checkout).post(pages::submit_address))
        .route("/checkout/payment", get(pages::payment))
        .route("/checkout/card", get(pages::card))
        .route("/thanks", get(pages::thanks))
        .route("/account", get(pages::account).post(pages::sign_in))
        .route("/account/sign-out", post(pages::sign_out))
        .fallback(pages::missing);
    let api = Router::new()
        .route("/api/products", get(api::products))
        .route("/api/suggestions", get(api::suggestions))
        .route("/api/cart", get(api::cart))
        .route("/api/cart/items", post(api::add_item).put(api::set_quantity))
        .route("/api/deals/claim", post(api::claim_deal))
        .route("/api/newsletter", post(api::newsletter))
        .route("/api/pay", post(api::pay));
    pages
        .merge(api)
        .layer(middleware::from_fn_with_state(app.clone(), visitor::recognise))
        .route("/api/health", get(api::health))
        .route("/assets/{name}", get(assets::file))
        .route("/pictures/{name}", get(assets::picture))
        .layer(Extension(app))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(middleware::from_fn(protect))
}

/// Adds the headers that keep a browser from doing more than the shop means it to.
async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 3] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
