//! The JSON end points that the shop's own scripts call.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::App;
use super::visitor::Visitor;
use crate::catalogue::{self, Product};
use crate::checkout::{Card, Month, is_email};
use crate::session::{Bug, Session};
use crate::views;

/// How many suggestions the search box shows.
const MOST_SUGGESTIONS: usize = 5;

/// For whoever waits until the shop is up.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    category: Option<String>,
}

#[derive(Serialize)]
struct ProductView {
    sku: &'static str,
    name: &'static str,
    description: &'static str,
    price: String,
    in_stock: bool,
}

impl From<&'static Product> for ProductView {
    fn from(product: &'static Product) -> Self {
        Self {
            sku: product.sku,
            name: product.name,
            description: product.description,
            price: product.price.to_string(),
            in_stock: product.in_stock,
        }
    }
}

/// The products of a category, late on purpose; with the bug `slow`, never.
pub(crate) async fn products(
    Extension(mut app): Extension<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<ListQuery>,
) -> Response {
    if visitor.session(|session| session.bug == Some(Bug::Slow)) {
        // Ends with the shop or, as the request is dropped then, with the visitor's patience.
        let _ = app.closed.wait_for(|closed| *closed).await;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    tokio::time::sleep(app.list_delay).await;
    let category = query.category.as_deref().filter(|slug| !slug.is_empty());
    let products: Vec<ProductView> = catalogue::in_category(category).map(ProductView::from).collect();
    Json(products).into_response()
}

#[derive(Deserialize)]
pub(crate) struct SuggestionQuery {
    #[serde(default)]
    q: String,
}

/// What the search box suggests for the words typed.
pub(crate) async fn suggestions(Query(query): Query<SuggestionQuery>) -> Json<Vec<Value>> {
    let found = catalogue::search(&query.q).take(MOST_SUGGESTIONS);
    Json(
        found
            .map(|product| json!({ "name": product.name, "url": views::product_url(product) }))
            .collect(),
    )
}

/// The sums of the cart.
pub(crate) async fn cart(Extension(visitor): Extension<Visitor>) -> Json<Value> {
    Json(visitor.session(|session| cart_summary(session)))
}

fn cart_summary(session: &Session) -> Value {
    let totals = session.totals();
    json!({
        "items": session.cart.items(),
        "text": session.cart.items_text(),
        "subtotal": totals.subtotal.to_string(),
        "shipping": totals.shipping.to_string(),
        "total": totals.total.to_string(),
    })
}

#[derive(Deserialize)]
pub(crate) struct Item {
    sku: String,
    quantity: u32,
}

/// Adds to the cart.
pub(crate) async fn add_item(Extension(visitor): Extension<Visitor>, Json(item): Json<Item>) -> Response {
    let Some(product) = catalogue::find(&item.sku) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !product.in_stock {
        return (StatusCode::CONFLICT, Json(json!({ "message": "sold out" }))).into_response();
    }
    let summary = visitor.session(|session| {
        session.cart.add(product, item.quantity, product.price);
        cart_summary(session)
    });
    Json(summary).into_response()
}

/// Changes a quantity, 0 to remove, and answers the cart drawn anew.
pub(crate) async fn set_quantity(
    Extension(visitor): Extension<Visitor>,
    Json(item): Json<Item>,
) -> Json<Value> {
    Json(visitor.session(|session| {
        session.cart.set_quantity(&item.sku, item.quantity);
        json!({ "text": session.cart.items_text(), "html": views::cart_content(session).into_string() })
    }))
}

/// Puts the deal of the week into the cart.
pub(crate) async fn claim_deal(Extension(visitor): Extension<Visitor>) -> Json<Value> {
    Json(visitor.session(|session| {
        session.cart.claim_deal();
        cart_summary(session)
    }))
}

#[derive(Deserialize)]
pub(crate) struct Subscription {
    email: String,
}

/// Subscribes an address to the newsletter. Nothing is kept or sent.
pub(crate) async fn newsletter(Json(subscription): Json<Subscription>) -> Response {
    if is_email(&subscription.email) {
        Json(json!({ "message": "Thank you, the next letter is yours" })).into_response()
    } else {
        let message = "Enter an email address such as ada@example.org";
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "message": message })),
        )
            .into_response()
    }
}

/// Pays what is in the cart.
pub(crate) async fn pay(Extension(visitor): Extension<Visitor>, Json(card): Json<Card>) -> Response {
    let ready = visitor.session(|session| session.address.is_some() && !session.cart.lines().is_empty());
    if !ready {
        let message = "the cart is empty or the address is missing; start the checkout again";
        return (StatusCode::CONFLICT, Json(json!({ "message": message }))).into_response();
    }
    let errors = card.errors(Month::now());
    if !errors.is_empty() {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "errors": errors })),
        )
            .into_response();
    }
    Json(json!({ "order": visitor.place_order(), "next": "/thanks" })).into_response()
}
