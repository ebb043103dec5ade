//! What pages look like: sessions and products in, HTML out. Nothing here decides or changes anything.
//! Everything that comes from a visitor passes maud's escaping.

mod account;
mod browse;
mod cart;
mod checkout;
mod content;
mod layout;

pub(crate) use account::account;
pub(crate) use browse::{deals, home, product, search, shop};
pub(crate) use cart::{cart, cart_content};
pub(crate) use checkout::{address, card, payment, thanks};
pub(crate) use content::{about, missing, newsletter_result};

use crate::catalogue::Product;

/// The address of a product's page.
pub(crate) fn product_url(product: &Product) -> String {
    format!("/product/{}", product.sku)
}

/// The address of a product's picture.
fn picture_url(product: &Product) -> String {
    format!("/pictures/{}.svg", product.sku)
}
