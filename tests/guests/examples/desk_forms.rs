//! Forms, keys, the mouse and dragging at the back office: what a clerk does with her hands.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "desk-forms",
    flows: [
        places_an_order, finds_by_typing, saves_by_chord, packs_by_drag, signs_with_the_mouse, reads_the_tree,
        batch_stops_at_its_first_failure, presses_no_key, drags_nowhere, batch_is_too_long, tree_differs,
    ],
}

/// Places an order: the form in one batch, as over a slow link.
#[flow(url = "/order")]
fn places_an_order(page: Page) -> Result {
    page.batch(|form| {
        form.fill(&page.get_by_label("Name"), "Ada");
        form.fill(&page.get_by_label("Street"), "Harbour 1");
        form.select_option(&page.get_by_label("Country"), "Portugal");
        form.check(&page.get_by_label("Gift wrap"));
        form.check(&page.get_by_label("Terms read"));
        form.click(&page.get_by_role(Role::Button, "Place order"));
    })?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("Ada, Harbour 1, Portugal, as a gift")
}

/// Types into a field that looks for products at each key.
#[flow(url = "/order")]
fn finds_by_typing(page: Page) -> Result {
    let find = page.get_by_role(Role::Combobox, "Find a product");
    find.press_sequentially("blu")?;
    expect(page.get_by_role(Role::Listitem, ())).to_have_texts(["Blue mug", "Blue plate"])?;
    expect(page.get_by_text("3 keys")).to_be_visible()?;
    find.press("Control+a")?;
    page.keyboard().type_text("es")?;
    expect(page.get_by_role(Role::Listitem, ())).to_have_text("Espresso cup")?;
    page.keyboard().press("Shift+Home")?;
    page.keyboard().press("Delete")?;
    expect(find).to_be_empty()
}

/// Saves a draft by its chord.
#[flow(url = "/order")]
fn saves_by_chord(page: Page) -> Result {
    page.keyboard().press("Control+s")?;
    expect(page.get_by_role(Role::Status, ())).to_have_text("draft saved")
}

/// Drags a product from one list to the other.
#[flow(url = "/packing")]
fn packs_by_drag(page: Page) -> Result {
    let packed = page.get_by_role(Role::List, exact("Packed"));
    page.get_by_text("Blue mug").drag_to(&packed)?;
    expect(packed.get_by_role(Role::Listitem, ())).to_have_text("Blue mug")
}

/// Draws with the mouse, and does with it what else a mouse can do.
#[flow(url = "/packing")]
fn signs_with_the_mouse(page: Page) -> Result {
    let pad = page.get_by_role(Role::Img, "Signature");
    let status = page.get_by_role(Role::Status, ());
    pad.hover()?;
    expect(&status).to_have_text("sign here")?;
    let place = pad.bounding_box()?.or_fail("the pad's place")?;
    let (x, y) = (place.x + 20.0, place.y + 20.0);
    let mouse = page.mouse();
    mouse.move_to(x, y)?;
    mouse.down(MouseButton::Left)?;
    mouse.move_in_steps(x + 100.0, y + 40.0, 10)?;
    mouse.up(MouseButton::Left)?;
    expect(&status).to_have_text("signed with 10 moves")?;
    pad.double_click()?;
    expect(&status).to_have_text("cleared")?;
    pad.click_with(
        PointerOptions::new()
            .button(MouseButton::Right)
            .modifiers(Modifiers::SHIFT),
    )?;
    expect(&status).to_have_text("menu with shift")?;
    page.get_by_role(Role::Log, ()).hover()?;
    mouse.wheel(0.0, 1_000.0)?;
    expect(page.get_by_text("last")).to_be_in_viewport()
}

/// Compares the accessibility tree with what it should be.
#[flow(url = "/order")]
fn reads_the_tree(page: Page) -> Result {
    page.get_by_label("Name").fill("Ada")?;
    attach("order.yaml", "application/yaml", page.aria_snapshot()?)?;
    expect(page.get_by_role(Role::Form, "Order")).to_match_aria_snapshot(
        r#"
        - form:
          - textbox "Name": Ada
          - combobox "Country":
            - option "Norway" [selected]
            - option "Portugal"
          - checkbox /Terms/
          - button "Place order" [disabled]
        "#,
    )
}

/// Fails in the middle of a batch: the rest is not done.
#[flow(url = "/order")]
fn batch_stops_at_its_first_failure(page: Page) -> Result {
    let batch = page.batch(|form| {
        form.fill(&page.get_by_label("Name"), "Ada");
        form.fill(&page.get_by_label("Gift wrap"), "yes");
        form.fill(&page.get_by_label("Street"), "Harbour 1");
    });
    expect(page.get_by_label("Name")).to_have_value("Ada")?;
    expect(page.get_by_label("Street")).to_be_empty()?;
    batch
}

/// Presses a key that no keyboard has.
#[flow(url = "/order")]
fn presses_no_key(page: Page) -> Result {
    page.keyboard().press("Control+Enterr")
}

/// Drags from a place that the element does not have.
#[flow(url = "/packing")]
fn drags_nowhere(page: Page) -> Result {
    let packed = page.get_by_role(Role::List, exact("Packed"));
    let options = DragOptions::new().source_position(f64::NAN, 0.0);
    page.get_by_text("Blue mug").drag_to_with(&packed, options)
}

/// Asks for more in one batch than the host takes.
#[flow(url = "/order")]
fn batch_is_too_long(page: Page) -> Result {
    page.batch(|form| {
        for _ in 0..200 {
            form.focus(&page.get_by_label("Name"));
        }
    })
}

/// Expects another tree than there is.
#[flow(url = "/order")]
fn tree_differs(page: Page) -> Result {
    let wrong = "- form \"Order\":\n  - button \"Place order\"\n  - button \"Cancel\"";
    expect(&page)
        .within(300.milliseconds())
        .to_match_aria_snapshot(wrong)
}
