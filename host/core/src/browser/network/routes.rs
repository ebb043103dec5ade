//! Routes: rules that decide what becomes of the requests which pages make. Decisions are taken at once, where
//! the rule is data; a request that a guest wants to see waits in its rule's queue.
//!
//! As in Playwright: rules of the page come before those of the context, later ones before earlier ones; a
//! redirect of a request that was decided on is not asked again; a preflight is answered with consent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

use super::complete::{abort, check_scheme, completed, consent};
use super::decision::Decision;
use super::har::replay::{Found, HarReplay};
use super::pattern::Matcher;
use super::words::{RequestInfo, invalid};
use crate::browser::calls::{ContextId, PageId};
use crate::browser::port::network::{Paused, PausedRequest};
use crate::failure::{Code, Failure};
use crate::limits::{MAX_HELD_REQUESTS, MAX_ROUTE_BYTES, MAX_ROUTES};

/// Names a route within its run.
pub type RouteId = u32;
/// Names a held request within its run.
pub type HeldId = u32;

/// What a route does with a request.
#[derive(Debug)]
pub enum Action {
    /// Always the same.
    Decide(Decision),
    /// It waits for the guest.
    Hold,
    /// What was recorded. `true`: what was not is aborted; `false`: it is left to the next route.
    Replay(HarReplay, bool),
}

/// Which pages a route is for. The narrower is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Every page of the run.
    Run,
    /// Every page of a context.
    Context(ContextId),
    /// One page.
    Page(PageId),
}

/// The page that a request is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The page.
    pub page: PageId,
    /// Its context.
    pub context: ContextId,
}

/// A route that is to be set.
#[derive(Debug)]
pub struct NewRoute {
    /// Which pages it is for.
    pub reach: Reach,
    /// Which requests.
    pub matcher: Matcher,
    /// What becomes of them.
    pub action: Action,
    /// How often; none for always.
    pub times: Option<u32>,
}

/// The routes of a run.
#[derive(Default)]
pub struct Routes {
    state: Mutex<State>,
    /// Changes whenever a request begins to wait, or a route goes.
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// In the order in which they were set.
    routes: Vec<Route>,
    /// Requests that a guest holds.
    held: HashMap<HeldId, Held>,
    last_id: u32,
    bytes: usize,
}

struct Route {
    id: RouteId,
    set: NewRoute,
    hits: u32,
    waiting: VecDeque<HeldId>,
}

struct Held {
    route: RouteId,
    asker: Asker,
    request: RequestInfo,
    paused: Box<dyn Paused>,
}

