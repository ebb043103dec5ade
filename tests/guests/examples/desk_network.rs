//! The network of the back office: answered in its place, held, watched; and what is tried again until it holds.

use flowguard_sdk::prelude::*;
use flowguard_sdk::{AbortReason, Header, Requests, abort, continue_with, fulfil};

flowguard_sdk::component! {
    name: "desk-network",
    flows: [
        follows_a_parcel, polls_for_the_parcel, answers_for_the_server, changes_a_request, cuts_the_line,
        decides_while_it_waits, sees_the_answer, asks_the_server,
        parcel_never_comes, poll_is_never_right, status_is_impossible, glob_is_malformed, nothing_is_asked, sends_abroad,
    ],
}

/// Reloads until the parcel is there: what holds only together is tried again together.
#[flow]
fn follows_a_parcel(page: Page) -> Result {
    page.goto("/delivery?parcel=17")?;
    to_pass("the parcel arrives", || {
        page.reload()?;
        let status = page.get_by_role(Role::Status, ());
        expect(status)
            .within(300.milliseconds())
            .to_have_text("delivered")
    })
}

/// Asks for a value until it is as expected.
#[flow(url = "/delivery?parcel=18")]
fn polls_for_the_parcel(page: Page) -> Result {
    let mut asked = 0;
    expect_poll("the parcel's state", || {
        asked += 1;
        page.reload()?;
        let status = page.get_by_role(Role::Status, ());
        expect(&status).not().to_have_text("asking …")?;
        status.text_content()
    })
    .intervals([50.milliseconds()])
    .to_equal("delivered")?;
    check_that(format!("it was asked for more than once: {asked}"), asked > 1)
}

/// Answers in the server's place, which the page does not notice.
#[flow]
fn answers_for_the_server(page: Page) -> Result {
    page.route("**/api/parcels/*", fulfil(200).json(r#"{"state":"in Oslo"}"#))?;
    page.goto("/delivery?parcel=19")?;
    let status = page.get_by_role(Role::Status, ());
    expect(&status).to_have_text("in Oslo")?;
    let broken = page.route_times(1, "**/api/parcels/*", fulfil(503))?;
    page.reload()?;
    expect(&status).to_have_text("no answer: 503")?;
    check_eq("requests that met the route", broken.hits()?, 1)
}

/// Sends a request on as another one.
#[flow(url = "/delivery")]
fn changes_a_request(page: Page) -> Result {
    let clerk = Header {
        name: "x-clerk".to_owned(),
        value: "Ada".to_owned(),
    };
    let notes = Requests::to("**/api/notes").method("POST");
    page.route(
        notes,
        continue_with().method("PUT").headers([clerk]).body("changed"),
    )?;
    page.get_by_role(Role::Button, "Send note").click()?;
    expect(page.get_by_text("PUT by Ada: changed")).to_be_visible()
}

/// Fails a request as a lost connection does.
#[flow(url = "/delivery")]
fn cuts_the_line(page: Page) -> Result {
    page.route("**/api/notes", abort(AbortReason::ConnectionReset))?;
    page.get_by_role(Role::Button, "Send note").click()?;
    expect(page.get_by_text("not sent")).to_be_visible()
}

/// Looks at the page while its request waits, then decides.
#[flow(url = "/delivery")]
fn decides_while_it_waits(page: Page) -> Result {
    let notes = page.hold("**/api/notes")?;
    page.get_by_label("Note").fill("fragile")?;
    page.get_by_role(Role::Button, "Send note").click()?;
    let note = notes.next()?;
    expect(page.get_by_text("sending …")).to_be_visible()?;
    check_eq("what is sent", note.request().text(), Some("fragile"))?;
    note.decide(fulfil(409))?;
    expect(page.get_by_text("refused: 409")).to_be_visible()
}

/// Waits for the request that a click causes, and for what was answered.
#[flow(url = "/delivery")]
fn sees_the_answer(page: Page) -> Result {
    let send = page.get_by_role(Role::Button, "Send note");
    page.get_by_label("Note").fill("heavy")?;
    let note = page.expect_response("**/api/notes", || send.click())?;
    note.expect_ok()?;
    check_eq("the method", note.request().method(), "POST")?;
    check_eq("the answer", note.text()?.as_str(), "POST by nobody: heavy")
}

/// Opens a page and asks after a parcel, once.
#[flow]
fn asks_the_server(page: Page, context: Context) -> Result {
    page.goto("/delivery?parcel=20")?;
    let state = context.param("state").unwrap_or("packed");
    expect(page.get_by_role(Role::Status, ()))
        .within(1.seconds())
        .to_have_text(state)
}

/// Waits for a parcel that is lost.
#[flow(url = "/delivery?parcel=21")]
fn parcel_never_comes(page: Page) -> Result {
    let heading = page.get_by_role(Role::Heading, ());
    ToPass::new("the parcel is lost")
        .within(400.milliseconds())
        .run(|| {
            page.reload()?;
            expect(&heading).within(100.milliseconds()).to_have_text("lost")
        })
}

/// Asks for a value that never becomes right.
#[flow(url = "/delivery?parcel=22")]
fn poll_is_never_right(page: Page) -> Result {
    let headings = page.get_by_role(Role::Heading, ());
    expect_poll("headings", || headings.count())
        .within(300.milliseconds())
        .to_equal(2)
}

/// Answers with a status that HTTP does not have.
#[flow(url = "/delivery")]
fn status_is_impossible(page: Page) -> Result {
    page.route("**/api/notes", fulfil(42))?;
    Ok(())
}

/// Means requests by a pattern that is none.
#[flow(url = "/delivery")]
fn glob_is_malformed(page: Page) -> Result {
    page.route(pattern("api/(notes"), fulfil(200))?;
    Ok(())
}

/// Waits for a request that nothing causes.
#[flow(url = "/delivery")]
fn nothing_is_asked(page: Page) -> Result {
    let requests = page.watch_requests("**/api/nothing")?.within(300.milliseconds());
    page.get_by_label("Note").fill("light")?;
    requests.next_request()?;
    Ok(())
}

/// Sends a request on to a host that is not granted.
#[flow(url = "/delivery")]
fn sends_abroad(page: Page) -> Result {
    page.route(
        "**/api/notes",
        continue_with().url("http://abroad.example/api/notes"),
    )?;
    Ok(())
}
