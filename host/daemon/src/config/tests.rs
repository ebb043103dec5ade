//! The configuration as people meet it: right and wrong ones beside each other, every message as a whole.

mod document;
mod edits;

use serde_json::{Value, json};
use std::time::SystemTime;

use super::file::Written;
use super::read::resolve;
use super::{Config, Environment, Flags, Loaded, Mistakes, Precedence, Request};
use flowguard_core::secrets::{Secret, SecretSet};

/// Reads a text as `flowguard.toml`, under these variables and flags.
fn read_under(
    text: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Loaded, Mistakes> {
    let environment: Environment = variables.iter().copied().collect();
    let mut given = Flags::default();
    for (name, value) in flags {
        given.add(name, Some(value));
    }
    let file = (!text.is_empty()).then(|| Written {
        path: super::FILE.into(),
        text: text.to_owned(),
    });
    resolve(&given, &environment, file, SystemTime::UNIX_EPOCH)
}

fn read(text: &str) -> Result<Loaded, Mistakes> {
    read_under(text, &[], &[])
}

/// The value of a key, and who said it.
fn said(loaded: &Loaded, path: &str) -> (Value, String) {
    let of = loaded.shown.iter().find(|shown| shown.path == path);
    let of = of.unwrap_or_else(|| panic!("there is a key {path}"));
    (of.value.clone(), of.source.to_string())
}

/// A file with something in every section.
const WHOLE: &str = r#"
profile = "staging"
data = "/var/lib/flowguard"
log = "info,flowguard=debug"

[run]
base-url = "https://shop.example"
workers = 4
retries = 1
timeout = "45s"
mode = "local"
environment = "ci"
user = "ada"

[store]
uri = "mongodb://flowguard:hunter2@db.example/?replicaSet=rs0"
database = "tests"

[artifacts]
url = "s3://bucket/flowguard"
endpoint = "http://127.0.0.1:9000"

[retention]
results-days = 60
recordings-days = 7

[tenants.acme.retention]
results-days = 365

[secrets]
source = "aws"
name = "flowguard/production"
region = "eu-central-1"

[secrets.flow.shop-password]
origins = ["https://shop.example", "https://login.shop.example:8443/"]
components = ["checkout"]

[vision]
model = "a-model"
key = "sk-hunter2"

[browserbase]
key = "bb-hunter2"
project = "a-project"
region = "eu-central-1"

[phoenix]
endpoint = "https://someone:hunter2@phoenix.example"
key = "px-hunter2"

[datadog]
tags = ["team:shop", "tier:1"]
trace-agent-url = "unix:///var/run/datadog/apm.socket"
dogstatsd-url = "udp://127.0.0.1:8125"
trace-sample-rate = 0.25
api-key = "dd-hunter2"

[profiles.staging]
run.retries = 2

[profiles.staging.retention]
results-days = 30

[profiles.staging.tenants.acme.retention]
recordings-days = 5

[profiles.production]
run.retries = 3
"#;

#[test]
fn every_value_is_told_with_its_source_and_secrets_are_not_shown() {
    let variables = [
        ("ANTHROPIC_API_KEY", "sk-of-the-environment-hunter2"),
        ("GITHUB_SHA", "0123abc"),
        ("CI", "true"),
        ("FLOWGUARD_WORKERS", ""),
    ];
    let loaded = read_under(WHOLE, &variables, &[("--data", "elsewhere")]).expect("it is right");
    let table = super::table(&loaded);
    let json = super::json(&loaded).expect("it is written");
    for shown in [&table, &json, &format!("{loaded:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    insta::assert_snapshot!("shown_as_a_table", table);
    insta::assert_snapshot!("shown_as_json", json);
}

#[test]
fn without_a_word_there_are_defaults() {
    let loaded = read("").expect("nothing is right too");
    insta::assert_snapshot!("defaults", super::table(&loaded));
}

#[test]
fn flags_over_environment_over_profile_over_file_over_defaults() {
    let text = "[run]\nworkers = 2\n[profiles.development.run]\nworkers = 3\n";
    let of = |text, variables: &[(&str, &str)], flags: &[(&'static str, &str)]| {
        said(
            &read_under(text, variables, flags).expect("it is right"),
            "run.workers",
        )
    };
    let variable = [("FLOWGUARD_WORKERS", "4")];
    let flag = [("--workers", "5")];
    assert_eq!(of(text, &variable, &flag), (json!(5), "--workers".into()));
    assert_eq!(
        of(text, &variable, &[]),
        (json!(4), "environment FLOWGUARD_WORKERS".into())
    );
    assert_eq!(
        of(text, &[], &[]),
        (json!(3), "flowguard.toml:4 (profile development)".into())
    );
    let other = [("--profile", "production")];
    assert_eq!(of(text, &[], &other), (json!(2), "flowguard.toml:2".into()));
    assert_eq!(of("", &[], &[]), (Value::Null, "default".into()));
}

#[test]
fn what_ci_says_is_a_default_and_less_than_the_file() {
    let variables = [("CI", "1"), ("GITHUB_REF_NAME", "main"), ("CI_COMMIT_SHA", "abc")];
    let loaded = read_under("[run]\nbranch = \"mine\"\n", &variables, &[]).expect("it is right");
    assert_eq!(
        said(&loaded, "run.environment"),
        (json!("ci"), "default, from CI".into())
    );
    assert_eq!(
        said(&loaded, "run.branch"),
        (json!("mine"), "flowguard.toml:2".into())
    );
    assert_eq!(
        said(&loaded, "run.commit"),
        (json!("abc"), "default, from CI_COMMIT_SHA".into())
    );
}

#[test]
fn a_profile_is_chosen_by_flag_variable_or_file() {
    let text = "profile = \"staging\"\n[profiles.production.store]\ndatabase = \"p\"\n";
    let of = |variables: &[(&str, &str)], flags: &[(&'static str, &str)]| {
        let loaded = read_under(text, variables, flags).expect("it is right");
        (loaded.config.top.profile.as_str(), loaded.config.store.database.0)
    };
    let (staging, production) = (
        ("staging", "flowguard".to_owned()),
        ("production", "p".to_owned()),
    );
    assert_eq!(of(&[], &[]), staging);
    assert_eq!(of(&[("FLOWGUARD_PROFILE", "production")], &[]), production);
    let both = of(
        &[("FLOWGUARD_PROFILE", "production")],
        &[("--profile", "staging")],
    );
    assert_eq!(both, staging);
}

#[test]
fn paths_of_a_file_begin_where_it_lies() {
    let file = Written {
        path: "conf/other.toml".into(),
        text: "data = \"d\"\nplugins = \"/p\"\n[artifacts]\nurl = \"a\"\n".to_owned(),
    };
    let loaded = resolve(
        &Flags::default(),
        &Environment::default(),
        Some(file),
        SystemTime::UNIX_EPOCH,
    );
    let loaded = loaded.expect("it is right");
    assert_eq!(said(&loaded, "data").0, json!("conf/d"));
    assert_eq!(
        said(&loaded, "plugins"),
        (json!("/p"), "conf/other.toml:2".into())
    );
    assert_eq!(said(&loaded, "artifacts.url").0, json!("conf/a"));
    let here = read_under("", &[("FLOWGUARD_DATA", "d")], &[]).expect("it is right");
    assert_eq!(said(&here, "data").0, json!("d"));
}

#[test]
fn aws_keeps_the_secrets_where_one_is_named() {
    let of = |text| read(text).expect("it is right").config.secrets_are_in().as_str();
    assert_eq!(of(""), "environment");
    assert_eq!(of("[secrets]\nname = \"x\"\n"), "aws");
    assert_eq!(
        of("[secrets]\nname = \"x\"\nsource = \"environment\"\n"),
        "environment"
    );
    assert_eq!(of("profile = \"production\"\n"), "aws");
}

#[test]
fn secrets_stand_in_for_variables_as_their_source_has_it() {
    let variables = [
        ("MONGODB_URI", "mongodb://of-the-environment"),
        ("DD_API_KEY", "of-the-environment"),
    ];
    let mut set = SecretSet::default();
    for (name, value) in [
        ("MONGODB_URI", "mongodb://of-the-secrets"),
        ("ANTHROPIC_API_KEY", "of-the-secrets"),
    ] {
        set.insert(name, Secret::new(value.to_owned())).expect("a name");
    }
    let sources = |precedence| {
        let environment = variables.into_iter().collect();
        let mut request = Request {
            flags: Flags::default(),
            environment,
        };
        request.put(&set, precedence);
        let loaded = resolve(&request.flags, &request.environment, None, SystemTime::UNIX_EPOCH);
        let loaded = loaded.expect("it is right");
        ["store.uri", "vision.key", "datadog.api-key"].map(|key| said(&loaded, key).1)
    };
    let (env, sec) = (
        |name| format!("environment {name}"),
        |name| format!("secret {name}"),
    );
    let [uri, key, api] = ["MONGODB_URI", "ANTHROPIC_API_KEY", "DD_API_KEY"];
    assert_eq!(sources(Precedence::Under), [env(uri), sec(key), env(api)]);
    assert_eq!(sources(Precedence::Over), [sec(uri), sec(key), env(api)]);
    assert_eq!(
        sources(Precedence::Alone),
        [sec(uri), sec(key), "default".to_owned()]
    );
    let mut wrong = Request {
        flags: Flags::default(),
        environment: Environment::default(),
    };
    let mut set = SecretSet::default();
    set.insert("MONGODB_URI", Secret::new("postgres://hunter2".to_owned()))
        .expect("a name");
    wrong.put(&set, Precedence::Over);
    let mistakes = wrong.load().expect_err("it is wrong").to_string();
    assert!(
        mistakes.starts_with("secret MONGODB_URI: `store.uri`: expected") && !mistakes.contains("hunter2"),
        "{mistakes}"
    );
}

/// Wrong texts, each a word on what is wrong with it.
const WRONG: [(&str, &str); 34] = [
    ("an unknown key", "[run]\nbase_url = \"http://x\"\n"),
    ("a key at another place", "workers = 4\n"),
    ("a variable's name", "BASE_URL = \"http://x\"\n"),
    ("a key that is like no other", "[run]\ncolour = \"red\"\n"),
    ("an unknown section", "[stroe]\nuri = \"x\"\n"),
    ("a section that is like no other", "[zzzzzzzz]\n"),
    ("an unknown profile", "[profiles.prod]\nlog = \"info\"\n"),
    (
        "an unknown key of a profile",
        "[profiles.production.run]\nworker = 1\n",
    ),
    (
        "a profile within a profile",
        "[profiles.production]\nprofile = \"staging\"\n",
    ),
    ("a profile that does not exist", "profile = \"test\"\n"),
    (
        "a wrong value in a profile that is not chosen",
        "[profiles.production.run]\nworkers = 0\n",
    ),
    ("too small a number", "[run]\nworkers = 0\n"),
    ("too large a number", "[run]\nretries = 11\n"),
    ("a number that is none", "[run]\nworkers = \"4\"\n"),
    ("a fraction", "[run]\nworkers = 1.5\n"),
    ("a duration without a unit", "[run]\ntimeout = 45\n"),
    ("too long a duration", "[run]\ntimeout = \"2h\"\n"),
    (
        "an address without a scheme",
        "[run]\nbase-url = \"shop.example\"\n",
    ),
    ("a table instead of a value", "[run.workers]\nn = 4\n"),
    ("a value instead of a table", "run = 4\n"),
    ("a list instead of a table", "[[run]]\nworkers = 4\n"),
    ("profiles that are none", "profiles = 4\n"),
    ("a wrong secret", "[store]\nuri = \"hunter2\"\n"),
    ("a secret that is a number", "[vision]\nkey = 1234567\n"),
    ("an empty secret", "[phoenix]\nkey = \"\"\n"),
    ("a filter that is none", "log = \"flowguard=loud\"\n"),
    ("a ratio beyond one", "[datadog]\ntrace-sample-rate = 2\n"),
    (
        "a list with a wrong entry",
        "[secrets.flow.a]\norigins = [\"https://x/login\"]\ncomponents = [\"a\"]\n",
    ),
    ("a secret that nobody may have", "[secrets.flow.a]\n"),
    (
        "a secret with a wrong name",
        "[secrets.flow.\"a b\"]\norigins = [\"https://x\"]\ncomponents = [\"a\"]\n",
    ),
    (
        "a tenant with a wrong name",
        "[tenants.ACME.retention]\nresults-days = 1\n",
    ),
    ("aws without a name", "[secrets]\nsource = \"aws\"\n"),
    ("a key twice", "log = \"info\"\nlog = \"warn\"\n"),
    ("no TOML", "[run\nworkers = = 4\n"),
];

#[test]
fn every_mistake_is_told_with_its_place_and_the_way_out() {
    let mut told = String::new();
    for (name, text) in WRONG {
        let mistakes = read(text).expect_err(name).to_string();
        assert!(
            !mistakes.contains("hunter2") && !mistakes.contains("1234567"),
            "{mistakes}"
        );
        told.push_str(&format!("== {name}\n{mistakes}\n\n"));
    }
    insta::assert_snapshot!("mistakes", told);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "wrkers = 1\n[run]\nretries = -1\nbase-url = \"x\" \"y\"\n[store]\nurl = \"mongodb://x\"\n[datadog]\nsite = \"a b\"\n";
    let variables = [
        ("FLOWGUARD_WORKERS", "many"),
        ("MONGODB_URI", "hunter2"),
        ("EXECUTION_MODE", "remote"),
        ("DD_TRACE_ENABLED", "maybe"),
    ];
    // The flag overrides the variable, which is wrong nevertheless.
    let flags = [("--workers", "3"), ("--profile", "prod"), ("--log", "=,=")];
    let mistakes = read_under(text, &variables, &flags).expect_err("much is wrong");
    insta::assert_snapshot!("all_mistakes", mistakes.to_string());
}

#[test]
fn columns_count_characters() {
    let mistakes = read("[run]\nuser = \"Zoë\" # é\nx = { \"ü\" = 1, y = 2 }\n").expect_err("it is wrong");
    assert!(
        mistakes.to_string().starts_with("flowguard.toml:3:1: "),
        "{mistakes}"
    );
    let mistakes = read("run = { user = \"Zoë\", workrs = 2 }\n").expect_err("it is wrong");
    assert!(
        mistakes.to_string().starts_with("flowguard.toml:1:23: "),
        "{mistakes}"
    );
}

#[test]
fn deep_and_large_files_are_refused() {
    let deep = format!("x = {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    assert!(read(&deep).is_err());
    let many = format!("[datadog]\ntags = [{}]\n", "\"a:b\",".repeat(257));
    assert!(
        read(&many)
            .expect_err("too many")
            .to_string()
            .contains("at most 256 entries")
    );
    let long = format!("[run]\nuser = \"{}\"\n", "x".repeat(4_097));
    let told = read(&long).expect_err("too long").to_string();
    assert!(told.contains("1 to 4096 bytes") && told.len() < 300, "{told}");
}

#[test]
fn a_text_that_could_speak_to_a_terminal_is_refused() {
    let told = read("[run]\nuser = \"\\u001b[31mred\"\n")
        .expect_err("control characters")
        .to_string();
    assert!(!told.contains('\u{1b}'), "{told}");
}

/// The keys of the well-known variables of the field.
#[test]
fn well_known_variables_are_heard() {
    let known = [
        ("MONGODB_URI", "store.uri"),
        ("ANTHROPIC_API_KEY", "vision.key"),
        ("BROWSERBASE_API_KEY", "browserbase.key"),
        ("BROWSERBASE_PROJECT_ID", "browserbase.project"),
        ("BROWSERBASE_REGION", "browserbase.region"),
        ("EXECUTION_MODE", "run.mode"),
        ("PHOENIX_ENDPOINT", "phoenix.endpoint"),
        ("PHOENIX_API_KEY", "phoenix.key"),
        ("AWS_REGION", "secrets.region"),
        ("AWS_ENDPOINT_URL", "secrets.endpoint"),
        ("FLOWGUARD_SECRET_NAME", "secrets.name"),
        ("DD_SERVICE", "datadog.service"),
        ("DD_AGENT_HOST", "datadog.agent-host"),
        ("DD_SITE", "datadog.site"),
    ];
    let keys = Config::keys();
    for (variable, path) in known {
        let key = keys.iter().find(|key| key.variable == Some(variable));
        assert_eq!(key.map(super::key::Key::path).as_deref(), Some(path));
    }
    let mut names: Vec<&str> = keys.iter().filter_map(|key| key.variable).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "a variable says one thing");
}
