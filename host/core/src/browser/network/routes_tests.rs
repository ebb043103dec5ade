//! Which route decides, and what becomes of requests that nobody decides on.

use super::*;
use crate::browser::network::words::header;
use crate::browser::network::{Body, Changes, Fulfilment, Header, RequestMatch, ResourceType, UrlMatch};
use std::sync::{Arc, Mutex as StdMutex};

/// Notes what became of requests: `None` for one that went on.
#[derive(Clone, Default)]
struct Outcomes(Arc<StdMutex<Vec<Option<Decision>>>>);

struct Noted(Outcomes, bool);

impl Paused for Noted {
    fn decide(mut self: Box<Self>, decision: Decision) {
        self.1 = true;
        self.0.0.lock().expect("whole").push(Some(decision));
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if !self.1 {
            self.0.0.lock().expect("whole").push(None);
        }
    }
}

impl Outcomes {
    fn paused(&self) -> Box<dyn Paused> {
        Box::new(Noted(self.clone(), false))
    }

    /// What became of the last request.
    fn last(&self) -> Option<Decision> {
        self.0
            .lock()
            .expect("whole")
            .last()
            .cloned()
            .expect("a request ended")
    }

    fn count(&self) -> usize {
        self.0.lock().expect("whole").len()
    }
}

fn get(url: &str) -> PausedRequest {
    PausedRequest {
        request: RequestInfo {
            url: url.to_owned(),
            method: "GET".to_owned(),
            headers: vec![Header::new("Host", "a.test"), Header::new("Accept", "*/*")],
            body: None,
            resource_type: ResourceType::Fetch,
            is_navigation: false,
            redirects: Vec::new(),
        },
        is_redirect: false,
    }
}

/// A page of context 10.
const fn of(page: PageId) -> Asker {
    Asker { page, context: 10 }
}

fn fulfil(status: u16) -> Decision {
    Decision::Fulfil(Fulfilment {
        status,
        headers: Vec::new(),
        body: Body::default(),
    })
}

fn status(decision: Option<Decision>) -> u16 {
    match decision {
        Some(Decision::Fulfil(response)) => response.status,
        _ => 0,
    }
}

fn add(routes: &Routes, reach: Reach, glob: &str, action: Action, times: Option<u32>) -> RouteId {
    let what = RequestMatch {
        url: UrlMatch::Glob {
            glob: glob.to_owned(),
        },
        ..RequestMatch::default()
    };
    let matcher = Matcher::new(&what, None).expect("well formed");
    routes
        .add(NewRoute {
            reach,
            matcher,
            action,
            times,
        })
        .expect("room")
}

#[test]
fn the_page_comes_before_the_context_and_the_latest_before_the_earlier() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    add(&routes, Reach::Page(1), "**/x", Action::Decide(fulfil(201)), None);
    let latest = add(
        &routes,
        Reach::Page(1),
        "**/x",
        Action::Decide(fulfil(202)),
        Some(1),
    );
    add(
        &routes,
        Reach::Context(10),
        "**/*",
        Action::Decide(fulfil(203)),
        None,
    );
    let of_all = add(&routes, Reach::Run, "**/*", Action::Decide(fulfil(204)), None);
    let ask = |page, url: &str| {
        routes.decide(of(page), get(url), outcomes.paused());
        status(outcomes.last())
    };
    assert_eq!(ask(1, "http://a.test/x"), 202);
    // It was for one request.
    assert_eq!(ask(1, "http://a.test/x"), 201);
    assert_eq!(ask(1, "http://a.test/y"), 203);
    assert_eq!(ask(2, "http://a.test/x"), 203);
    assert_eq!(routes.hits(latest), Some(1));
    let elsewhere = Asker { page: 3, context: 11 };
    routes.decide(elsewhere, get("http://a.test/x"), outcomes.paused());
    assert_eq!(status(outcomes.last()), 204);
    assert!(routes.concern(of(7)) && routes.concern(elsewhere));
    routes.remove(of_all);
    assert!(routes.concern(of(7)) && !routes.concern(elsewhere));
}

#[test]
fn what_no_route_wants_goes_on() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    let id = add(&routes, Reach::Page(1), "**/x", Action::Decide(fulfil(201)), None);
    routes.decide(of(1), get("http://a.test/y"), outcomes.paused());
    assert_eq!(outcomes.last(), None);
    let redirect = PausedRequest {
        is_redirect: true,
        ..get("http://a.test/x")
    };
    routes.decide(of(1), redirect, outcomes.paused());
    assert_eq!(outcomes.last(), None);
    assert!(!routes.concern(of(2)) && routes.concern(of(1)));
    assert_eq!((routes.remove(id), routes.remove(id)), (Some(()), None));
    assert!(!routes.concern(of(1)));
}

