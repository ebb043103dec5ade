//! The pages: each handler reads the session, decides, and lets a view write the page.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use maud::Markup;
use serde::Deserialize;

use super::visitor::Visitor;
use crate::catalogue;
use crate::checkout::{Address, is_email};
use crate::views;

/// The one customer that the shop knows.
const CUSTOMER: (&str, &str, &str) = ("ada@shop.example", "teapot-42", "Ada");

pub(crate) async fn home(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::home(session))
}

#[derive(Deserialize)]
pub(crate) struct ShopQuery {
    category: Option<String>,
}

pub(crate) async fn shop(Extension(visitor): Extension<Visitor>, Query(query): Query<ShopQuery>) -> Response {
    let slug = query.category.as_deref().filter(|slug| !slug.is_empty());
    let category = slug.and_then(catalogue::category);
    if slug.is_some() && category.is_none() {
        return missing(Extension(visitor)).await;
    }
    visitor
        .session(|session| views::shop(session, category))
        .into_response()
}

pub(crate) async fn product(Extension(visitor): Extension<Visitor>, Path(sku): Path<String>) -> Response {
    match catalogue::find(&sku) {
        Some(product) => visitor
            .session(|session| views::product(session, product))
            .into_response(),
        None => missing(Extension(visitor)).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct AddForm {
    quantity: u32,
}

pub(crate) async fn add_product(
    Extension(visitor): Extension<Visitor>,
    Path(sku): Path<String>,
    Form(form): Form<AddForm>,
) -> Response {
    let Some(product) = catalogue::find(&sku).filter(|product| product.in_stock) else {
        return missing(Extension(visitor)).await;
    };
    visitor.session(|session| session.cart.add(product, form.quantity, product.price));
    Redirect::to("/cart").into_response()
}

pub(crate) async fn deals(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::deals(session))
}

pub(crate) async fn about(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::about(session))
}

#[derive(Deserialize)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<SearchQuery>,
) -> Markup {
    visitor.session(|session| views::search(session, &query.q))
}

#[derive(Deserialize)]
pub(crate) struct NewsletterForm {
    #[serde(default)]
    email: String,
}

/// The newsletter without a script.
pub(crate) async fn newsletter(
    Extension(visitor): Extension<Visitor>,
    Form(form): Form<NewsletterForm>,
) -> Markup {
    visitor.session(|session| views::newsletter_result(session, is_email(&form.email)))
}

pub(crate) async fn cart(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::cart(session))
}

pub(crate) async fn checkout(Extension(visitor): Extension<Visitor>) -> Response {
    if visitor.session(|session| session.cart.lines().is_empty()) {
        return Redirect::to("/cart").into_response();
    }
    visitor.session(|session| {
        let address = session.address.clone().unwrap_or_default();
        views::address(session, &address, &[]).into_response()
    })
}

pub(crate) async fn submit_address(
    Extension(visitor): Extension<Visitor>,
    Form(address): Form<Address>,
) -> Response {
    let errors = address.errors();
    if !errors.is_empty() {
        let page = visitor.session(|session| views::address(session, &address, &errors));
        return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    }
    visitor.session(|session| session.address = Some(address));
    Redirect::to("/checkout/payment").into_response()
}

pub(crate) async fn payment(Extension(visitor): Extension<Visitor>) -> Response {
    if visitor.session(|session| session.address.is_none() || session.cart.lines().is_empty()) {
        return Redirect::to("/checkout").into_response();
    }
    visitor.session(|session| views::payment(session)).into_response()
}

/// The document inside the payment frame.
pub(crate) async fn card(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::card(session))
}

pub(crate) async fn thanks(Extension(visitor): Extension<Visitor>) -> Response {
    let order = visitor.session(|session| session.orders.last().cloned());
    match order {
        Some(order) => visitor
            .session(|session| views::thanks(session, &order))
            .into_response(),
        None => Redirect::to("/").into_response(),
    }
}

pub(crate) async fn account(Extension(visitor): Extension<Visitor>) -> Markup {
    visitor.session(|session| views::account(session, None))
}

#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

pub(crate) async fn sign_in(
    Extension(visitor): Extension<Visitor>,
    Form(form): Form<SignInForm>,
) -> Response {
    let (email, password, name) = CUSTOMER;
    if form.email.trim() == email && form.password == password {
        visitor.session(|session| session.customer = Some(name));
        return Redirect::to("/account").into_response();
    }
    let page = visitor.session(|session| views::account(session, Some(&form.email)));
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

pub(crate) async fn sign_out(Extension(visitor): Extension<Visitor>) -> Redirect {
    visitor.session(|session| session.customer = None);
    Redirect::to("/account")
}

pub(crate) async fn missing(Extension(visitor): Extension<Visitor>) -> Response {
    let page = visitor.session(|session| views::missing(session));
    (StatusCode::NOT_FOUND, page).into_response()
}
