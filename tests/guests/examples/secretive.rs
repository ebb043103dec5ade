//! Flows that have the host type a secret: some use it, some do all that they can to read it, some ask for it where they
//! must not.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    reason = "what a guest prints and panics with must not hold a secret either"
)]

use flowguard_sdk::Span;
use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "secretive",
    flows: [
        signs_in, sees_it_sent, clicks_while_it_is_looked_at, tells_everything, panics_with_it, comes_back_to_the_form, fills_a_frame_on_the_list,
        asks_in_a_foreign_frame, asks_in_a_sandbox, asks_at_a_look_alike, asks_while_the_frame_leaves,
        asks_for_another_s, asks_for_none, asks_for_a_short_one, asks_in_an_editor,
    ],
    hosts: ["localhost"],
    buckets: ["notes"],
}

const SECRET: &str = "vault-key";

fn fill_all(page: &Page) -> Result {
    page.get_by_label("User").fill("ann")?;
    page.get_by_label("Password").fill_secret(SECRET)?;
    page.get_by_label("Key").fill_secret(SECRET)
}

/// Signs in, with a picture of the form, after a page without any secret was drawn often.
#[flow(url = "/drawing")]
fn signs_in(page: Page) -> Result {
    expect(page.get_by_role(Role::Status, ())).to_have_text("30")?;
    page.goto("/form")?;
    fill_all(&page)?;
    expect(page.get_by_label("Key")).not().to_have_value("")?;
    page.screenshot("the form")?;
    page.get_by_role(Role::Button, "Sign in").click()?;
    expect(page.get_by_role(Role::Heading, "Welcome")).to_be_visible()
}

/// Signs in where the application shows what it got, as forms write it.
#[flow(url = "/form")]
fn sees_it_sent(page: Page) -> Result {
    fill_all(&page)?;
    page.get_by_role(Role::Button, "Sign in").click()?;
    expect(page.get_by_role(Role::Heading, "Welcome")).to_be_visible()?;
    page.screenshot("what was sent")?;
    Ok(())
}

/// Clicks while the host looks, for each picture of the page, whether the secret is on it.
#[flow(url = "/busy")]
fn clicks_while_it_is_looked_at(page: Page) -> Result {
    page.get_by_label("Key").fill_secret(SECRET)?;
    let count = page.get_by_role(Role::Button, "Count");
    for _ in 0..100 {
        count.click()?;
    }
    expect(page.locator("output")).to_have_text("100")
}

/// Reads the value in every way, and says it in every way; then fails on it.
#[flow(url = "/form", tags = ["tells"])]
fn tells_everything(page: Page) -> Result {
    fill_all(&page)?;
    let key = page.get_by_label("Key");
    let mut heard = vec![
        key.input_value()?,
        page.get_by_label("Password").input_value()?,
        page.locator("#mirror").inner_text()?,
        page.locator("#mirror").inner_html()?,
        page.locator("#loud").inner_text()?,
        page.locator("#mirror").attribute("data-copy")?.unwrap_or_default(),
        page.content()?,
        page.aria_snapshot()?,
        page.title()?,
        page.evaluate("document.querySelector('#key').value")?,
        page.evaluate("btoa('ann:' + document.querySelector('#key').value)")?,
        page.evaluate("encodeURIComponent(document.querySelector('#key').value)")?,
        page.evaluate("({[document.querySelector('#key').value]: [JSON.stringify(document.querySelector('#key').value)]})")?,
        page.context()?.storage_state()?,
    ];
    for cookie in page.context()?.cookies()? {
        heard.push(cookie.value);
    }
    for button in ["By JSON", "By form", "By parts", "By address", "By header"] {
        let answered =
            page.expect_response("**/echo**", || page.get_by_role(Role::Button, button).click())?;
        heard.push(answered.request().url().to_owned());
        heard.push(answered.text()?);
        heard.push(answered.request().text().unwrap_or_default().to_owned());
        for header in answered.request_headers()? {
            heard.push(header.value);
        }
    }
    let download = page.expect_download(|| page.get_by_role(Role::Link, "Save").click())?;
    heard.push(String::from_utf8_lossy(&download.bytes()?).into_owned());
    // What no search can find in the answers is put together again here.
    heard.push(put_together(&page)?);
    let notes = Bucket::open("notes")?;
    for (number, text) in heard.iter().enumerate() {
        log(text)?;
        println!("{text}");
        eprintln!("{text}");
        notes.set(&format!("note-{number}"), text)?;
        attach(&format!("note {number}"), "text/plain", text)?;
        // What has more bytes is no name of a step.
        if (1..=200).contains(&text.len()) {
            step(text, || {
                Span::start_with(text, &[("heard", text)])?.end(Some(text))
            })?;
        }
    }
    page.screenshot("all of it")?;
    expect(&key)
        .within(300.milliseconds())
        .to_have_value("something else")
}