#[tokio::test]
async fn a_held_request_is_decided_on_once_or_left_to_the_next_route() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    add(&routes, Reach::Run, "**/*", Action::Decide(fulfil(201)), None);
    let route = add(&routes, Reach::Page(1), "**/*", Action::Hold, None);
    for _ in 0..3 {
        routes.decide(of(1), get("http://a.test/x"), outcomes.paused());
    }
    assert_eq!(outcomes.count(), 0);
    let (first, request) = routes.next(route).await.expect("held");
    assert_eq!(request.url, "http://a.test/x");
    let elsewhere = Decision::Continue(Changes {
        url: Some("https://a.test/".to_owned()),
        ..Changes::default()
    });
    assert_eq!(
        routes.settle(first, &elsewhere).expect_err("another scheme").code,
        Code::InvalidArgument
    );
    assert_eq!(routes.settle(first, &fulfil(204)), Ok(()));
    assert_eq!(status(outcomes.last()), 204);
    assert!(routes.settle(first, &fulfil(204)).is_err());
    let (second, _) = routes.next(route).await.expect("held");
    assert_eq!(routes.fall_back(second), Ok(()));
    assert_eq!(status(outcomes.last()), 201);
    let (third, _) = routes.next(route).await.expect("held");
    routes.forget(third);
    assert_eq!((outcomes.count(), outcomes.last()), (3, None));
}

#[tokio::test]
async fn requests_that_wait_go_on_when_their_route_goes() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    let route = add(&routes, Reach::Page(1), "**/*", Action::Hold, None);
    for _ in 0..=MAX_HELD_REQUESTS {
        routes.decide(of(1), get("http://a.test/x"), outcomes.paused());
    }
    assert_eq!(outcomes.count(), 1, "one was too many");
    assert!(routes.holds(route));
    routes.remove(route);
    assert_eq!(outcomes.count(), MAX_HELD_REQUESTS + 1);
    assert_eq!(
        routes.next(route).await.expect_err("gone").code,
        Code::InvalidArgument
    );
}

#[test]
fn a_preflight_is_answered_with_consent_and_another_origin_may_read_the_answer() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    add(&routes, Reach::Run, "**/*", Action::Decide(fulfil(200)), None);
    let mut preflight = get("http://api.test/x");
    preflight.request.method = "OPTIONS".to_owned();
    preflight.request.headers = vec![
        Header::new("Origin", "http://a.test"),
        Header::new("Access-Control-Request-Method", "PUT"),
    ];
    routes.decide(of(1), preflight, outcomes.paused());
    let Some(Decision::Fulfil(consent)) = outcomes.last() else {
        panic!("an answer")
    };
    assert_eq!(consent.status, 204);
    assert_eq!(
        header(&consent.headers, "access-control-allow-methods"),
        Some("PUT")
    );
    let mut cross = get("http://api.test/x");
    cross.request.headers.push(Header::new("origin", "http://a.test"));
    routes.decide(of(1), cross, outcomes.paused());
    let Some(Decision::Fulfil(answer)) = outcomes.last() else {
        panic!("an answer")
    };
    assert_eq!(
        header(&answer.headers, "access-control-allow-origin"),
        Some("http://a.test")
    );
}

#[test]
fn changed_headers_leave_the_browsers_own_alone() {
    let (routes, outcomes) = (Routes::default(), Outcomes::default());
    let changes = Changes {
        headers: Some(vec![
            Header::new("X-A", "1"),
            Header::new("host", "evil.test"),
            Header::new("cookie", "a=1"),
        ]),
        ..Changes::default()
    };
    add(
        &routes,
        Reach::Run,
        "**/*",
        Action::Decide(Decision::Continue(changes)),
        None,
    );
    routes.decide(of(1), get("http://a.test/x"), outcomes.paused());
    let Some(Decision::Continue(changes)) = outcomes.last() else {
        panic!("it goes on")
    };
    let expected = vec![Header::new("X-A", "1"), Header::new("Host", "a.test")];
    assert_eq!(changes.headers, Some(expected));
}

#[test]
fn routes_are_bounded() {
    let routes = Routes::default();
    let big = || {
        Action::Decide(Decision::Fulfil(Fulfilment {
            status: 200,
            headers: Vec::new(),
            body: Body(vec![0; MAX_ROUTE_BYTES / 4].into()),
        }))
    };
    for _ in 0..4 {
        add(&routes, Reach::Run, "**", big(), None);
    }
    let matcher = Matcher::new(&RequestMatch::default(), None).expect("well formed");
    let set = |action| NewRoute {
        reach: Reach::Run,
        matcher: matcher.clone(),
        action,
        times: None,
    };
    assert_eq!(
        routes.add(set(big())).expect_err("too much").code,
        Code::OverBudget
    );
    for _ in 4..MAX_ROUTES {
        assert!(routes.add(set(Action::Hold)).is_ok());
    }
    assert_eq!(
        routes.add(set(Action::Hold)).expect_err("too many").code,
        Code::OverBudget
    );
}
