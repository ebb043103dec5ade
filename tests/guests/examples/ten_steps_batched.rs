//! The same ten steps as `ten_steps`, the form in one batch: what the benchmark measures over a link.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! { flows: [ten_steps] }

/// Fills in and sends a form.
#[flow(url = "/")]
fn ten_steps(page: Page) -> Result {
    page.batch(|form| {
        form.fill(&page.get_by_label("First name"), "Ada");
        form.fill(&page.get_by_label("Last name"), "Lovelace");
        form.fill(&page.get_by_label("Email"), "ada@example.org");
        form.fill(&page.get_by_label("City"), "London");
        form.select_option(&page.get_by_label("Country"), "United Kingdom");
        form.check(&page.get_by_label("Newsletter"));
        form.check(&page.get_by_label("Terms"));
        form.click(&page.get_by_role(Role::Button, "Send"));
    })?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("Thank you, Ada")?;
    Ok(())
}
