//! Flows that run JavaScript of their own in the page; each of the later ones ends in another way.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "scripted",
    flows: [reads_what_the_page_knows, throws, answers_an_element, never_ends],
}

/// Reads and sets what only scripts can see.
#[flow]
fn reads_what_the_page_knows(page: Page) -> Result {
    let context = page.context()?;
    context.add_init_script("window.seeded = {user: 'Ada'}")?;
    page.add_init_script(
        "addEventListener('load', () => setTimeout(() => { window.ready = seeded.user }, 50))",
    )?;
    page.goto("/")?;
    check_eq("the user", page.evaluate("seeded")?, r#"{"user":"Ada"}"#)?;
    page.wait_for_function_with(
        "(user) => window.ready === user",
        ScriptOptions::new().argument(r#""Ada""#),
    )?;
    let heading = page.get_by_role(Role::Heading, ()).first();
    let text = heading.text_content()?;
    check_eq(
        "the heading",
        heading.evaluate("(heading) => heading.textContent")?,
        format!("{text:?}"),
    )?;
    let links = page.get_by_role(Role::Link, ());
    let named = links.evaluate_all("(links) => links.every((link) => link.href !== '')")?;
    check_eq("links lead somewhere", named, "true")?;
    heading.wait_for_function("(heading) => heading.isConnected")
}

/// Throws in the page.
#[flow(url = "/")]
fn throws(page: Page) -> Result {
    page.evaluate("() => { throw new Error('out of mugs') }")
        .map(drop)
}

/// Answers what is no JSON.
#[flow(url = "/")]
fn answers_an_element(page: Page) -> Result {
    page.evaluate("document.body").map(drop)
}

/// Runs a script that the deadline must end.
#[flow(url = "/", timeout = "3s")]
fn never_ends(page: Page) -> Result {
    page.evaluate("() => { for (;;) {} }").map(drop)
}