impl Routes {
    /// Sets a route.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where there are too many, or they hold too much.
    pub fn add(&self, set: NewRoute) -> Result<RouteId, Failure> {
        let mut state = self.lock();
        if state.routes.len() >= MAX_ROUTES {
            let message = format!("{MAX_ROUTES} routes are set already: remove one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        let bytes = bytes_of(&set.action);
        if state.bytes + bytes > MAX_ROUTE_BYTES {
            let message = format!("the routes of a run hold at most {MAX_ROUTE_BYTES} bytes: remove some");
            return Err(Failure::new(Code::OverBudget, message));
        }
        state.bytes += bytes;
        let id = state.next_id();
        state.routes.push(Route {
            id,
            set,
            hits: 0,
            waiting: VecDeque::new(),
        });
        Ok(id)
    }

    /// Sets a route of the host's own below all others, which no flow can remove.
    pub fn set_foundation(&self, action: Action) {
        let route = Route {
            id: 0,
            set: NewRoute {
                reach: Reach::Run,
                matcher: Matcher::any(),
                action,
                times: None,
            },
            hits: 0,
            waiting: VecDeque::new(),
        };
        self.lock().routes.insert(0, route);
    }

    /// Removes a route; what waits for it goes on. `None` where there is none.
    pub fn remove(&self, id: RouteId) -> Option<()> {
        let mut state = self.lock();
        let place = state.routes.iter().position(|route| route.id == id && id > 0)?;
        let route = state.routes.remove(place);
        state.bytes -= bytes_of(&route.set.action);
        let waiting: Vec<Held> = route
            .waiting
            .iter()
            .filter_map(|id| state.held.remove(id))
            .collect();
        drop(state);
        // Each goes on when it is dropped.
        drop(waiting);
        self.news.send_modify(|news| *news += 1);
        Some(())
    }

    /// How many requests a route has met. `None` where there is none.
    #[must_use]
    pub fn hits(&self, id: RouteId) -> Option<u32> {
        self.lock()
            .routes
            .iter()
            .find(|route| route.id == id)
            .map(|route| route.hits)
    }

    /// Whether a route keeps requests for the guest.
    #[must_use]
    pub fn holds(&self, id: RouteId) -> bool {
        let is_it = |route: &&Route| route.id == id && matches!(route.set.action, Action::Hold);
        self.lock().routes.iter().find(is_it).is_some()
    }

    /// Whether a page's requests must be paused.
    #[must_use]
    pub fn concern(&self, asker: Asker) -> bool {
        self.lock().routes.iter().any(|route| route.concerns(asker))
    }

    /// Decides on a paused request.
    pub fn decide(&self, asker: Asker, paused_request: PausedRequest, paused: Box<dyn Paused>) {
        if paused_request.is_preflight() {
            return paused.decide(Decision::Fulfil(consent(&paused_request.request.headers)));
        }
        self.offer(
            asker,
            paused_request.request,
            paused_request.is_redirect,
            paused,
            None,
        );
    }

    /// Offers a request to the routes, one after another, from the one below `below`.
    fn offer(
        &self,
        asker: Asker,
        request: RequestInfo,
        is_redirect: bool,
        paused: Box<dyn Paused>,
        below: Option<RouteId>,
    ) {
        let mut state = self.lock();
        for place in state.order(asker, below) {
            let route = &mut state.routes[place];
            if is_redirect && !matches!(route.set.action, Action::Replay(..)) {
                continue;
            }
            if !route.takes(&request) {
                continue;
            }
            let decision = match &mut route.set.action {
                Action::Decide(decision) => Some(completed(decision, &request)),
                Action::Hold => None,
                Action::Replay(har, or_abort) => match har.find(&request) {
                    Found::Response(response) => Some(completed(&Decision::Fulfil(response), &request)),
                    Found::Failed => Some(abort()),
                    Found::Nothing if *or_abort => Some(abort()),
                    Found::Nothing => continue,
                },
            };
            let id = route.id;
            match decision {
                Some(decision) => {
                    drop(state);
                    return paused.decide(decision);
                }
                None => {
                    let held = Held {
                        route: id,
                        asker,
                        request,
                        paused,
                    };
                    return self.hold(state, place, held);
                }
            }
        }
        // Nobody wants it: it goes on.
    }

    fn hold(&self, mut state: MutexGuard<'_, State>, place: usize, held: Held) {
        if state.held.len() >= MAX_HELD_REQUESTS {
            // Too many wait; this one goes on.
            drop(state);
            return drop(held);
        }
        let id = state.next_id();
        state.held.insert(id, held);
        state.routes[place].waiting.push_back(id);
        drop(state);
        self.news.send_modify(|news| *news += 1);
    }

    /// Waits for the next request that a route holds. Never ends where the route holds none.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the route is gone or holds nothing.
    pub async fn next(&self, id: RouteId) -> Result<(HeldId, RequestInfo), Failure> {
        let mut news = self.news.subscribe();
        loop {
            if let Some(held) = self.take_waiting(id)? {
                return Ok(held);
            }
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn take_waiting(&self, id: RouteId) -> Result<Option<(HeldId, RequestInfo)>, Failure> {
        let mut state = self.lock();
        let route = state.routes.iter_mut().find(|route| route.id == id);
        let route = route.ok_or_else(|| invalid("this route was removed"))?;
        if !matches!(route.set.action, Action::Hold) {
            return Err(invalid("only a route that holds requests hands them out"));
        }
        let next = route.waiting.pop_front();
        Ok(next.and_then(|id| Some((id, state.held.get(&id)?.request.clone()))))
    }

    /// Decides on a request that a guest holds.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it was decided on already, or cannot go there.
    pub fn settle(&self, id: HeldId, decision: &Decision) -> Result<(), Failure> {
        let mut state = self.lock();
        let held = state.held.get(&id).ok_or_else(decided_already)?;
        if let Some(url) = decision.leads_to() {
            check_scheme(url, &held.request.url)?;
        }
        let decision = completed(decision, &held.request);
        let held = state.held.remove(&id).ok_or_else(decided_already)?;
        drop(state);
        held.paused.decide(decision);
        Ok(())
    }

    /// Leaves a request that a guest holds to the routes below.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it was decided on already.
    pub fn fall_back(&self, id: HeldId) -> Result<(), Failure> {
        let held = self.lock().held.remove(&id).ok_or_else(decided_already)?;
        self.offer(held.asker, held.request, false, held.paused, Some(held.route));
        Ok(())
    }

    /// Lets a request go on that the guest has forgotten.
    pub fn forget(&self, id: HeldId) {
        let held = self.lock().held.remove(&id);
        drop(held);
    }

    /// Nobody will decide on what waits any more: it goes on.
    pub fn let_go(&self) {
        let held = std::mem::take(&mut self.lock().held);
        drop(held);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// The places of the routes that concern a page, in the order in which they are asked, from below one.
    fn order(&self, asker: Asker, below: Option<RouteId>) -> Vec<usize> {
        let rank = |route: &Route| (route.set.reach, route.id);
        let limit = below.map(|below| {
            let route = self.routes.iter().find(|route| route.id == below);
            // One that is gone has no place any more: what was set before it comes next.
            route.map_or((Reach::Page(asker.page), below), rank)
        });
        let mut concerned: Vec<_> = self
            .routes
            .iter()
            .enumerate()
            .map(|(place, route)| (rank(route), place, route))
            .filter(|(rank, _, route)| route.concerns(asker) && limit.is_none_or(|limit| *rank < limit))
            .map(|(rank, place, _)| (rank, place))
            .collect();
        concerned.sort_unstable_by(|one, other| other.cmp(one));
        concerned.into_iter().map(|(_, place)| place).collect()
    }
}

impl Route {
    fn concerns(&self, asker: Asker) -> bool {
        match self.set.reach {
            Reach::Run => true,
            Reach::Context(context) => context == asker.context,
            Reach::Page(page) => page == asker.page,
        }
    }

    /// Whether it takes this request; counts it if so.
    fn takes(&mut self, request: &RequestInfo) -> bool {
        let RequestInfo {
            url,
            method,
            resource_type,
            headers,
            ..
        } = request;
        let is_meant =
            self.set.times != Some(0) && self.set.matcher.matches(url, method, *resource_type, headers);
        if is_meant {
            self.hits += 1;
            self.set.times = self.set.times.map(|left| left - 1);
        }
        is_meant
    }
}

fn bytes_of(action: &Action) -> usize {
    match action {
        Action::Decide(decision) => decision.bytes(),
        Action::Hold => 0,
        Action::Replay(har, _) => har.bytes(),
    }
}

fn decided_already() -> Failure {
    invalid("this request was decided on already, or its page is gone")
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
