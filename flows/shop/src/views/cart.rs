//! The cart's page. Its content is also answered alone, whenever a quantity changes.

use maud::{Markup, html};

use super::layout::page;
use super::product_url;
use crate::cart::{FREE_SHIPPING_FROM, Line, MOST_OF_ONE};
use crate::money::Cents;
use crate::session::Session;

/// The page.
pub(crate) fn cart(session: &Session) -> Markup {
    let main = html! {
        h1 { "Your cart" }
        div #cart-content { (cart_content(session)) }
        dialog #remove-dialog aria-labelledby="remove-question" {
            h2 #remove-question { "Remove from cart?" }
            p { "You are about to remove " strong #remove-name {} "." }
            form method="dialog" {
                button.quiet value="keep" { "Keep it" }
                button value="remove" { "Remove" }
            }
        }
    };
    page(session, "Cart", &["shop.js", "search.js", "cart.js"], &main)
}

/// The rows and the sums.
pub(crate) fn cart_content(session: &Session) -> Markup {
    if session.cart.lines().is_empty() {
        return html! { p { "Your cart is empty. " a href="/shop" { "Browse the shop" } } };
    }
    html! {
        table.cart {
            caption.quiet { "Products in your cart" }
            thead {
                tr {
                    th scope="col" { "Product" }
                    th scope="col" { "Price" }
                    th scope="col" { "Quantity" }
                    th scope="col" { "Amount" }
                    th scope="col" { span.quiet { "Remove" } }
                }
            }
            tbody { @for line in session.cart.lines() { (row(line)) } }
        }
        (sums(session))
        p.next { a.button href="/checkout" { "Go to checkout" } }
    }
}

fn row(line: &Line) -> Markup {
    let name = line.product.name;
    html! {
        tr data-sku=(line.product.sku) data-name=(name) {
            th scope="row" { a href=(product_url(line.product)) { (name) } }
            td { (line.price) }
            td {
                input type="number" name="quantity" min="1" max=(MOST_OF_ONE) value=(line.quantity)
                    aria-label={ "Quantity of " (name) };
            }
            td data-testid="amount" { (line.amount()) }
            td { button.quiet.remove type="button" aria-label={ "Remove " (name) } { "×" } }
        }
    }
}

/// Subtotal, shipping and total; the checkout shows them too.
pub(crate) fn sums(session: &Session) -> Markup {
    let totals = session.totals();
    html! {
        dl.sums aria-label="Sums" {
            div { dt { "Subtotal" } dd data-testid="subtotal" { (totals.subtotal) } }
            div {
                dt { "Shipping" }
                dd data-testid="shipping" { @if totals.shipping == Cents(0) { "Free" } @else { (totals.shipping) } }
            }
            div.total { dt { "Total" } dd data-testid="total" { (totals.total) } }
        }
        @if totals.shipping > Cents(0) {
            p.note { "Shipping is free from " (FREE_SHIPPING_FROM) "." }
        }
    }
}
