//! Who looks at the back office, from where, when, and with what: contexts, devices, the clock.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "desk-contexts",
    flows: [
        looks_from_berlin, keeps_a_visitor, looks_at_a_phone, works_a_shift, loses_the_network,
        zone_is_unknown, state_is_malformed, taps_without_a_screen, clock_goes_back, opens_too_many,
    ],
}

/// Looks at the same page from elsewhere.
#[flow]
fn looks_from_berlin(page: Page) -> Result {
    page.goto("/profile")?;
    let options = ContextOptions::new().locale("de-DE").time_zone("Europe/Berlin");
    let options = options
        .geolocation(52.5, 13.4)
        .permissions(&[Permission::Geolocation]);
    let berlin = BrowserContext::create(options.color_scheme(ColorScheme::Dark))?;
    let there = berlin.open_page()?;
    there.goto("/profile")?;
    expect(there.locator("#language")).to_have_text("de-DE")?;
    expect(there.locator("#began")).to_have_text("01/01/1970, 01:00")?;
    expect(there.locator("#place")).to_have_text("52.5, 13.4")?;
    expect(there.locator("#colours")).to_have_text("dark")?;
    expect(page.locator("#colours")).to_have_text("light")?;
    berlin.close()
}

/// Signs in once, and begins another context where this one ended.
#[flow(url = "/profile")]
fn keeps_a_visitor(page: Page) -> Result {
    page.get_by_role(Role::Button, "Sign in").click()?;
    let signed_in = "signed in as Ada, sea theme";
    expect(page.get_by_role(Role::Status, ())).to_have_text(signed_in)?;
    let state = page.context()?.storage_state()?;

    let stranger = BrowserContext::create(ContextOptions::new())?.open_page()?;
    stranger.goto("/profile")?;
    expect(stranger.get_by_role(Role::Status, ())).to_have_text("signed out")?;
    let same = BrowserContext::create(ContextOptions::new().storage_state(state))?.open_page()?;
    same.goto("/profile")?;
    expect(same.get_by_role(Role::Status, ())).to_have_text(signed_in)
}

/// Looks like a telephone, and is touched.
#[flow]
fn looks_at_a_phone() -> Result {
    let phone = BrowserContext::create(ContextOptions::new().device(Device::IPhone15))?;
    let page = phone.open_page()?;
    page.goto("/profile")?;
    expect(page.locator("#width")).to_have_text("393")?;
    page.get_by_role(Role::Button, "Touch me").tap()?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("touched")
}

/// Works for four hours in no time.
#[flow]
fn works_a_shift(page: Page) -> Result {
    const FIRST_OF_MAY: f64 = 1_777_593_600_000.0;
    let clock = page.context()?.clock();
    clock.install_at(FIRST_OF_MAY)?;
    page.goto("/shift")?;
    expect(page.locator("#day")).to_have_text("2026-05-01")?;
    let status = page.get_by_role(Role::Status, ());
    expect(&status).to_have_text("working")?;
    clock.run_for(3.minutes())?;
    expect(page.locator("#ticks")).to_have_text("3 minutes")?;
    clock.fast_forward(240.minutes())?;
    expect(&status).to_have_text("take a break")
}

/// Is without a network for a while.
#[flow(url = "/delivery?parcel=30")]
fn loses_the_network(page: Page) -> Result {
    let context = page.context()?;
    context.set_offline(true)?;
    page.get_by_role(Role::Button, "Send note").click()?;
    expect(page.get_by_text("not sent")).to_be_visible()?;
    context.set_offline(false)?;
    page.get_by_role(Role::Button, "Send note").click()?;
    expect(page.get_by_text("POST by nobody")).to_be_visible()
}

/// Looks from a place that no map has.
#[flow]
fn zone_is_unknown() -> Result {
    let nowhere = BrowserContext::create(ContextOptions::new().time_zone("Europe/Atlantis"))?;
    nowhere.open_page()?;
    Ok(())
}

/// Begins with a state that is none.
#[flow]
fn state_is_malformed() -> Result {
    BrowserContext::create(ContextOptions::new().storage_state("{\"cookies\": 3}"))?;
    Ok(())
}

/// Touches a screen that cannot feel.
#[flow(url = "/profile")]
fn taps_without_a_screen(page: Page) -> Result {
    page.get_by_role(Role::Button, "Touch me").tap()
}

/// Turns the clock back.
#[flow(url = "/shift")]
fn clock_goes_back(page: Page) -> Result {
    page.context()?.clock().pause_at(0.0)
}

/// Opens one context after another.
#[flow]
fn opens_too_many() -> Result {
    let mut open = Vec::new();
    loop {
        open.push(BrowserContext::create(ContextOptions::new())?);
    }
}
