//! The checkout: address, payment in a frame, thanks.

use maud::{DOCTYPE, Markup, html};

use super::cart::sums;
use super::layout::{head, page};
use crate::checkout::{Address, COUNTRIES, FieldError};
use crate::session::{Bug, Order, Session};

/// The first step. The first field that is wrong has the focus.
pub(crate) fn address(session: &Session, address: &Address, errors: &[FieldError]) -> Markup {
    let field = |name: &'static str, label: &str, kind: &str, autocomplete: &str, value: &str| {
        let error = errors.iter().find(|error| error.field == name);
        let is_first = errors.first().is_some_and(|error| error.field == name);
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) autocomplete=(autocomplete) value=(value) required
                    autofocus[is_first] aria-invalid=[error.map(|_| "true")]
                    aria-describedby=[error.map(|_| format!("{name}-error"))];
                @if let Some(error) = error {
                    p.error id={ (name) "-error" } { (error.message) }
                }
            }
        }
    };
    let main = html! {
        (progress(1))
        h1 { "Where does it go?" }
        @if !errors.is_empty() {
            p.alert role="alert" { "Please correct " (count(errors.len(), "field")) "." }
        }
        div.columns {
            form.card method="post" action="/checkout" novalidate aria-label="Address" {
                (field("email", "Email", "email", "email", &address.email))
                (field("name", "Full name", "text", "name", &address.name))
                (field("street", "Street and number", "text", "street-address", &address.street))
                (field("postcode", "Postcode", "text", "postal-code", &address.postcode))
                (field("city", "City", "text", "address-level2", &address.city))
                (country(address, errors))
                button { "Continue to payment" }
            }
            (summary(session))
        }
    };
    page(session, "Checkout", &["shop.js", "search.js"], &main)
}

fn country(address: &Address, errors: &[FieldError]) -> Markup {
    let error = errors.iter().find(|error| error.field == "country");
    html! {
        div.field {
            label for="country" { "Country" }
            select #country name="country" required autocomplete="country"
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "country-error")] {
                option value="" { "Choose a country" }
                @for (code, name) in COUNTRIES {
                    option value=(code) selected[*code == address.country] { (name) }
                }
            }
            @if let Some(error) = error {
                p.error #country-error { (error.message) }
            }
        }
    }
}

/// The second step: the card's form lives in a frame of its own.
pub(crate) fn payment(session: &Session) -> Markup {
    let main = html! {
        (progress(2))
        h1 { "Payment" }
        div.columns {
            iframe.card src="/checkout/card" title="Card payment" {}
            (summary(session))
        }
    };
    page(session, "Payment", &["shop.js", "search.js"], &main)
}

/// The document in the payment frame.
pub(crate) fn card(session: &Session) -> Markup {
    let field = |name: &str, label: &str, autocomplete: &str, hint: &str| {
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(name) inputmode="numeric" autocomplete=(autocomplete) placeholder=(hint)
                    required aria-describedby={ (name) "-error" };
                p.error id={ (name) "-error" } hidden {}
            }
        }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(session, "Card payment", &["shop.js", "card.js"]))
            body.frame {
                form #card novalidate {
                    (field("number", "Card number", "cc-number", "1234 5678 9012 3456"))
                    div.pair {
                        (field("expiry", "Expiry date", "cc-exp", "MM/YY"))
                        (field("cvc", "Security code", "cc-csc", "123"))
                    }
                    // The bug `pay`: a required field that nobody can fill keeps the button disabled.
                    @if session.bug == Some(Bug::Pay) {
                        input type="hidden" name="voucher" required data-required;
                    }
                    p.alert #card-error role="alert" hidden {}
                    div.pay {
                        button disabled { "Pay " (session.totals().total) }
                        // The bug `overlay`: a layer that should have gone covers the button.
                        @if session.bug == Some(Bug::Overlay) {
                            div.loading-veil {}
                        }
                    }
                }
            }
        }
    }
}

/// The last page.
pub(crate) fn thanks(session: &Session, order: &Order) -> Markup {
    let main = html! {
        section.thanks {
            h1 { "Thank you for your order" }
            p { "Your order number is " strong data-testid="order-number" { (order.number) } "." }
            p { "You paid " strong data-testid="paid" { (order.total) } "; the receipt is on its way to " (order.email) "." }
            p { a.button href="/" { "Back to the shop" } }
        }
    };
    page(session, "Thank you", &["shop.js", "search.js"], &main)
}

fn progress(step: usize) -> Markup {
    html! {
        ol.progress aria-label="Progress" {
            @for (index, name) in ["Address", "Payment", "Thanks"].iter().enumerate() {
                li aria-current=[(index + 1 == step).then_some("step")] { (name) }
            }
        }
    }
}

fn summary(session: &Session) -> Markup {
    html! {
        aside.summary aria-label="Order summary" {
            h2 { "Your order" }
            ul {
                @for line in session.cart.lines() {
                    li { (line.quantity) " × " (line.product.name) span { (line.amount()) } }
                }
            }
            (sums(session))
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
