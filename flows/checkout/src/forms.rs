//! Forms that refuse: what is wrong is said by its field, and the first such field has the focus.

use flowguard_sdk::prelude::*;

use crate::{enter_shop, give_address, pay_with, put_in_cart};

/// Learns from the address form what is missing, and puts it right.
#[flow(tags = ["checkout", "forms"], timeout = "45s")]
pub(crate) fn address_errors(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    put_in_cart(&page, "tea-towel", "1")?;
    page.get_by_role(Role::Link, "Go to checkout").click()?;
    let submit = page.get_by_role(Role::Button, "Continue to payment");
    let alert = page.get_by_role(Role::Alert, ());

    step("send the empty form", || {
        submit.click()?;
        expect(&alert).to_have_text("Please correct 6 fields.")?;
        expect(page.get_by_label("Email"))
            .because("the first wrong field has the focus")
            .to_be_focused()?;
        expect_error(
            &page,
            "Email",
            "email-error",
            "Enter an email address such as ada@example.org",
        )?;
        expect_error(&page, "Country", "country-error", "Choose a country")
    })?;
    step("mistype the postcode", || {
        page.get_by_label("Email").fill("ada@example.org")?;
        page.get_by_label("Full name").fill("Ada Lovelace")?;
        page.get_by_label("Street and number").fill("Herengracht 1")?;
        page.get_by_label("Postcode").fill("10115")?;
        page.get_by_label("City").fill("Amsterdam")?;
        page.get_by_label("Country").select_option("Netherlands")?;
        submit.click()?;
        expect(&alert).to_have_text("Please correct 1 field.")?;
        expect(page.get_by_label("City"))
            .because("what was typed is kept")
            .to_have_value("Amsterdam")?;
        expect_error(
            &page,
            "Postcode",
            "postcode-error",
            "Enter a postcode of four digits and two letters",
        )
    })?;
    page.get_by_label("Postcode").fill("1012 AB")?;
    submit.click()?;
    expect(&page).to_have_url("/checkout/payment")
}

/// Is told that the card was declined, and pays with another one.
#[flow(tags = ["checkout", "forms"], timeout = "45s")]
pub(crate) fn card_errors(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    put_in_cart(&page, "espresso-cup", "2")?;
    give_address(&page)?;

    let card = page.frame_locator("iframe[title='Card payment']");
    let number = card.get_by_label("Card number");
    expect(card.get_by_role(Role::Button, "Pay"))
        .because("nothing is filled in yet")
        .to_be_disabled()?;
    pay_with(&page, "4242 4242 4242 4241")?;
    expect(card.get_by_text("Enter the card number as it is on the card")).to_be_visible()?;
    expect(&number).to_be_focused()?;
    expect(&number).to_have_attribute("aria-describedby", "number-error")?;
    pay_with(&page, "4000 0000 0000 0002")?;
    expect(card.get_by_text("The bank declined this card")).to_be_visible()?;
    pay_with(&page, "5555 5555 5555 4444")?;
    expect(&page).to_have_url("/thanks")
}

/// The field is marked as wrong and tied to the text that says what to do.
fn expect_error(page: &Page, label: &str, id: &str, message: &str) -> Result {
    let field = page.get_by_label(label);
    expect(&field).to_have_attribute("aria-invalid", "true")?;
    expect(&field).to_have_attribute("aria-describedby", id)?;
    expect(page.locator(&format!("#{id}"))).to_have_text(message)
}
