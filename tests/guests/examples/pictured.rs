//! A flow that compares pictures with their baselines; a parameter changes what the page shows.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "pictured",
    flows: [looks_as_before],
}

/// Looks at a product, as a whole and in part, without its price.
#[flow(url = "/", tags = ["picture"])]
fn looks_as_before(page: Page, context: Context) -> Result {
    let path = context.param("path").unwrap_or("/product/blue-mug").to_owned();
    page.goto(&path)?;
    let whole = ScreenshotOptions::new().full_page().freeze_animations();
    let whole = whole.mask(page.get_by_test_id("price")).name("product");
    expect(&page).to_have_screenshot_with(whole, Likeness::new())?;
    expect(page.get_by_role(Role::Heading, ()).first()).to_have_screenshot("title")
}
