//! The journey that the shop lives from.

use flowguard_sdk::prelude::*;

use crate::{enter_shop, give_address, pay_with};

/// Buys one mug and pays by card.
#[flow(critical, tags = ["smoke", "checkout"], timeout = "45s")]
pub(crate) fn checkout(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    step("choose a mug", || {
        page.get_by_role(Role::Link, "Mugs").click()?;
        let blue_mug = page.get_by_test_id("product").filter(has_text("Blue mug"));
        expect(&blue_mug)
            .because("the list of mugs arrives")
            .to_be_visible()?;
        blue_mug.get_by_role(Role::Button, "Add to cart").click()?;
        expect(page.get_by_role(Role::Status, ())).to_have_text("1 item")
    })?;
    page.get_by_role(Role::Link, exact("Cart")).click()?;
    expect(page.get_by_role(Role::Row, "Blue mug")).to_be_visible()?;
    give_address(&page)?;
    pay_with(&page, "4242 4242 4242 4242")?;

    expect(&page).to_have_url("/thanks")?;
    expect(page.get_by_role(Role::Heading, "Thank you")).to_be_visible()?;
    expect(page.get_by_role(Role::Status, ()))
        .because("what is bought leaves the cart")
        .to_have_text("0 items")?;
    compare_with_the_last_order(&page)
}

/// Order numbers grow, also from one run to the next: the last one is remembered in a bucket.
fn compare_with_the_last_order(page: &Page) -> Result {
    let shown = page.get_by_test_id("order-number").text_content()?;
    let number: u64 = shown.trim().parse().or_fail("the order number")?;
    let orders = Bucket::open("orders")?;
    if let Some(last) = orders.get_string("last")? {
        let last: u64 = last.parse().or_fail("the remembered order number")?;
        check_that(format!("order {number} comes after order {last}"), number > last)?;
    }
    orders.set("last", number.to_string())
}
