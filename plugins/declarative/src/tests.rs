//! The format as a whole: what the documentation shows is read, and mistakes are told well.

use crate::file::{self, File};
use crate::step::Action;

const DOCUMENTATION: &str = include_str!("../../../docs/writing-flows-in-yaml.md");

fn read(text: &str) -> File {
    file::read("flows/checkout.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(text: &str) -> String {
    match file::read("checkout.yaml", text) {
        Ok(file) => panic!("no problem was found: {file:?}"),
        Err(problems) if problems.is_empty() => panic!("refused without a word: {text}"),
        Err(problems) => problems,
    }
}

/// The flow of one step, and what is wrong with it.
fn problems_of_step(step: &str) -> String {
    problems(&format!("steps:\n  - {step}\n"))
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let example = DOCUMENTATION
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let file = read(example);
    let flow = &file.flows[0];
    assert_eq!(
        (flow.name.as_str(), flow.intent.as_str()),
        ("checkout", "Buys one mug and pays by card")
    );
    assert_eq!(
        (flow.critical, &flow.tags[..]),
        (true, &["smoke".to_owned(), "checkout".to_owned()][..])
    );
    assert_eq!(flow.timeout, Some(std::time::Duration::from_secs(45)));
    let lines: Vec<usize> = flow.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [8, 9, 10, 12, 17]);
    let Action::Group(_, inner) = &flow.steps[3].action else {
        panic!("not a group")
    };
    assert_eq!(inner.iter().map(|step| step.line).collect::<Vec<_>>(), [14, 16]);
}

#[test]
fn every_piece_of_the_documentation_is_read() {
    for piece in DOCUMENTATION
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
    {
        let is_list = piece.starts_with("- ");
        let text = if is_list {
            format!("steps:\n{piece}")
        } else {
            piece.to_owned()
        };
        read(&text);
    }
}

#[test]
fn every_way_to_write_a_step_is_read() {
    let file = read(EVERYTHING);
    assert_eq!(file.flows[0].name, "checkout", "the name of the file");
    assert_eq!(
        (file.version.as_str(), &file.hosts[..]),
        ("1.4.0", &["pay.example".to_owned()][..])
    );
    assert_eq!(
        file.plugins,
        ["vitals", "content"],
        "those that are needed and those that are called"
    );
    let steps: Vec<_> = file.flows[0]
        .steps
        .iter()
        .map(|step| format!("{step:?}"))
        .collect();
    insta::assert_snapshot!(steps.join("\n"));
}

#[test]
fn every_action_and_matcher_is_documented() {
    for word in EVERYTHING.lines().filter_map(|line| line.split_once(':')) {
        let key = word.0.trim().trim_start_matches("- ");
        assert!(DOCUMENTATION.contains(&format!("`{key}")), "{key}");
    }
}

