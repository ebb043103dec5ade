//! Flows that look around in the shop: a list that comes late, suggestions while typing, a button that moves,
//! a dialog that asks. None of them waits by the clock; each says what a person would see next.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "catalogue",
    flows: [browse, search, deal, remove_from_cart],
}

/// Opens the shop, with the bug switched on that the run asks for by `--param bug=NAME`.
fn enter_shop(page: &Page, context: &Context) -> Result {
    page.goto(&format!("/?bug={}", context.param("bug").unwrap_or("none")))?;
    Ok(())
}

/// Looks through a category and everything else, and opens a product.
#[flow(tags = ["smoke", "catalogue"])]
fn browse(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    let products = page.get_by_test_id("product");

    page.get_by_role(Role::Link, exact("Mugs")).click()?;
    expect(page.get_by_role(Role::Heading, RoleOptions::new().level(1))).to_have_text("Mugs")?;
    expect(&products)
        .because("the list of mugs arrives")
        .to_have_count(4)?;
    expect(page.get_by_role(Role::List, "Products")).to_have_attribute("aria-busy", "false")?;
    let names = ["Espresso cup", "Blue mug", "Speckled mug", "Green mug"];
    expect(products.get_by_role(Role::Heading, ())).to_have_texts(names)?;

    page.get_by_role(Role::Link, "All products").click()?;
    expect(&products)
        .because("the whole list arrives")
        .to_have_count(12)?;
    let sold_out = products.filter(has_text("Wool throw"));
    expect(sold_out.get_by_role(Role::Button, "Sold out")).to_be_disabled()?;

    page.get_by_role(Role::Link, "Clay teapot").click()?;
    expect(&page).to_have_title("Clay teapot · Harbour Goods")?;
    expect(page.get_by_test_id("price")).to_have_text("€38.00")
}

/// Finds a product by typing a few letters.
#[flow(tags = ["smoke", "catalogue"])]
fn search(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    let field = page.get_by_role(Role::Combobox, "Search products");
    let suggestions = page
        .get_by_role(Role::Listbox, "Suggestions")
        .get_by_role(Role::Option, ());

    step("choose a suggestion with the keyboard", || {
        field.fill("mug")?;
        expect(&suggestions).to_have_texts(["Blue mug", "Speckled mug", "Green mug"])?;
        expect(&field).to_have_attribute("aria-expanded", "true")?;
        page.press("ArrowDown")?;
        page.press("ArrowDown")?;
        let chosen = page.get_by_role(Role::Option, RoleOptions::new().selected(true));
        expect(chosen).to_have_text("Speckled mug")?;
        page.press("Enter")?;
        expect(&page).to_have_url("/product/speckled-mug")
    })?;
    step("choose a suggestion with the mouse", || {
        field.fill("lamp")?;
        suggestions.filter(has_text("Desk")).click()?;
        expect(&page).to_have_url("/product/desk-lamp")
    })?;
    step("close the suggestions and search for what does not exist", || {
        field.fill("mug")?;
        expect(suggestions.first()).to_be_visible()?;
        field.press("Escape")?;
        expect(&suggestions).to_have_count(0)?;
        field.fill("submarine")?;
        field.press("Enter")?;
        expect(page.get_by_text("Nothing found")).to_be_visible()
    })
}

/// Claims the deal of the week as soon as its button has come to rest.
#[flow(tags = ["catalogue"])]
fn deal(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    page.get_by_role(Role::Link, exact("Deals")).click()?;
    let countdown = page.get_by_role(Role::Timer, "Time left");
    expect(&countdown).to_have_text(pattern(r"^\d\d:\d\d$"))?;
    let before = countdown.text_content()?;
    expect(&countdown)
        .not()
        .because("the countdown runs")
        .to_have_text(before)?;

    // The button slides in anew: the host clicks when it has stopped.
    page.reload()?;
    page.get_by_role(Role::Button, "Claim the deal").click()?;
    expect(page.get_by_text("It is in your cart")).to_be_visible()?;
    page.get_by_role(Role::Link, exact("Cart")).click()?;
    let teapot = page.get_by_role(Role::Row, "Clay teapot");
    expect(teapot.get_by_test_id("amount"))
        .because("a deal costs its own price")
        .to_have_text("€28.50")
}

/// Is asked before something leaves the cart, and thinks twice.
#[flow(tags = ["catalogue", "cart"])]
fn remove_from_cart(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    page.goto("/product/table-lamp")?;
    page.get_by_role(Role::Button, "Add to cart").click()?;
    let lamp = page.get_by_role(Role::Row, "Table lamp");
    let remove = page.get_by_role(Role::Button, "Remove Table lamp");
    let question = page.get_by_role(Role::Dialog, "Remove from cart?");

    step("keep it", || {
        remove.click()?;
        expect(&question).to_contain_text("You are about to remove Table lamp")?;
        question.get_by_role(Role::Button, "Keep it").click()?;
        expect(&question).to_be_hidden()?;
        expect(&lamp).to_be_visible()
    })?;
    step("think again, by the keyboard", || {
        remove.click()?;
        expect(&question).to_be_visible()?;
        page.press("Escape")?;
        expect(&question).to_be_hidden()?;
        expect(&lamp).to_be_visible()
    })?;
    step("remove it", || {
        remove.click()?;
        question.get_by_role(Role::Button, exact("Remove")).click()?;
        expect(&lamp).to_have_count(0)?;
        expect(page.get_by_text("Your cart is empty")).to_be_visible()
    })
}
