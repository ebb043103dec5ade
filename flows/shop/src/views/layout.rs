//! The frame around every page: head, header with search and cart, footer.

use maud::{DOCTYPE, Markup, html};

use crate::catalogue::CATEGORIES;
use crate::session::{Bug, Session};

/// A page with its title, the scripts it needs and its main content.
pub(crate) fn page(session: &Session, title: &str, scripts: &[&str], main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(session, title, scripts))
            body {
                a.skip href="#main" { "Skip to content" }
                (header(session))
                main #main { (main) }
                (footer())
            }
        }
    }
}

/// The head of a document; also of the one in the payment frame.
pub(crate) fn head(session: &Session, title: &str, scripts: &[&str]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) " · Harbour Goods" }
            link rel="icon" href="/pictures/blue-mug.svg" type="image/svg+xml";
            link rel="stylesheet" href="/assets/shop.css";
            // The bug `console`: the script that others rely on is left out.
            @if session.bug != Some(Bug::Console) {
                script src="/assets/analytics.js" {}
            }
            @for script in scripts {
                script src={ "/assets/" (script) } {}
            }
        }
    }
}

fn header(session: &Session) -> Markup {
    html! {
        header.site {
            a.brand href="/" { span.mark aria-hidden="true" { "⚓" } "Harbour Goods" }
            nav aria-label="Main" {
                ul {
                    @for category in CATEGORIES {
                        li { a href={ "/shop?category=" (category.slug) } { (category.name) } }
                    }
                    li { a.accent href="/deals" { "Deals" } }
                }
            }
            (search_box())
            div.tools {
                a href="/account" { (session.customer.unwrap_or("Account")) }
                a href="/cart" { "Cart" }
                span.badge role="status" #cart-count { (session.cart.items_text()) }
            }
        }
    }
}

fn search_box() -> Markup {
    html! {
        search.finder {
            form action="/search" {
                label.quiet for="search" { "Search products" }
                input #search name="q" type="search" placeholder="Search" autocomplete="off" role="combobox"
                    aria-autocomplete="list" aria-expanded="false" aria-controls="suggestions";
                ul #suggestions role="listbox" aria-label="Suggestions" hidden {}
            }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer.site {
            p { "Harbour Goods, a shop that exists to be tested." }
            ul {
                li { a href="/about" { "About us" } }
                li { a href="/about#shipping" { "Shipping and returns" } }
                li { a href="/shop" { "All products" } }
            }
        }
    }
}
