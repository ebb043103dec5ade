//! The author's own JavaScript: it sees what the page's scripts see, its answer comes out as JSON or is refused,
//! and a hostile page can change no more than the value.

use flowguard_core::browser::calls::{Evaluate, EvaluateOn, EvaluateOnAll, Target, WaitForFunction};
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::failure::{Code, Failure};
use flowguard_core::limits::{MAX_SCRIPT_ANSWER_BYTES, MAX_SCRIPT_ELEMENTS};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::site::Answer;
use crate::stage::{Stage, css};

impl Stage {
    pub(crate) async fn evaluate(&self, script: &str) -> Result<Value, Failure> {
        self.evaluate_within(script, 5_000).await
    }

    pub(crate) async fn evaluate_within(&self, script: &str, timeout_ms: u32) -> Result<Value, Failure> {
        let call = Evaluate {
            page: self.page,
            script: script.to_owned(),
            argument: None,
            timeout_ms: Some(timeout_ms),
        };
        self.browser.evaluate(&call).await.map(|json| read(&json))
    }

    pub(crate) async fn evaluate_on(&self, locator: Locator, script: &str) -> Result<Value, Failure> {
        let call = EvaluateOn {
            target: self.target_of(locator),
            script: script.to_owned(),
            argument: Some("7".to_owned()),
            timeout_ms: Some(2_000),
        };
        self.browser.evaluate_on(&call).await.map(|json| read(&json))
    }

    pub(crate) async fn evaluate_on_all(&self, locator: Locator, script: &str) -> Result<Value, Failure> {
        let call = EvaluateOnAll {
            target: self.target_of(locator),
            script: script.to_owned(),
            argument: Some("7".to_owned()),
            timeout_ms: Some(2_000),
        };
        self.browser.evaluate_on_all(&call).await.map(|json| read(&json))
    }

    pub(crate) async fn wait_for_function(&self, script: &str, timeout_ms: u32) -> Result<(), Failure> {
        let call = WaitForFunction {
            page: self.page,
            script: script.to_owned(),
            argument: Some("\"done\"".to_owned()),
            timeout_ms: Some(timeout_ms),
        };
        self.browser.wait_for_function(&call).await
    }

    pub(crate) fn target_of(&self, locator: Locator) -> Target {
        Target {
            page: self.page,
            locator,
        }
    }
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).expect("it is JSON")
}

pub(crate) fn in_frame(selector: &str) -> Locator {
    css("iframe").then(Part::Frame).then(Part::Css {
        selector: selector.to_owned(),
    })
}

