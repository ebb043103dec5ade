//! Flows that go where they may not, or look for what is not there.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "stray",
    flows: [opens_home, opens_a_foreign_host, opens_a_file, clicks_one_of_many, waits_in_vain, opens_a_foreign_bucket],
}

/// Opens the application and nothing else.
#[flow(url = "/")]
fn opens_home(_page: Page) -> Result {
    Ok(())
}

/// Opens a host that it did not ask for.
#[flow(url = "https://elsewhere.example/")]
fn opens_a_foreign_host(_page: Page) -> Result {
    Ok(())
}

/// Opens a file of the machine.
#[flow(url = "file:///etc/hostname")]
fn opens_a_file(_page: Page) -> Result {
    Ok(())
}

/// Clicks a link without saying which.
#[flow(url = "/cart")]
fn clicks_one_of_many(page: Page) -> Result {
    page.get_by_role(Role::Navigation, ())
        .get_by_role(Role::Link, ())
        .click()
}

/// Waits for a button that the shop does not have.
#[flow(url = "/cart")]
fn waits_in_vain(page: Page) -> Result {
    let button = page.get_by_role(Role::Button, "Teleport");
    button.click_with(PointerOptions::new().timeout(300.milliseconds()))
}

/// Opens a bucket that it did not ask for.
#[flow]
fn opens_a_foreign_bucket() -> Result {
    Bucket::open("orders")?;
    Ok(())
}
