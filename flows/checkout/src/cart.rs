//! The sums of the cart, computed again from what it shows. Amounts are cents: nothing is rounded.

use flowguard_sdk::prelude::*;

use crate::{enter_shop, put_in_cart};

/// Changes quantities and finds that every sum in the cart is right.
#[flow(tags = ["checkout", "cart"])]
pub(crate) fn cart_arithmetic(page: Page, context: Context) -> Result {
    enter_shop(&page, &context)?;
    put_in_cart(&page, "blue-mug", "1")?;
    put_in_cart(&page, "tea-towel", "2")?;
    step("check the sums with shipping", || {
        check_sums(&page, &[1250, 2 * 950])
    })?;

    step("order enough for free shipping", || {
        let mug = page.get_by_role(Role::Row, "Blue mug");
        let quantity = page.get_by_label("Quantity of Blue mug");
        quantity.fill("3")?;
        quantity.press("Enter")?;
        expect(mug.get_by_test_id("amount"))
            .because("the row is drawn anew")
            .to_have_text("€37.50")?;
        expect(page.get_by_role(Role::Status, ())).to_have_text("5 items")?;
        expect(page.get_by_test_id("shipping")).to_have_text("Free")?;
        check_sums(&page, &[3 * 1250, 2 * 950])
    })
}

/// The amounts of the rows are these, and the sums below follow from them.
fn check_sums(page: &Page, expected: &[u32]) -> Result {
    let shown = page.get_by_test_id("amount").all_inner_texts()?;
    let amounts = shown.iter().map(|text| cents(text)).collect::<Result<Vec<_>>>()?;
    check_eq("amounts of the rows, in cents", amounts.as_slice(), expected)?;

    let sum = |name| cents(&page.get_by_test_id(name).text_content()?);
    let (subtotal, shipping, total) = (sum("subtotal")?, sum("shipping")?, sum("total")?);
    let expected_shipping = if subtotal < 5000 { 490 } else { 0 };
    check_eq(
        "subtotal = sum of the rows, in cents",
        subtotal,
        amounts.iter().sum::<u32>(),
    )?;
    check_eq(
        "shipping, free from €50.00, in cents",
        shipping,
        expected_shipping,
    )?;
    check_eq(
        "total = subtotal + shipping, in cents",
        total,
        subtotal + shipping,
    )
}

/// Reads `€12.50` and `Free`.
fn cents(text: &str) -> Result<u32> {
    let text = text.trim();
    if text == "Free" {
        return Ok(0);
    }
    let amount = text.strip_prefix('€').and_then(|amount| amount.split_once('.'));
    let (euros, cents) = amount.or_fail(format_args!("not an amount such as €12.50: {text}"))?;
    Ok(euros.parse::<u32>()? * 100 + cents.parse::<u32>()?)
}

#[cfg(test)]
mod tests {
    use super::cents;

    #[test]
    fn amounts_are_read_as_cents() {
        assert_eq!(cents(" €12.50 ").ok(), Some(1250));
        assert_eq!(cents("Free").ok(), Some(0));
        assert!(cents("12 euros").is_err());
    }
}