pub(crate) fn code<T>(result: Result<T, Failure>) -> Result<T, Code> {
    result.map_err(|failure| failure.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_come_out_as_json() {
    let stage = Stage::showing("<h1>shop</h1><script>window.cart = {items: [1, 2]}</script>").await;
    let cases = [
        ("1 + 1", json!(2)),
        ("() => 1 + 1", json!(2)),
        ("function () { return 1 + 1 }", json!(2)),
        (
            "async () => { await null; return 'é\\u2028\"'; }",
            json!("é\u{2028}\""),
        ),
        (
            "new Promise((done) => setTimeout(done, 10, 'later'))",
            json!("later"),
        ),
        ("window.cart", json!({"items": [1, 2]})),
        ("() => undefined", json!(null)),
        ("void 0 // at its end", json!(null)),
        ("() => { document.title = 'x'; }", json!(null)),
        (
            "[undefined, , null, -0, 1e21, true]",
            json!([null, null, null, 0, 1e21, true]),
        ),
        (
            "({a: undefined, 'b\"c': {}, __proto__: null})",
            json!({"b\"c": {}}),
        ),
        ("new Date(0)", json!("1970-01-01T00:00:00.000Z")),
        ("new URL('http://shop.test/cart')", json!("http://shop.test/cart")),
        (
            "Object.create({inherited: 1}, {own: {value: 2, enumerable: true}})",
            json!({"own": 2}),
        ),
        ("new (class Point { x = 1; y = 2 })", json!({"x": 1, "y": 2})),
        ("new (class Empty {})", json!({})),
        ("document.body.dataset", json!({})),
        ("({shared: [], twice: 0})", json!({"shared": [], "twice": 0})),
        (
            "(() => { const one = {n: 1}; return [one, one]; })()",
            json!([{"n": 1}, {"n": 1}]),
        ),
        (
            "typeof given + typeof write + typeof args + typeof run",
            json!("undefinedundefinedundefinedundefined"),
        ),
        ("this === window", json!(true)),
        ("'x'.repeat(500000).length", json!(500_000)),
    ];
    for (script, expected) in cases {
        // `dataset` is an object of a kind of its own without a name.
        if script == "document.body.dataset" {
            stage
                .evaluate("document.body.dataset.kind = 'x'")
                .await
                .expect("it is set");
            assert_eq!(
                stage.evaluate(script).await.expect("a value"),
                json!({"kind": "x"})
            );
            continue;
        }
        assert_eq!(stage.evaluate(script).await.expect(script), expected, "{script}");
    }
    let call = Evaluate {
        page: stage.page,
        script: "(given) => [given, given.__proto__ === Object.prototype]".to_owned(),
        argument: Some("{\"name\":\"Ada\",\"list\":[1.5,null]}".to_owned()),
        timeout_ms: None,
    };
    let answer = stage.browser.evaluate(&call).await.expect("it answers");
    assert_eq!(answer, "[{\"name\":\"Ada\",\"list\":[1.5,null]},true]");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_json_cannot_say_is_refused_at_once_with_its_place() {
    let stage = Stage::showing("<h1>shop</h1>").await;
    let unfit = [
        ("({a: [() => 1]})", "the answer.a[0] is a function"),
        ("Symbol('s')", "is a symbol"),
        ("10n", "is a bigint"),
        ("[NaN]", "the answer[0] is NaN"),
        ("-Infinity", "is -Infinity"),
        ("document.body", "is a node of the document: BODY"),
        ("({deep: {node: document}})", "the answer.deep.node is a node"),
        ("window", "is a window"),
        (
            "(() => { const a = {}; a.b = {a}; return a; })()",
            "the answer.b.a leads back",
        ),
        ("new Map([[1, 2]])", "of the kind Map"),
        ("new Error('no')", "of the kind Error"),
        ("[Promise.resolve()]", "the answer[0] is of the kind Promise"),
    ];
    for (script, expected) in unfit {
        let failure = stage.evaluate(script).await.expect_err(script);
        assert_eq!(failure.code, Code::InvalidArgument, "{script}");
        assert!(
            failure.message.contains(expected),
            "{script}: {}",
            failure.message
        );
    }
    let large = [
        format!("'x'.repeat({MAX_SCRIPT_ANSWER_BYTES})"),
        format!("'€'.repeat({})", MAX_SCRIPT_ANSWER_BYTES / 2),
        "'x'.repeat(2 ** 29 - 30)".to_owned(),
        "new Array(4e9)".to_owned(),
        "(() => { let deep = []; for (let n = 0; n < 1000; n++) deep = [deep]; return deep; })()".to_owned(),
        "(() => { const self = {toJSON: () => ({...self})}; return self; })()".to_owned(),
    ];
    for script in large {
        let began = Instant::now();
        assert_eq!(
            code(stage.evaluate(&script).await),
            Err(Code::OverBudget),
            "{script}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{script}: {:?}",
            began.elapsed()
        );
    }
    let malformed = [
        "",
        "1 +",
        "const x = 1; x",
        ")",
        "1)}, function () {",
        "() => {",
        "/* open",
        "await 1",
    ];
    for script in malformed {
        let failure = stage.evaluate(script).await.expect_err(script);
        assert_eq!(
            failure.code,
            Code::InvalidArgument,
            "{script}: {}",
            failure.message
        );
        assert!(
            failure.message.contains("not an expression"),
            "{script}: {}",
            failure.message
        );
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_script_throws_is_told_with_the_lines_of_the_author() {
    let stage = Stage::showing("<script>function pay() { throw new TypeError('no card') }</script>").await;
    let failure = stage
        .evaluate("() => {\n  const total = 3;\n  pay(total);\n}")
        .await
        .expect_err("it throws");
    assert_eq!(failure.code, Code::FlowError);
    assert!(
        failure.message.contains("the script threw: TypeError: no card"),
        "{}",
        failure.message
    );
    let stack = &failure.evidence[0];
    assert_eq!(stack.title, "stack");
    assert!(stack.text.contains("script:3:3"), "{}", stack.text);
    assert!(stack.text.contains("/start:"), "{}", stack.text);
    assert!(
        !stack.text.contains("called") && !stack.text.contains("run"),
        "{}",
        stack.text
    );
    let thrown = [
        ("() => { throw 'plain' }", "plain"),
        ("Promise.reject(new Error('late'))", "Error: late"),
        ("() => { throw undefined }", "undefined"),
        ("() => { throw { toString() { throw 1 } } }", "cannot be shown"),
        ("() => { throw Symbol() }", "cannot be shown"),
        ("JSON.parse('{')", "SyntaxError"),
        ("nowhere.to.be.found", "ReferenceError"),
        ("({ get broken() { throw new Error('getter') } })", "getter"),
        ("(function again() { again() })()", "RangeError"),
    ];
    for (script, expected) in thrown {
        let failure = stage.evaluate(script).await.expect_err(script);
        assert_eq!(failure.code, Code::FlowError, "{script}: {}", failure.message);
        assert!(
            failure.message.contains(expected),
            "{script}: {}",
            failure.message
        );
    }
    let long = stage
        .evaluate("() => { throw 'x'.repeat(1e8) }")
        .await
        .expect_err("it throws");
    assert!(
        long.evidence[0].text.len() < 10_000,
        "{}",
        long.evidence[0].text.len()
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_replaces_what_scripts_are_made_of_changes_no_more_than_the_value() {
    let stage = Stage::showing(
        "<p>here</p><script>
           Array.prototype.toJSON = () => 'forged';
           String.prototype.toJSON = () => 'forged';
           Object.prototype.kind = 'value';
           Object.defineProperty(Object.prototype, 'bytes', {value: 1e12});
           Array.prototype[Symbol.iterator] = () => { throw new Error('forged') };
         </script>",
    )
    .await;
    assert_eq!(stage.evaluate("['a', {}.b]").await, Ok(json!(["a", null])));
    assert_eq!(
        code(stage.evaluate("'x'.repeat(2e6)").await),
        Err(Code::OverBudget)
    );
    let on = stage.evaluate_on(css("p"), "(p, n) => p.textContent + n").await;
    assert_eq!(on, Ok(json!("here7")));
    // Whatever the page puts in place of its globals, the answer is a failure that says so, or a value.
    let replaced = [
        ("JSON.stringify = () => 'x'.repeat(2e8)", Err(Code::OverBudget)),
        ("JSON.stringify = () => '{'", Err(Code::InvalidArgument)),
        ("JSON.stringify = () => ({})", Err(Code::InvalidArgument)),
        ("JSON = undefined", Err(Code::FlowError)),
        (
            "Object.keys = () => { throw new Error('no keys') }",
            Err(Code::FlowError),
        ),
        (
            "Object.prototype.then = (done) => done(Object.assign(Object.create(null), {kind: 'thrown', text: 'x'}))",
            Ok(json!({"kind": "thrown", "text": "x"})),
        ),
        ("eval = Function = Promise = undefined", Ok(json!({"text": "x"}))),
    ];
    for (change, expected) in replaced {
        let stage = Stage::showing(&format!("<script>{change}</script>")).await;
        assert_eq!(code(stage.evaluate("({text: 'x'})").await), expected, "{change}");
        stage.close().await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_of_the_page_against_eval_does_not_concern_the_author() {
    let stage = Stage::open().await;
    let policy = "default-src 'none'; require-trusted-types-for 'script'".to_owned();
    let headers = vec![
        ("content-security-policy", policy),
        ("content-type", "text/html".to_owned()),
    ];
    stage
        .site
        .put("/start", Answer::Raw(headers, b"<p>strict</p>".to_vec()));
    stage.goto("/start").await.expect("it loads");
    assert_eq!(stage.evaluate("() => document.title + 1").await, Ok(json!("1")));
    let on = stage.evaluate_on(css("p"), "(p) => p.textContent").await;
    assert_eq!(on, Ok(json!("strict")));
    stage
        .wait_for_function("(word) => word === 'done'", 2_000)
        .await
        .expect("it is true");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_gets_the_element_as_the_page_knows_it() {
    let stage = Stage::showing(
        "<ul><li>one<li>two</ul><div id=host></div><script>
           document.querySelector('ul').mark = {seen: true};
           const closed = document.querySelector('#host').attachShadow({mode: 'closed'});
           closed.innerHTML = '<b>inside</b>';
           closed.firstChild.mark = 'closed';
         </script>",
    )
    .await;
    let mark = stage.evaluate_on(
        css("ul"),
        "(list, seven) => [list.mark, seven, list === document.querySelector('ul')]",
    );
    assert_eq!(mark.await, Ok(json!([{"seen": true}, 7, true])));
    let bold = stage.evaluate_on(css("b"), "(bold) => bold.mark").await;
    assert_eq!(bold, Ok(json!("closed")));
    let all = "(items, seven) => items.map((item) => item.textContent + seven)";
    assert_eq!(
        stage.evaluate_on_all(css("li"), all).await,
        Ok(json!(["one7", "two7"]))
    );
    assert_eq!(
        stage.evaluate_on_all(css("td"), "(none) => none.length").await,
        Ok(json!(0))
    );
    // An expression is only evaluated, whatever the locator.
    assert_eq!(
        stage.evaluate_on(css("ul"), "document.title").await,
        Ok(json!("start"))
    );
    assert_eq!(
        code(stage.evaluate_on(css("li"), "() => 1").await),
        Err(Code::AmbiguousLocator)
    );
    assert_eq!(
        code(stage.evaluate_on(css("td"), "() => 1").await),
        Err(Code::Timeout)
    );
    assert_eq!(
        code(stage.evaluate_on(css("li:::"), "() => 1").await),
        Err(Code::InvalidArgument)
    );
    let many = format!(
        "document.body.innerHTML = '<i></i>'.repeat({})",
        MAX_SCRIPT_ELEMENTS + 1
    );
    stage.evaluate(&many).await.expect("they are made");
    assert_eq!(
        code(stage.evaluate_on_all(css("i"), "() => 1").await),
        Err(Code::OverBudget)
    );
    let most = format!("i:nth-child(-n+{MAX_SCRIPT_ELEMENTS})");
    let counted = stage.evaluate_on_all(css(&most), "(all) => all.length").await;
    assert_eq!(counted, Ok(json!(MAX_SCRIPT_ELEMENTS)));
    // No trace of it is left in the page.
    let traces = "Object.getOwnPropertyNames(window).filter((name) => /flowguard|handed/i.test(name))";
    assert_eq!(stage.evaluate(traces).await, Ok(json!([])));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_frame_it_runs_among_the_globals_of_that_frame() {
    for is_elsewhere in [false, true] {
        let stage = Stage::open().await;
        stage.site.page(
            "/inside",
            "<p>inside</p><script>var whose = 'of the frame'</script>",
        );
        let address = match is_elsewhere {
            true => stage.site.elsewhere("/inside"),
            false => stage.site.url("/inside"),
        };
        stage.site.page(
            "/start",
            &format!("<script>var whose = 'of the page'</script><iframe src='{address}'></iframe>"),
        );
        stage.goto("/start").await.expect("it loads");
        let on = stage
            .evaluate_on(in_frame("p"), "(p) => [p.textContent, whose]")
            .await;
        assert_eq!(on, Ok(json!(["inside", "of the frame"])), "{address}");
        let root = css("iframe").then(Part::Frame);
        let whole = stage
            .evaluate_on(root, "(root) => [root.tagName, whose, location.pathname]")
            .await;
        assert_eq!(whole, Ok(json!(["HTML", "of the frame", "/inside"])), "{address}");
        let all = stage
            .evaluate_on_all(in_frame("td"), "(none) => [none.length, whose]")
            .await;
        assert_eq!(all, Ok(json!([0, "of the frame"])), "{address}");
        assert_eq!(stage.evaluate("whose").await, Ok(json!("of the page")));
        stage.close().await;
    }
}
