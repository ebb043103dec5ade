//! Flows that buy in the shop: the whole journey, the forms that refuse, the sums of the cart.
//!
//! This file lists the flows and holds the steps that they share; each flow is in the file of its subject.

mod cart;
mod forms;
mod journey;

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "checkout",
    flows: [journey::checkout, forms::address_errors, forms::card_errors, cart::cart_arithmetic],
    buckets: ["orders"],
}

/// Opens the shop, with the bug switched on that the run asks for by `--param bug=NAME`.
fn enter_shop(page: &Page, context: &Context) -> Result {
    page.goto(&format!("/?bug={}", context.param("bug").unwrap_or("none")))?;
    Ok(())
}

/// Puts products into the cart from their page; ends in the cart.
fn put_in_cart(page: &Page, product: &str, quantity: &str) -> Result {
    step(format!("put into the cart: {quantity} × {product}"), || {
        page.goto(&format!("/product/{product}"))?;
        page.get_by_label("Quantity").select_option(quantity)?;
        page.get_by_role(Role::Button, "Add to cart").click()?;
        expect(page).to_have_url("/cart")?;
        expect(page.get_by_role(Role::Link, "Go to checkout")).to_be_visible()
    })
}

/// Fills in a good address, from the cart on; ends at the payment.
fn give_address(page: &Page) -> Result {
    step("give the address", || {
        page.get_by_role(Role::Link, "Go to checkout").click()?;
        page.get_by_label("Email").fill("ada@example.org")?;
        page.get_by_label("Full name").fill("Ada Lovelace")?;
        page.get_by_label("Street and number").fill("Pier 1")?;
        page.get_by_label("Postcode").fill("10115")?;
        page.get_by_label("City").fill("Berlin")?;
        page.get_by_label("Country").select_option("Germany")?;
        page.get_by_role(Role::Button, "Continue to payment").click()?;
        expect(page.get_by_role(Role::Heading, "Payment")).to_be_visible()
    })
}

/// Fills in the card, in its frame, and pays.
fn pay_with(page: &Page, card_number: &str) -> Result {
    step("pay", || {
        let card = page.frame_locator("iframe[title='Card payment']");
        card.get_by_label("Card number").fill(card_number)?;
        card.get_by_label("Expiry date").fill("12/60")?;
        card.get_by_label("Security code").fill("123")?;
        let pay = card.get_by_role(Role::Button, "Pay");
        expect(&pay)
            .because("with the card filled in, a person can pay")
            .to_be_enabled()?;
        pay.click_with(PointerOptions::new().timeout(10.seconds()))
    })
}
