//! Ten steps on one form: what the benchmark measures.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! { flows: [ten_steps] }

/// Fills in and sends a form.
#[flow(url = "/")]
fn ten_steps(page: Page) -> Result {
    page.get_by_label("First name").fill("Ada")?;
    page.get_by_label("Last name").fill("Lovelace")?;
    page.get_by_label("Email").fill("ada@example.org")?;
    page.get_by_label("City").fill("London")?;
    page.get_by_label("Country").select_option("United Kingdom")?;
    page.get_by_label("Newsletter").check()?;
    page.get_by_label("Terms").check()?;
    page.get_by_role(Role::Button, "Send").click()?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("Thank you, Ada")?;
    Ok(())
}
