//! What happens around a page of the back office: windows, dialogs, downloads, files, the console.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "desk-around",
    flows: [
        reads_the_terms, answers_dialogs, exports_orders, adds_a_receipt, hears_the_console, minds_the_banner,
        no_popup_comes, refuses_a_dialog, gives_two_files, banner_stays, waits_for_no_event,
    ],
}

/// Opens the terms in a window of their own, and closes that again.
#[flow(url = "/inbox")]
fn reads_the_terms(page: Page) -> Result {
    let terms = page.expect_popup(|| page.get_by_role(Role::Link, "Terms of trade").click())?;
    expect(&terms).to_have_title("Terms of trade")?;
    check_eq("open pages", page.context()?.pages()?.len(), 2)?;
    let closing = terms.watch(Kinds::CLOSE)?;
    terms.get_by_role(Role::Button, "Close").click()?;
    check_that("the window closes", matches!(closing.next()?, Event::Close))?;
    expect(page.get_by_role(Role::Heading, "Inbox")).to_be_visible()
}

/// Says beforehand how dialogs are answered.
#[flow(url = "/inbox")]
fn answers_dialogs(page: Page) -> Result {
    page.handle_next_dialog(&DialogAnswer::AcceptWith("Order 18".to_owned()))?;
    page.get_by_role(Role::Button, "Rename").click()?;
    expect(page.get_by_role(Role::Heading, "Order 18")).to_be_visible()?;
    let delete = page.get_by_role(Role::Button, "Delete");
    let dialog = page.expect_dialog(|| delete.click())?;
    check_eq("the question", dialog.message.as_str(), "Delete Order 18?")?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("kept")?;
    page.handle_dialogs(&DialogAnswer::Accept)?;
    delete.click()?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("deleted")
}

/// Downloads the orders and looks into the file.
#[flow(url = "/inbox")]
fn exports_orders(page: Page) -> Result {
    let orders = page.expect_download(|| page.get_by_role(Role::Link, "Export").click())?;
    check_eq("its name", orders.suggested_filename().as_str(), "orders.csv")?;
    let text = String::from_utf8(orders.bytes()?)?;
    check_eq("lines", text.lines().count(), 3)?;
    orders.keep()?;
    Ok(())
}

/// Gives the page a file that the flow has made.
#[flow(url = "/inbox")]
fn adds_a_receipt(page: Page) -> Result {
    let add = page.get_by_role(Role::Button, "Add receipt");
    let chooser = page.expect_file_chooser(|| add.click())?;
    chooser.set_file("receipt.txt", "text/plain", "12.50 paid")?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("receipt.txt: 12.50 paid")
}

/// Listens to the console and to what nothing catches.
#[flow(url = "/inbox")]
fn hears_the_console(page: Page) -> Result {
    let heard = page.watch(Kinds::CONSOLE | Kinds::PAGE_ERROR)?;
    page.get_by_role(Role::Button, "Break").click()?;
    let Event::Console(line) = heard.next()? else {
        bail!("the console comes first")
    };
    check_eq("the console", line.text.as_str(), "the printer is on fire")?;
    let Event::PageError(error) = heard.next()? else {
        bail!("the exception comes second")
    };
    check_that("the exception", error.contains("no paper"))
}

/// Reads on, whatever covers the page meanwhile.
#[flow(url = "/news")]
fn minds_the_banner(page: Page) -> Result {
    let banner = page.get_by_role(Role::Dialog, "Cookies");
    let accept = banner.get_by_role(Role::Button, "Accept");
    page.add_locator_handler(&banner, &OverlayHandler::click(&accept))?;
    let more = page.get_by_role(Role::Button, "More news");
    for _ in 0..3 {
        more.click()?;
    }
    expect(page.get_by_role(Role::Listitem, ())).to_have_count(3)
}

/// Waits for a window that nothing opens.
#[flow(url = "/inbox")]
fn no_popup_comes(page: Page) -> Result {
    let windows = page.watch(Kinds::POPUP)?;
    page.get_by_role(Role::Button, "Delete").click()?;
    windows.next_within(300.milliseconds())?;
    Ok(())
}

/// Asserts that no dialog comes, and one does.
#[flow(url = "/inbox")]
fn refuses_a_dialog(page: Page) -> Result {
    page.handle_dialogs(&DialogAnswer::Fail)?;
    page.get_by_role(Role::Button, "Delete").click()
}

/// Gives two files to a page that takes one.
#[flow(url = "/inbox")]
fn gives_two_files(page: Page) -> Result {
    let add = page.get_by_role(Role::Button, "Add receipt");
    let chooser = page.expect_file_chooser(|| add.click())?;
    let file = |name: &str| flowguard_sdk::File {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: b"12.50".to_vec(),
    };
    chooser.set_files(&[file("one.txt"), file("two.txt")])
}

/// Gets a banner out of the way by a key that does nothing about it.
#[flow(url = "/news")]
fn banner_stays(page: Page) -> Result {
    let banner = page.get_by_role(Role::Dialog, "Cookies");
    page.add_locator_handler(&banner, &OverlayHandler::press("Shift"))?;
    let more = page.get_by_role(Role::Button, "More news");
    more.double_click()?;
    more.click_with(PointerOptions::new().timeout(500.milliseconds()))
}

/// Watches for nothing at all.
#[flow(url = "/inbox")]
fn waits_for_no_event(page: Page) -> Result {
    page.watch(Kinds::empty())?.next_within(30.seconds())?;
    Ok(())
}