/// The value in two halves, which are none by themselves.
fn put_together(page: &Page) -> Result<String> {
    let half = |from: &str, to: &str| {
        let script = format!("document.querySelector('#key').value.slice({from}, {to})");
        page.evaluate(&script)
            .map(|json| json.trim_matches('"').to_owned())
    };
    Ok(format!("{}{}", half("0", "8")?, half("8", "99")?))
}

/// Ends in a panic that says it.
#[flow(url = "/form", tags = ["tells"])]
fn panics_with_it(page: Page) -> Result {
    fill_all(&page)?;
    panic!("the key is {}", put_together(&page)?);
}

/// Leaves the form and comes back; the browser fills it again.
#[flow(url = "/form", tags = ["masked"])]
fn comes_back_to_the_form(page: Page) -> Result {
    fill_all(&page)?;
    page.goto("/elsewhere")?;
    page.go_back()?;
    expect(page.get_by_label("Key")).to_be_visible()?;
    page.screenshot("again")?;
    Err(fail("a picture of the end, please"))
}

/// The frame that holds the field is of an origin on the list; the page around it is not.
#[flow(url = "about:blank", tags = ["masked"])]
fn fills_a_frame_on_the_list(page: Page, context: Context) -> Result {
    page.goto(&format!("{}/around?frame=home", elsewhere(&context)))?;
    page.frame_locator("#frame")
        .get_by_label("Key")
        .fill_secret(SECRET)?;
    page.screenshot("the frame")?;
    Ok(())
}

/// A frame of another origin in a page of the right one.
#[flow(url = "/around?frame=away")]
fn asks_in_a_foreign_frame(page: Page) -> Result {
    page.frame_locator("#frame")
        .get_by_label("Key")
        .fill_secret(SECRET)
}

/// A frame without an origin.
#[flow(url = "/around?frame=sandbox")]
fn asks_in_a_sandbox(page: Page) -> Result {
    page.frame_locator("#frame")
        .get_by_label("Key")
        .fill_secret(SECRET)
}

/// The same pages under another name.
#[flow(url = "about:blank")]
fn asks_at_a_look_alike(page: Page, context: Context) -> Result {
    page.goto(&format!("{}/form", elsewhere(&context)))?;
    page.get_by_label("Key").fill_secret(SECRET)
}

/// The field is of the right origin as long as it cannot be filled, and of another one once it can.
#[flow(url = "/around?frame=leaving")]
fn asks_while_the_frame_leaves(page: Page) -> Result {
    page.frame_locator("#frame")
        .get_by_label("Key")
        .fill_secret(SECRET)
}

/// A secret that lists another component.
#[flow(url = "/form")]
fn asks_for_another_s(page: Page) -> Result {
    page.get_by_label("Key").fill_secret("other-key")
}

/// A secret that there is not.
#[flow(url = "/form")]
fn asks_for_none(page: Page) -> Result {
    page.get_by_label("Key").fill_secret("no-such-key")
}

/// A secret that could not be kept out of reports.
#[flow(url = "/form")]
fn asks_for_a_short_one(page: Page) -> Result {
    page.get_by_label("Key").fill_secret("short-key")
}

/// An element that takes text and is no field.
#[flow(url = "/form")]
fn asks_in_an_editor(page: Page) -> Result {
    page.locator("#editor").fill_secret(SECRET)
}

/// The application by its other name.
fn elsewhere(context: &Context) -> String {
    context
        .base_url()
        .replace("127.0.0.1", "localhost")
        .trim_end_matches('/')
        .to_owned()
}
