//! What is found, what is left alone, and that what a flow knows comes back to it.

use super::*;

fn hidden(secrets: &StandIns, json: &str, told: &[&str]) -> String {
    let json = RawValue::from_string(json.to_owned()).expect("JSON");
    secrets.hide(json, told, true).get().to_owned()
}

#[test]
fn secrets_go_by_the_names_that_they_stand_under() {
    for (json, expected) in [
        (
            r#"[{"httpOnly":true,"name":"visit","value":"a b"},{"name":"theme","value":"sea"}]"#,
            r#"[{"httpOnly":true,"name":"visit","value":"redacted-secret-1"},{"name":"theme","value":"sea"}]"#,
        ),
        (
            r#"[{"name":"PHPSESSID","value":"x"},{"name":"shop.sid","value":"y"},{"name":"id","value":"q1W2e3R4t5Y6u7I8"}]"#,
            r#"[{"name":"PHPSESSID","value":"redacted-secret-1"},{"name":"shop.sid","value":"redacted-secret-2"},{"name":"id","value":"redacted-secret-3"}]"#,
        ),
        (
            r#"[{"name":"Authorization","value":"Bearer abc"},{"name":"Cookie","value":"a=1; b=2"}]"#,
            r#"[{"name":"Authorization","value":"Bearer redacted-secret-1"},{"name":"Cookie","value":"a=redacted-secret-2; b=redacted-secret-3"}]"#,
        ),
        (
            r#"[{"name":"set-cookie","value":"a=1; Path=/; HttpOnly\nb=1"},{"name":"accept","value":"text/html"}]"#,
            r#"[{"name":"set-cookie","value":"a=redacted-secret-1; Path=/; HttpOnly\nb=redacted-secret-1"},{"name":"accept","value":"text/html"}]"#,
        ),
        (
            r#"{"url":"http://ann:pw@a.test/x?token=abc&y=1","pages":1}"#,
            r#"{"pages":1,"url":"http://ann:redacted-secret-1@a.test/x?token=redacted-secret-2&y=1"}"#,
        ),
        (
            r#"{"body":{"text":"user=ann&password=a%26b"}}"#,
            r#"{"body":{"text":"user=ann&password=redacted-secret-1"}}"#,
        ),
        (
            r#""{\"user\":\"ann\",\"refresh_token\":\"x\\\"y\"}""#,
            r#""{\"refresh_token\":\"redacted-secret-1\",\"user\":\"ann\"}""#,
        ),
        // Prose, numbers and what is empty are none.
        (
            r#"["Forgot password? Sign in = yes","Sign in"]"#,
            r#"["Forgot password? Sign in = yes","Sign in"]"#,
        ),
        (r#"{"tokens":3,"password":""}"#, r#"{"tokens":3,"password":""}"#),
    ] {
        assert_eq!(hidden(&StandIns::default(), json, &[]), expected);
    }
}

#[test]
fn a_secret_is_found_wherever_it_stands_unless_chance_would_find_it() {
    let secrets = StandIns::default();
    let told = hidden(&secrets, r#"{"value":"hunter2"}"#, &["hunter2"]);
    assert_eq!(told, r#"{"value":"redacted-secret-1"}"#);
    assert_eq!(
        hidden(&secrets, r#"["you typed hunter2, twice: hunter2"]"#, &[]),
        r#"["you typed redacted-secret-1, twice: redacted-secret-1"]"#
    );
    assert_eq!(
        secrets.hide_text("fill it with \"hunter2\"", &[]),
        "fill it with \"redacted-secret-1\""
    );
    // One that is a part of a stand-in leaves stand-ins whole.
    hidden(&secrets, r#"{"value":"secret"}"#, &["secret"]);
    assert_eq!(
        hidden(&secrets, r#"["hunter2 is a secret, redacted-secret-1"]"#, &[]),
        r#"["redacted-secret-1 is a redacted-secret-2, redacted-secret-1"]"#
    );
    assert_eq!(
        hidden(&secrets, r#"{"value":"12"}"#, &["12"]),
        r#"{"value":"redacted-secret-3"}"#
    );
    assert_eq!(hidden(&secrets, r#"["12 mugs"]"#, &[]), r#"["12 mugs"]"#);
    // JSON writes these otherwise than they are.
    hidden(&secrets, r#"{"value":"a\"b\\c\nd"}"#, &["a\"b\\c\nd"]);
    assert_eq!(
        hidden(&secrets, r#"["<a\"b\\c\nd>"]"#, &[]),
        r#"["<redacted-secret-4>"]"#
    );
}

#[test]
fn a_call_that_may_not_come_again_teaches_nothing() {
    let secrets = StandIns::default();
    let json = || RawValue::from_string(r#"[["password","hunter2"],["n","1"]]"#.to_owned()).expect("JSON");
    assert_eq!(
        secrets.hide(json(), &["hunter2"], false).get(),
        r#"[["password","[redacted]"],["n","1"]]"#
    );
    assert_eq!(
        secrets.hide_text("password = hunter2", &["hunter2"]),
        "password = [redacted]"
    );
    assert_eq!(hidden(&secrets, r#"["hunter2"]"#, &[]), r#"["hunter2"]"#);
}

#[test]
fn what_the_flow_knows_comes_back_and_what_the_world_knew_stays_a_stand_in() {
    const ANSWER: &str = r#"{"cookies":[{"name":"sid","value":"from-the-world"}],"text":"{\"typed\":\"say \\\"hunter2\\\"\"}"}"#;
    let recording = StandIns::default();
    hidden(&recording, r#"{"value":"say \"hunter2\""}"#, &["say \"hunter2\""]);
    let written = hidden(&recording, ANSWER, &[]);
    assert!(
        !written.contains("hunter2") && !written.contains("world"),
        "{written}"
    );

    // The flow types it again, and then asks.
    let replay = StandIns::default();
    hidden(&replay, r#"{"value":"say \"hunter2\""}"#, &["say \"hunter2\""]);
    let revealed = replay.reveal(&written);
    assert!(revealed.is_partial);
    assert_eq!(
        revealed.json,
        ANSWER.replace("from-the-world", "redacted-secret-2")
    );
    // What it is given is recorded as it was, and so is what it does with it.
    assert_eq!(hidden(&replay, &revealed.json, &[]), written);
    let uses = hidden(&recording, r#"{"value":"id from-the-world"}"#, &[]);
    assert_eq!(hidden(&replay, r#"{"value":"id redacted-secret-2"}"#, &[]), uses);
    assert!(!replay.reveal(r#""plain""#).is_partial);
}

#[test]
fn parameters_and_addresses_lose_what_their_names_call_secret() {
    let secrets = StandIns::default();
    let params = [("bug", "total"), ("api-key", "k3y"), ("password", "hunter2")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let hidden = secrets.parameters(&params);
    let values: Vec<&str> = hidden.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["total", "redacted-secret-1", "redacted-secret-2"]);
    let url = "http://ann:hunter2@a.test/".parse().expect("an address");
    assert_eq!(
        secrets.address(Some(&url)),
        "http://ann:redacted-secret-2@a.test/"
    );
    assert_eq!(secrets.address(None), "");
}

#[test]
fn secrets_beyond_the_limits_go_all_the_same() {
    let secrets = StandIns::default();
    for n in 0..=MAX_SECRETS {
        hidden(&secrets, &format!(r#"{{"password":"number {n}"}}"#), &[]);
    }
    let last = format!(r#"{{"password":"number {MAX_SECRETS}"}}"#);
    assert_eq!(hidden(&secrets, &last, &[]), r#"{"password":"[redacted]"}"#);
    assert_eq!(
        hidden(&secrets, r#"["number 7, number 77"]"#, &[]),
        r#"["redacted-secret-8, redacted-secret-78"]"#
    );
    let long = "x".repeat(MAX_FOUND_SECRET_BYTES + 1);
    let json = format!(r#"{{"password":"{long}"}}"#);
    assert_eq!(
        hidden(&StandIns::default(), &json, &[]),
        r#"{"password":"redacted-secret-1"}"#
    );
    // Deeper than a reader goes.
    let deep = format!("{}\"token\"{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(hidden(&StandIns::default(), &deep, &[]), r#""[redacted]""#);
}
