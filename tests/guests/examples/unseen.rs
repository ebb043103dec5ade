//! The page of a development session in a tab that nobody sees, and that is seen again.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "unseen",
    flows: [lets_go_of_its_streams],
}

/// An unseen page follows no run, also none that begins meanwhile.
#[flow]
fn lets_go_of_its_streams(page: Page, context: Context) -> Result {
    page.goto(context.param("link").or_fail("no link was given")?)?;
    let picture = page.locator("#picture").first();
    let report = page.locator("#report").first();
    expect(&picture).to_have_attribute("src", pattern("^v1/runs/.+/picture$"))?;
    is_hidden(&page, true)?;
    expect(&picture).not().to_have_attribute("src", pattern(""))?;
    let last = report.attribute("href")?.unwrap_or_default();
    page.press("r")?;
    expect(&report).not().to_have_attribute("href", last)?;
    expect(&picture).not().to_have_attribute("src", pattern(""))?;
    is_hidden(&page, false)?;
    expect(&picture).to_have_attribute("src", pattern("^v1/runs/.+/picture$"))
}

/// Has the page find itself hidden, or shown.
fn is_hidden(page: &Page, hidden: bool) -> Result {
    page.evaluate(&format!(
        "(() => {{
            Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});
            document.dispatchEvent(new Event('visibilitychange'));
        }})()"
    ))?;
    Ok(())
}