#[test]
fn several_flows_lie_in_one_file() {
    let file = read("flows:\n  - name: a\n    steps: [reload]\n  - name: b\n    steps: [back]\n");
    assert_eq!(
        file.flows
            .iter()
            .map(|flow| flow.name.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn one_look_finds_several_mistakes() {
    insta::assert_snapshot!(problems(
        "name: checkout\nintnet: Buys one mug\ntimeout: 45\ncritical: yes\nsteps:\n  - clik: Pay\n  - fill: Email\n    \
         wiht: a@b.c\n  - expect: { role: buton }\n    to-have-txt: 1 item\n  - expect: { buton: Pay }\n    to-be-visible:\n"
    ));
}

#[test]
fn mistakes_in_a_file_are_told() {
    let cases = [
        "name: a\n",
        "steps: []\n",
        "steps: click\n",
        "- click: Pay\n",
        "flows: []\n",
        "flows:\n  - steps: [reload]\n",
        "flows:\n  - { name: a, steps: [reload] }\n  - { name: a, steps: [back] }\n",
        "flows:\n  - { name: a, steps: [reload] }\nsteps: [reload]\n",
        "needs: { host: [a.example] }\nsteps: [reload]\n",
        "tags: smoke\nsteps: [reload]\n",
        "url: /?bug=${bug\nsteps: [reload]\n",
        "steps:\n  - click: *none\n",
        "context: { device: iPhone 51 }\nsteps: [reload]\n",
        "context: { locale: de-DE, timezone: Europe/Berlin, viewport: big, permissions: [gelocation] }\nsteps: [reload]\n",
        "context: { geolocation: { latitude: 52.5 } }\nsteps: [reload]\n",
        "steps:\n\t- click: Pay\n",
    ];
    insta::assert_snapshot!(cases.map(problems).join("\n\n"));
}

#[test]
fn mistakes_in_a_step_are_told() {
    let cases = [
        "jump",
        "{}",
        "{ click: Pay, fill: Email }",
        "{ click: }",
        "{ click: [Pay] }",
        "{ click: {} }",
        "{ click: { within: Cart } }",
        "{ click: { button: Pay, text: Pay } }",
        "{ click: { role: button, nme: Pay } }",
        "{ click: { button: Pay, nth: second } }",
        "{ click: { button: { exactly: Pay } } }",
        "{ click: { button: { pattern: Pay, flags: g } } }",
        "{ click: { role: checkbox, checked: perhaps } }",
        "{ click: Pay, button: rihgt, modifiers: [Ctrl], position: { x: 1 } }",
        "{ fill: Email }",
        "{ select: Colour, with: { valeu: red } }",
        "{ press: Enter, timeout: 1s }",
        "{ reload: now }",
        "{ viewport: big }",
        "{ metric: total, value: much }",
        "{ expect: Pay }",
        "{ expect: page, to-be: visible }",
        "{ expect: Pay, to-be: visible, to-have-count: 1 }",
        "{ expect: Pay, to-be: visble }",
        "{ expect: Pay, to-have-attribute: href }",
        "{ assert: content, with: links }",
        "{ step: pay }",
        "{ goto: \"/?a=${b c}\" }",
        "{ drag: Blue mug }",
        "{ type: blu, in: Search }",
        "{ wait-for: Pay, to-be: visble }",
        "{ dialogs: accpet }",
        "{ next-dialog: { accept: yes } }",
        "{ overlay: Cookies }",
        "{ overlay: Cookies, dismiss-by: Accept, dismiss-by-key: Escape }",
        "{ popup: terms, by: [{ click: Terms }] }",
        "{ download: orders.csv, by: [{ clik: Export }] }",
        "{ upload: receipt.txt, by: [{ click: Add }] }",
        "{ route: /api }",
        "{ route: /api, fulfil: { status: 200, json: x, text: y } }",
        "{ route: /api, fulfil: { headers: none } }",
        "{ route: /api, abort: faild }",
        "{ clock: tomorrow }",
        "{ clock: { run-for: 3 } }",
        "{ clock: { run-for: 3m, fast-forward: 3m } }",
        "{ retry: the order, steps: [] }",
        "{ close: now }",
        "{ expect: page, to-have-screenshot: home, masks: Today }",
    ];
    insta::assert_snapshot!(cases.map(problems_of_step).join("\n\n"));
}

/// Each action, option, way to find and matcher at least once.
const EVERYTHING: &str = r##"
version: 1.4.0
needs:
  hosts: [pay.example]
  plugins: [vitals]
url: /?bug=${bug:-none}
context:
  device: iPhone 15
  viewport: 390x844
  locale: de-DE
  time-zone: Europe/Berlin
  color-scheme: dark
  reduced-motion: true
  geolocation: { latitude: 52.5, longitude: 13.4 }
  permissions: [geolocation]
  user-agent: FlowGuard
  touch: true
  offline: false
steps:
  - goto: /cart
    wait-until: commit
    timeout: 5s
  - reload
  - reload:
    wait-until: dom-content-loaded
  - back
  - click: Pay
  - click: { link: Mugs }
    button: right
    count: 3
    modifiers: [Control, Shift]
    position: { x: 1, y: 2.5 }
    force: true
    trial: true
    timeout: 300ms
  - double-click: { role: row, name: { exact: "3" }, selected: false, level: 2 }
  - hover: { css: "#menu", within: { test-id: { pattern: "^nav", flags: i } }, visible: true, nth: -1 }
  - check: Terms
  - uncheck: { role: checkbox, checked: mixed, pressed: true, disabled: false, expanded: true, include-hidden: true }
  - fill: { label: Card number, frame: "#payment", within: { title: Checkout } }
    with: "4242 4242 4242 4242"
  - clear: { placeholder: Search }
  - press: Enter
  - press: Control+a
    on: { label: Search }
    timeout: 1s
  - focus: { alt: Logo, or: { text: Shop }, and: { css: img } }
  - select: Colour
    with: Red
  - select: Colour
    with: [{ value: red }, { index: 2 }, Blue]
  - wait-for-url: { pattern: "/thanks$" }
    timeout: 10s
  - wait-for-load-state: network-idle
  - screenshot: cart
    of: { css: main, has-text: Total, has-not-text: Error, has: { xpath: .//table }, has-not: Empty }
    format: webp
  - screenshot: all
    full-page: true
  - judge: the cart shows two items
    min-confidence: 0.8
    soft: true
  - viewport: 390x844
  - log: bug is ${bug:-none}
    level: warn
  - metric: cart.items
    value: 2
  - attach: note.json
    text: "{}"
    media-type: application/json
  - expect: page
    to-have-url: /cart
    not: true
  - expect: page
    to-have-title: Cart
  - expect: { role: status }
    to-have-text: 1 item
    soft: true
    because: the counter follows the server
  - expect: Pay
    to-be: in-viewport
  - expect: Pay
    to-contain-text: pay
  - expect: { css: li }
    to-have-texts: [One, { ignoring-case: Two }, 3]
  - expect: { css: li }
    to-contain-texts: [One, { pattern: ^T }]
    use-inner-text: true
  - expect: { label: Email }
    to-have-value: ada@example.com
  - expect: { link: Mugs }
    to-have-attribute: { name: href, value: /mugs }
  - expect: { link: Mugs }
    to-have-attribute: { name: href }
  - expect: { label: Colours }
    to-have-values: [red, blue]
  - expect: Pay
    to-be-in-viewport-by: 0.5
  - expect: Pay
    to-have-class: primary big
  - expect: { css: li }
    to-have-classes: [first, { pattern: ^s }]
  - expect: Pay
    to-contain-class: primary
  - expect: { css: li }
    to-contain-classes: [first, second]
  - expect: Pay
    to-have-id: pay
  - expect: Pay
    to-have-role: button
  - expect: { label: Email }
    to-have-accessible-description: Never shared
  - expect: { label: Email }
    to-have-accessible-error-message: Not an address
  - expect: { role: list }
    to-match-aria-snapshot: "- listitem: One\n- listitem: /T.o/"
  - expect: Pay
    to-have-css: { property: color, value: "rgb(0, 0, 0)" }
  - expect: Pay
    to-have-css: { property: content, value: "none", pseudo: before }
  - expect: Pay
    to-have-accessible-name: Pay now
  - expect: { css: li }
    to-have-count: 3
  - assert: content
    with: { links: true, ignore: ["^/draft"] }
    soft: true
    timeout: 60s
  - forward
  - tap: Menu
  - drag: Blue mug
    to: { list: Packed }
    trial: true
  - type: blu
    into: Search
  - type: es
  - blur: { label: Email }
  - select-text: Email
  - scroll-into-view: Terms
    force: true
  - wait-for: { role: progressbar }
    to-be: hidden
    timeout: 2s
  - expect: page
    to-have-screenshot: home
    full-page: true
    mask: [{ test-id: price }, Today]
    max-diff-ratio: 0.01
  - expect: { css: header }
    to-have-screenshot: header
    mask: Today
    threshold: 0.3
    max-diff-pixels: 20
  - dialogs: dismiss
  - next-dialog: { accept-with: Order 18 }
  - overlay: { dialog: Cookies }
    dismiss-by: { button: Accept }
  - overlay: { dialog: Offer }
    dismiss-by-key: Escape
  - popup: terms
    by:
      - click: { link: Terms }
    steps:
      - close
  - download: orders.csv
    by:
      - click: Export
  - upload: { name: receipt.txt, text: 12.50 paid }
    by:
      - click: Add receipt
  - upload: [{ name: a.json, text: "{}", media-type: application/json }]
    by:
      - click: Add
  - route: "**/api/cart"
    method: POST
    times: 1
    fulfil: { status: 503, headers: { retry-after: 1 }, json: "{}" }
  - route: "**/api/notes"
    continue: { url: /api/other, method: PUT, headers: { x-clerk: Ada }, body: changed }
  - route: "**/*.png"
    abort: failed
  - clock: 2026-05-01T08:30:00Z
  - clock: { run-for: 3m }
  - clock: { fast-forward: 4m }
  - clock: { pause-at: 2026-05-02 }
  - clock: resume
  - retry: the order arrives
    timeout: 10s
    steps:
      - reload
  - step: pay
    steps:
      - click: Pay
"##;
