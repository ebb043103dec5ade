//! The pages on which a visitor looks around: home, lists, products, deals, search.

use maud::{Markup, html};

use super::layout::page;
use super::{picture_url, product_url};
use crate::cart::MOST_OF_ONE;
use crate::catalogue::{self, CATEGORIES, Category, DEAL, Product};
use crate::session::Session;

/// The home page.
pub(crate) fn home(session: &Session) -> Markup {
    let main = html! {
        section.hero {
            div {
                h1 { "Things that last, from people we know" }
                p { "Stoneware, lamps and linen from eleven workshops between the harbour and the hills." }
                a.button href="/shop" { "Browse the shop" }
            }
            img src="/assets/harbour.svg" alt="Boats in a harbour in the evening" width="460" height="300";
        }
        section aria-labelledby="categories" {
            h2 #categories { "Categories" }
            ul.tiles {
                @for category in CATEGORIES {
                    li {
                        @if let Some(product) = catalogue::in_category(Some(category.slug)).nth(1) {
                            img src=(picture_url(product)) alt="" width="120" height="120";
                        }
                        h3 { (category.name) }
                        a href={ "/shop?category=" (category.slug) } { (category.line) }
                    }
                }
            }
        }
        section.newsletter aria-labelledby="newsletter" {
            div {
                h2 #newsletter { "A letter, once a month" }
                p { "New pieces, open workshops, no noise." }
                p { a href="/deals" { "See this week's deal" } }
            }
            form #newsletter-form action="/newsletter" method="post" novalidate {
                label for="newsletter-email" { "Email for the newsletter" }
                input #newsletter-email name="email" type="email" autocomplete="email"
                    aria-describedby="newsletter-error";
                p.error #newsletter-error hidden {}
                button { "Subscribe" }
            }
            div.toast #toast role="alert" hidden {}
        }
    };
    page(session, "Home", &["shop.js", "search.js", "newsletter.js"], &main)
}

/// The product list, empty at first: a script fetches what belongs into it.
pub(crate) fn shop(session: &Session, category: Option<&Category>) -> Markup {
    let name = category.map_or("All products", |category| category.name);
    let slug = category.map_or("", |category| category.slug);
    let main = html! {
        h1 { (name) }
        p.lead { (category.map_or("Everything on our shelves", |category| category.line)) }
        div.products #products role="list" aria-label="Products" aria-busy="true" data-category=(slug) {
            @for _ in 0..4 {
                div.product.skeleton aria-hidden="true" {}
            }
        }
        p.error #list-error role="alert" hidden {}
        template #product-template {
            article.product role="listitem" data-testid="product" {
                img width="160" height="160" alt="";
                h2 { a {} }
                p.price {}
                button type="button" { "Add to cart" }
            }
        }
    };
    page(session, name, &["shop.js", "search.js", "list.js"], &main)
}

/// A product's page.
pub(crate) fn product(session: &Session, product: &Product) -> Markup {
    let main = html! {
        nav aria-label="Breadcrumb" {
            ol.trail {
                li { a href="/shop" { "All products" } }
                @if let Some(category) = catalogue::category(product.category) {
                    li { a href={ "/shop?category=" (category.slug) } { (category.name) } }
                }
                li aria-current="page" { (product.name) }
            }
        }
        article.detail {
            img src=(picture_url(product)) alt=(product.name) width="420" height="420";
            div {
                h1 { (product.name) }
                p.price data-testid="price" { (product.price) }
                p { (product.description) }
                @if product.in_stock {
                    form.buy method="post" action=(product_url(product)) {
                        label for="quantity" { "Quantity" }
                        select #quantity name="quantity" {
                            @for quantity in 1..=MOST_OF_ONE / 2 {
                                option value=(quantity) { (quantity) }
                            }
                        }
                        button { "Add to cart" }
                    }
                    p.note { "In stock, on its way within two days." }
                } @else {
                    button disabled { "Sold out" }
                    p.note { "The weavers are at work; expected in spring." }
                }
            }
        }
    };
    page(session, product.name, &["shop.js", "search.js"], &main)
}

/// The deal of the week: a countdown, and a button that slides into its place.
pub(crate) fn deals(session: &Session) -> Markup {
    let (sku, price) = DEAL;
    let main = html! {
        h1 { "This week's deal" }
        @if let Some(product) = catalogue::find(sku) {
            article.deal {
                img src=(picture_url(product)) alt=(product.name) width="260" height="260";
                div {
                    h2 { (product.name) }
                    p { (product.description) }
                    p.price { s { (product.price) } " " strong { (price) } }
                    p { "Ends in " span #countdown role="timer" aria-label="Time left" { "--:--" } }
                    div.runway { button.sliding #claim type="button" { "Claim the deal" } }
                    p.note #claimed hidden { "It is in your cart." }
                }
            }
        }
    };
    page(session, "Deals", &["shop.js", "search.js", "deals.js"], &main)
}

/// What was found for the words typed.
pub(crate) fn search(session: &Session, words: &str) -> Markup {
    let found: Vec<&Product> = catalogue::search(words).collect();
    let main = html! {
        h1 { "Results for “" (words) "”" }
        @if found.is_empty() {
            p { "Nothing found. Try " a href="/search?q=mug" { "mug" } " or look at " a href="/shop" { "everything" } "." }
        } @else {
            ul.results {
                @for product in found {
                    li {
                        img src=(picture_url(product)) alt="" width="64" height="64";
                        a href=(product_url(product)) { (product.name) }
                        span.price { (product.price) }
                    }
                }
            }
        }
    };
    page(session, "Search", &["shop.js", "search.js"], &main)
}
