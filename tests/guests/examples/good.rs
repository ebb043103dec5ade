//! Flows that are in order, for tests of what happens beside them.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "good",
    flows: [reads_home, reads_cart, keeps_a_picture],
}

/// Opens the shop.
#[flow(url = "/", tags = ["quick", "home"])]
fn reads_home(page: Page) -> Result {
    expect(page.get_by_role(Role::Heading, "Things that last")).to_be_visible()
}

/// Opens the cart, which is empty.
#[flow(url = "/cart", tags = ["quick"])]
fn reads_cart(page: Page) -> Result {
    expect(page.get_by_text("Your cart is empty")).to_be_visible()
}

/// Takes a picture of a product.
#[flow(url = "/product/blue-mug", tags = ["picture"])]
fn keeps_a_picture(page: Page) -> Result {
    expect(page.get_by_test_id("price")).to_have_text("€12.50")?;
    page.screenshot("the mug")?;
    Ok(())
}
