//! Every case of the gallery through the port: the host's part of a pointer action is played here, as plainly
//! as the protocol allows, so that a failure is the script's or the port's and not a retry loop's.

use flowguard_backends::browser::LocalBrowsers;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::port::{
    Click, Gesture, KeyAction, MouseButton, Navigation, PointerBurst, Settled,
};
use flowguard_core::browser::{Browsers, Context, LoadState, Tab, Wanted};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::inspector::Inspector;
use crate::partial::mismatch;
use crate::site::{Site, gallery};
use crate::stage::{Unwatched, local_browsers};

/// Contexts at work at the same time.
const LANES: usize = 6;
const ONE_CLICK: Click = Click {
    button: MouseButton::Left,
    count: 1,
    delay: Duration::ZERO,
    steps: 1,
};
/// How long the host waits beyond the time that it gave the page.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    page: String,
    title: String,
    request: Value,
    expect: Value,
    #[serde(default)]
    click: bool,
    after: Option<After>,
}

#[derive(Debug, Deserialize)]
struct After {
    js: String,
    equals: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_the_gallery_holds() {
    let text = std::fs::read_to_string(gallery().join("cases.json")).expect("the gallery's cases");
    let cases: VecDeque<Case> = serde_json::from_str(&text).expect("cases");
    let number = cases.len();
    let queue = Arc::new(Mutex::new(cases));
    let browsers = Arc::new(local_browsers());
    browsers.warm_up().await.expect("a browser");
    let lanes = (0..LANES).map(|_| tokio::spawn(lane(browsers.clone(), queue.clone())));
    let mut failed = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        failed.extend(lane.await.expect("a lane ends by itself"));
    }
    browsers.shut_down().await;
    assert!(
        failed.is_empty(),
        "{} of {number} cases failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// Takes cases from the queue until it is empty, each on a page of its own; tells what failed.
async fn lane(browsers: Arc<LocalBrowsers>, queue: Arc<Mutex<VecDeque<Case>>>) -> Vec<String> {
    let site = Site::start().await;
    let lease = browsers
        .lease(&Wanted::default(), Arc::new(Unwatched))
        .await
        .expect("a lease");
    let context = lease
        .new_context(&ContextOptions::default())
        .await
        .expect("a context");
    let mut inspector = Inspector::connect(&browsers.address().await.expect("it runs")).await;
    let mut failed = Vec::new();
    loop {
        let next = queue.lock().unwrap().pop_front();
        let Some(case) = next else { break };
        if let Err(why) = run(&case, &site, &*context, &mut inspector).await {
            failed.push(format!("{}: {}: {why}", case.page, case.title));
        }
    }
    lease.release().await;
    failed
}

async fn run(
    case: &Case,
    site: &Site,
    context: &dyn Context,
    inspector: &mut Inspector,
) -> Result<(), String> {
    let tab = context.open_tab(1).await.map_err(|error| error.to_string())?;
    load(&*tab, case, site).await?;
    let reply = reply(&*tab, case).await.map_err(|error| error.to_string())?;
    let outcome = match mismatch(&case.expect, &reply) {
        Some(wrong) => Err(format!("{wrong}\n    expected {}\n    got {reply}", case.expect)),
        None => after(case, site, inspector).await,
    };
    tab.close().await.map_err(|error| error.to_string())?;
    outcome
}

async fn load(tab: &dyn Tab, case: &Case, site: &Site) -> Result<(), String> {
    let mut state = tab.state();
    let navigation = tab.navigate(&site.url(&format!("/{}", case.page))).await;
    let Ok(Navigation::Document(loader)) = navigation else {
        return Err(format!("the page did not load: {navigation:?}"));
    };
    // A page about an image that comes late is there before its image is.
    let until = if case.page == "late-image.html" {
        LoadState::DomContentLoaded
    } else {
        LoadState::Load
    };
    let loaded = state.wait_for(|state| state.loader == loader && state.reached >= until);
    let loaded = tokio::time::timeout(Duration::from_secs(10), loaded).await;
    loaded
        .map_err(|_| "the page did not load in time")?
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// The script's reply, with what the host adds to it where the case lets it act.
async fn reply(tab: &dyn Tab, case: &Case) -> Result<Value, flowguard_core::browser::TabError> {
    let mut request = case.request.clone();
    let mut reply = perform(tab, &request).await?;
    if !case.click {
        return Ok(reply);
    }
    if reply["status"] == "needsInsertText" {
        let text = request["action"]["value"].as_str().expect("a text").to_owned();
        tab.input().keyboard(&KeyAction::Insert(text)).await?;
        return Ok(reply);
    }
    let mut blocked_by = None;
    while reply["status"] == "point" {
        let burst = burst(&request, &reply);
        let ran = tab.run(Some(&burst), &[], GRACE).await?;
        match ran.settled.unwrap_or(Settled::None) {
            Settled::Blocked { by } => {
                blocked_by = Some(by);
                request["scroll"] = json!(request["scroll"].as_u64().unwrap_or_default() + 1);
                reply = perform(tab, &request).await?;
            }
            settled => {
                reply["settled"] = json!(if settled == Settled::Hit { "hit" } else { "none" });
                break;
            }
        }
    }
    reply["by"] = json!(blocked_by);
    if request["action"]["kind"] == "setChecked" {
        let checked = request["action"]["checked"].clone();
        request["action"] = json!({"kind": "verifyChecked", "checked": checked});
        reply["verified"] = perform(tab, &request).await?;
    }
    Ok(reply)
}

async fn perform(tab: &dyn Tab, request: &Value) -> Result<Value, flowguard_core::browser::TabError> {
    let wait = Duration::from_millis(request["timeout"].as_u64().expect("a time"));
    tab.perform(request, wait + GRACE).await
}

fn burst(request: &Value, point: &Value) -> PointerBurst {
    PointerBurst {
        x: point["x"].as_f64().expect("a number"),
        y: point["y"].as_f64().expect("a number"),
        gesture: if request["action"]["guard"] == "hover" {
            Gesture::Hover
        } else {
            Gesture::Click(ONE_CLICK)
        },
        modifiers: flowguard_core::browser::port::Modifiers::default(),
        token: point["token"].clone(),
    }
}

/// Looks at the page with its own eyes.
async fn after(case: &Case, site: &Site, inspector: &mut Inspector) -> Result<(), String> {
    let Some(After { js, equals }) = &case.after else {
        return Ok(());
    };
    let got = inspector.evaluate(&site.url("/"), js).await;
    match mismatch(equals, &got) {
        None => Ok(()),
        Some(_) => Err(format!("afterwards {js} should be {equals}, got {got}")),
    }
}
