//! Flows that run JavaScript of their own in the page; each of the later ones ends in another way.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "scripted",
    flows: [reads_what_the_page_knows, adds_to_the_page, gives_files, expects_another_property, throws, answers_an_element, never_ends],
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

/// Adds a style and a script, and expects what they do.
#[flow]
fn adds_to_the_page(page: Page) -> Result {
    expect(&page.goto("/")?).to_be_ok()?;
    // The shop's own policy forbids both.
    page.goto("about:blank")?;
    page.set_content("<h1>nothing yet</h1>")?;
    page.add_style("h1 { letter-spacing: 7px }")?;
    page.add_script("document.querySelector('h1').note = {read: [1, 2]}")?;
    let heading = page.locator("h1").first();
    expect(&heading).to_have_css("letter-spacing", "7px")?;
    expect(&heading).to_have_js_property("note.read", "[1, 2]")?;
    expect(&heading).not().to_have_js_property("note", "{}")?;
    expect(&heading).to_have_no_js_property("missing")
}

/// Chooses files and drops one.
#[flow(url = "about:blank")]
fn gives_files(page: Page) -> Result {
    page.set_content(
        "<label>Invoice <input type=file></label><output></output><div style='height: 50px'>here</div>
         <script>
           const tell = async (files) => {
             document.querySelector('output').textContent = files[0].name + ': ' + await files[0].text();
           };
           onchange = (event) => tell(event.target.files);
           ondragover = (event) => event.preventDefault();
           ondrop = (event) => { event.preventDefault(); tell(event.dataTransfer.files) };
         </script>",
    )?;
    let file = |name: &str| File::new(name, "text/plain", "hello");
    page.get_by_label("Invoice")
        .set_input_files(&[file("chosen.txt")])?;
    expect(page.locator("output")).to_have_text("chosen.txt: hello")?;
    page.get_by_text("here")
        .drop(&Dropped::files(&[file("dropped.txt")]))?;
    expect(page.locator("output")).to_have_text("dropped.txt: hello")
}

/// Expects a property that the page does not have.
#[flow(url = "/")]
fn expects_another_property(page: Page) -> Result {
    expect(page.locator("h1").first())
        .within(300.milliseconds())
        .to_have_js_property("tagName", r#""H2""#)
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
