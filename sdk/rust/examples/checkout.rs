//! A component with two flows, as an author writes it:
//! `cargo build -p flowguard-sdk --example checkout --target wasm32-wasip2`.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    flows: [checkout, search],
    buckets: ["orders"],
    plugins: ["content"],
}

/// Buys one mug and pays by card.
#[flow(url = "/", critical, tags = ["smoke", "checkout"], timeout = "45s")]
fn checkout(page: Page) -> Result {
    page.get_by_role(Role::Link, "Mugs").click()?;
    let card = page.get_by_test_id("product").filter(has_text("Blue mug"));
    card.get_by_role(Role::Button, "Add to cart").click()?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("1 item")?;
    step("pay", || {
        page.get_by_label("Card number").fill("4242 4242 4242 4242")?;
        page.get_by_role(Role::Button, exact("Pay")).click()
    })?;
    expect(&page).to_have_url("/thanks")?;

    let text = page.get_by_test_id("order-number").text_content()?;
    let number: u32 = text.trim().parse().or_fail("the order number")?;
    let orders = Bucket::open("orders")?;
    if let Some(last) = orders.get_string("last")? {
        check_that("the order number grows", number > last.parse()?)?;
    }
    orders.set("last", number.to_string())
}

/// Finds a product by its name.
#[flow(tags = ["smoke"])]
fn search(page: Page, context: Context) -> Result {
    page.goto("/")?;
    let words = context.param("words").unwrap_or("blue mug");
    page.get_by_role(Role::Searchbox, ()).fill(words)?;
    page.press("Enter")?;
    let results = page.get_by_role(Role::Listitem, ());
    expect(&results).not().to_have_count(0)?;
    expect(results.first())
        .soft()
        .within(2.seconds())
        .because("the best match comes first")
        .to_contain_text(words)?;
    assert_with("content", &page, ())?;
    Ok(())
}
