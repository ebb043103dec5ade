//! Which entry of a HAR answers, and what is no HAR.

use super::*;
use crate::browser::network::ResourceType;
use crate::failure::Code;
use serde_json::{Value, json};

fn entry(method: &str, url: &str, status: i64, text: &str) -> Value {
    json!({
        "request": {"method": method, "url": url, "headers": []},
        "response": {"status": status, "headers": [], "content": {"text": text}},
    })
}

fn har(entries: &[Value]) -> HarReplay {
    let file = json!({"log": {"version": "1.2", "entries": entries}});
    HarReplay::read(file.to_string().as_bytes()).expect("a HAR")
}

fn get(url: &str) -> RequestInfo {
    RequestInfo {
        url: url.to_owned(),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        resource_type: ResourceType::Fetch,
        is_navigation: false,
        redirects: Vec::new(),
    }
}

fn post(url: &str, body: &str, content_type: &str) -> RequestInfo {
    RequestInfo {
        method: "POST".to_owned(),
        body: Some(Bytes::from(body.to_owned())),
        headers: vec![Header::new("Content-Type", content_type)],
        ..get(url)
    }
}

fn text(found: Found) -> String {
    match found {
        Found::Response(response) => String::from_utf8(response.body.0.to_vec()).expect("text"),
        other => format!("{other:?}"),
    }
}

#[test]
fn equal_entries_answer_once_each_and_the_last_goes_on() {
    let mut har = har(&[
        entry("GET", "http://a.test/job", 200, "waiting"),
        entry("GET", "http://a.test/job", 200, "done"),
        entry("POST", "http://a.test/job", 200, "posted"),
    ]);
    let answers: Vec<String> = (0..3)
        .map(|_| text(har.find(&get("http://a.test/job"))))
        .collect();
    assert_eq!(answers, ["waiting", "done", "done"]);
    assert_eq!(har.find(&get("http://a.test/other")), Found::Nothing);
}

#[test]
fn the_most_equal_headers_win_over_the_order() {
    let mut html = entry("GET", "http://a.test/x", 200, "html");
    html["request"]["headers"] = json!([{"name": "Accept", "value": "text/html"}]);
    let mut other = entry("GET", "http://a.test/x", 200, "json");
    other["request"]["headers"] = json!([{"name": "accept", "value": "application/json"}]);
    let mut har = har(&[html, other]);
    let request = RequestInfo {
        headers: vec![Header::new("ACCEPT", "application/json")],
        ..get("http://a.test/x")
    };
    assert_eq!(text(har.find(&request)), "json");
    assert_eq!(text(har.find(&request)), "json");
}

#[test]
fn the_body_of_a_post_must_be_the_same_but_for_boundaries_and_secrets() {
    let with_body = |body: &str, kind: &str, answer: &str| {
        let mut entry = entry("POST", "http://a.test/login", 200, answer);
        entry["request"]["postData"] = json!({"mimeType": kind, "text": body});
        entry["request"]["headers"] = json!([{"name": "content-type", "value": kind}]);
        entry
    };
    let json_type = "application/json";
    let form = |b: &str| format!("multipart/form-data; boundary={b}");
    let mut har = har(&[
        with_body(r#"{"user":"ann","password":"[redacted]"}"#, json_type, "ann"),
        with_body(r#"{"user":"bob","password":"[redacted]"}"#, json_type, "bob"),
        with_body("--1\r\nname=\"a\"\r\n\r\nx\r\n--1--", &form("1"), "parts"),
    ]);
    let mut ask = |body: &str, kind: &str| text(har.find(&post("http://a.test/login", body, kind)));
    assert_eq!(ask(r#"{"user":"bob","password":"hunter2"}"#, json_type), "bob");
    assert_eq!(ask(r#"{"user":"eve","password":"x"}"#, json_type), "Nothing");
    assert_eq!(ask("--27\r\nname=\"a\"\r\n\r\nx\r\n--27--", &form("27")), "parts");
}

#[test]
fn redirects_are_followed_for_all_but_navigations() {
    let moved = |from: &str, status: i64, to: &str| {
        let mut entry = entry("GET", from, status, "");
        entry["response"]["headers"] = json!([{"name": "Location", "value": to}]);
        entry
    };
    let entries = [
        moved("http://a.test/1", 302, "/2"),
        entry("GET", "http://a.test/2", 200, "there"),
        moved("http://a.test/loop", 301, "/loop"),
    ];
    let mut har = har(&entries);
    assert_eq!(text(har.find(&get("http://a.test/1"))), "there");
    assert_eq!(har.find(&get("http://a.test/loop")), Found::Nothing);
    let navigation = RequestInfo {
        is_navigation: true,
        ..get("http://a.test/1")
    };
    let Found::Response(response) = har.find(&navigation) else {
        panic!("a response")
    };
    assert_eq!(
        (response.status, header(&response.headers, "location")),
        (302, Some("/2"))
    );
}

#[test]
fn what_failed_fails_again_and_encodings_are_undone() {
    let mut packed = entry("GET", "http://a.test/p", 200, "aGk=");
    packed["response"]["content"]["encoding"] = json!("base64");
    packed["response"]["headers"] = json!([
        {"name": "Content-Encoding", "value": "gzip"},
        {"name": "set-cookie", "value": "a=1\nb=2"},
    ]);
    let mut har = har(&[packed, entry("GET", "http://a.test/f", -1, "")]);
    assert_eq!(har.find(&get("http://a.test/f")), Found::Failed);
    let Found::Response(response) = har.find(&get("http://a.test/p")) else {
        panic!("a response")
    };
    assert_eq!(&response.body.0[..], b"hi");
    let names: Vec<_> = response
        .headers
        .iter()
        .map(|h| (h.name.as_str(), h.value.as_str()))
        .collect();
    assert_eq!(names, [("set-cookie", "a=1"), ("set-cookie", "b=2")]);
}

#[test]
fn what_is_no_har_is_refused_at_once() {
    let mut elsewhere = entry("GET", "http://a.test/", 200, "");
    elsewhere["response"]["content"] = json!({"_file": "../../secret"});
    let mut not_base64 = entry("GET", "http://a.test/", 200, "!");
    not_base64["response"]["content"]["encoding"] = json!("base64");
    let wrong = [
        "".to_owned(),
        "{}".to_owned(),
        r#"{"log":{"entries":{}}}"#.to_owned(),
        json!({"log": {"entries": [elsewhere]}}).to_string(),
        json!({"log": {"entries": [not_base64]}}).to_string(),
        json!({"log": {"entries": [entry("GET", "no address", 200, "")]}}).to_string(),
        json!({"log": {"entries": [entry("GET", "http://a.test/", 1_000, "")]}}).to_string(),
    ];
    for text in wrong {
        let failure = HarReplay::read(text.as_bytes()).expect_err(&text);
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.starts_with("not a HAR: "), "{}", failure.message);
    }
}
