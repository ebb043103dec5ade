//! The account: a form to sign in, or who is signed in and what they ordered.

use maud::{Markup, html};

use super::layout::page;
use crate::session::Session;

/// The page. `rejected` is the address of an attempt to sign in that was refused.
pub(crate) fn account(session: &Session, rejected: Option<&str>) -> Markup {
    let main = match session.customer {
        Some(name) => signed_in(session, name),
        None => sign_in_form(rejected),
    };
    page(session, "Account", &["shop.js", "search.js"], &main)
}

fn signed_in(session: &Session, name: &str) -> Markup {
    html! {
        h1 { "Hello, " (name) }
        section aria-labelledby="orders" {
            h2 #orders { "Your orders" }
            @if session.orders.is_empty() {
                p { "No orders yet." }
            } @else {
                ul.results {
                    @for order in session.orders.iter().rev() {
                        li { "Order " (order.number) span.price { (order.total) } }
                    }
                }
            }
        }
        form method="post" action="/account/sign-out" { button.quiet { "Sign out" } }
    }
}

fn sign_in_form(rejected: Option<&str>) -> Markup {
    html! {
        h1 { "Sign in" }
        form.card.narrow method="post" action="/account" novalidate aria-label="Sign in" {
            @if rejected.is_some() {
                p.alert role="alert" #sign-in-error { "Email or password is not right" }
            }
            div.field {
                label for="email" { "Email" }
                input #email name="email" type="email" autocomplete="username" value=(rejected.unwrap_or_default())
                    aria-describedby=[rejected.map(|_| "sign-in-error")];
            }
            div.field {
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="current-password"
                    autofocus[rejected.is_some()];
            }
            button { "Sign in" }
        }
    }
}
