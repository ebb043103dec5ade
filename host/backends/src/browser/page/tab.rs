//! One page over CDP: the browser port, command by command.

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::dom::Rgba;
use chromiumoxide::cdp::browser_protocol::emulation::SetDefaultBackgroundColorOverrideParams;
use chromiumoxide::cdp::browser_protocol::io::CloseParams as CloseStreamParams;
use chromiumoxide::cdp::browser_protocol::network::{LoadNetworkResourceOptions, LoadNetworkResourceParams};
use chromiumoxide::cdp::browser_protocol::page::{
    BringToFrontParams, CaptureScreenshotFormat, CaptureScreenshotParams, FrameId,
    GetNavigationHistoryParams, NavigateParams, NavigateToHistoryEntryParams, ReloadParams,
    StopLoadingParams, Viewport,
};
use chromiumoxide::cdp::browser_protocol::target::{CloseTargetParams, TargetId};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use super::frames::Home;
use super::input::Devices;
use super::page_world::CdpPageWorld;
use super::screencast::Screencast;
use super::setup::{self, Done, Page};
use super::walk;
use crate::browser::connection::cdp::{Pending, Session};
use crate::browser::context::emulation::CdpEmulation;
use crate::browser::context::owner::Owner;
use crate::browser::context::site_data::Origins;
use crate::browser::context::targets;
use flowguard_core::browser::calls::{ImageFormat, Rect, Size};
use flowguard_core::browser::context::HttpCredentials;
use flowguard_core::browser::port::network::TabNetwork;
use flowguard_core::browser::port::{
    Input, Navigation, PageScripts, PageWorld, PointerBurst, Ran, Shot, Tab, TabError, TabState,
};
use flowguard_core::browser::{PageId, Watcher};

pub(in crate::browser) const PERFORM: &str = "function (request) { return flowguard.perform(request); }";
pub(in crate::browser) const RUN: &str = "function (request) { return flowguard.run(request); }";

/// A page of a browser.
pub(in crate::browser) struct CdpTab {
    session: Session,
    target: TargetId,
    page: Arc<Page>,
    devices: Devices,
}

impl CdpTab {
    /// A page that is attached to; nothing is sent to it yet.
    pub(in crate::browser) fn new(
        session: Session,
        target: TargetId,
        emulation: &Arc<CdpEmulation>,
        origins: &Arc<Origins>,
    ) -> Self {
        // The main frame of a page has the id of its target.
        let page = Arc::new(Page::new(target.inner().clone(), emulation, origins));
        Self {
            devices: Devices::new(session.clone(), page.clone()),
            session,
            page,
            target,
        }
    }

    /// Makes it ready and lets it run.
    pub(in crate::browser) fn set_up(&self) -> Done {
        self.set_http_credentials(self.page.world.emulation.http_credentials());
        setup::page(&self.page, &self.session)
    }

    /// What servers get that ask it for a password by HTTP.
    pub(in crate::browser) fn set_http_credentials(&self, credentials: Option<HttpCredentials>) {
        self.page.network.set_credentials(credentials);
    }

    /// From now on every request of it gets an empty document, and no site is asked.
    pub(in crate::browser) async fn be_blank(&self) -> Result<(), TabError> {
        self.page.network.be_blank().await
    }

    /// The browser's name for it.
    pub(in crate::browser) fn target(&self) -> &str {
        self.target.inner()
    }

    /// Whether this frame is one of its.
    pub(in crate::browser) fn has_frame(&self, frame: &str) -> bool {
        self.target.inner() == frame || self.page.frames.homes().borrow().contains_key(frame)
    }

    /// Whether it can be used: its process runs, and the browser still has it.
    pub(in crate::browser) fn is_alive(&self) -> bool {
        self.gone().is_none()
    }

    /// Closes it at once.
    pub(in crate::browser) fn refuse(&self) {
        // In this order: a page that is closed while it waits for us holds up its opener, whose process it shares.
        targets::run(&self.session);
        drop(self.close_target());
    }

    /// It is this run's; requests wait from now on where the run decides on them.
    pub(in crate::browser) fn take(&self, page: PageId, watcher: Arc<dyn Watcher>) {
        self.page.owner.take(page, watcher);
        self.page.network.keep_up();
        if self.page.owner.wants_pictures() {
            Screencast::begin(&self.session);
        }
    }

    /// Whose it is.
    pub(in crate::browser) fn owner(&self) -> &Owner {
        &self.page.owner
    }

    fn close_target(&self) -> Pending<CloseTargetParams> {
        self.session
            .browser()
            .send(&CloseTargetParams::new(self.target.clone()))
    }

    /// The main frame of a page has the id of its target.
    pub(in crate::browser) fn main_frame(&self) -> &str {
        self.target.inner()
    }

    pub(in crate::browser) const fn session(&self) -> &Session {
        &self.session
    }

    pub(in crate::browser) fn is_navigating(&self) -> bool {
        self.page.document.state().borrow().navigating
    }

    /// Waits until the injected script is there.
    pub(super) async fn home(&self, frame: &str) -> Result<Home, TabError> {
        let mut homes = self.page.frames.homes();
        let mut state = self.page.document.state();
        let lost = || TabError::BrowserLost("its connection ended".to_owned());
        tokio::select! {
            homes = homes.wait_for(|homes| homes.contains_key(frame)) => {
                homes.ok().and_then(|homes| homes.get(frame).cloned()).ok_or_else(lost)
            }
            gone = state.wait_for(|state| state.gone.is_some()) => Err(gone
                .ok()
                .and_then(|state| state.gone.clone())
                .unwrap_or_else(lost)),
        }
    }

    /// Calls a function of the injected script there, and gives up when its document goes.
    pub(super) async fn call_in(
        &self,
        home: &Home,
        function: &str,
        argument: Value,
    ) -> Result<Value, TabError> {
        let mut command = walk::function(home, function, vec![argument]);
        command.return_by_value = Some(true);
        command.await_promise = Some(true);
        command.user_gesture = Some(true);
        let answer = self.until_left(home, home.session.call(&command)).await?;
        if let Some(thrown) = answer.exception_details {
            let what = thrown
                .exception
                .and_then(|e| e.description)
                .unwrap_or(thrown.text);
            return Err(TabError::Refused {
                command: "the injected script".to_owned(),
                message: what,
            });
        }
        Ok(answer.result.value.unwrap_or(Value::Null))
    }

    /// Waits for an answer out of a document, and gives up when that goes.
    pub(super) async fn until_left<T>(
        &self,
        home: &Home,
        answer: impl Future<Output = Result<T, TabError>>,
    ) -> Result<T, TabError> {
        tokio::select! {
            biased;
            answer = answer => match answer {
                // A frame that went with its process is no end of the page.
                Err(TabError::Closed | TabError::Crashed) if home.session.id() != self.session.id() => {
                    Err(self.gone().unwrap_or(TabError::DocumentReplaced))
                }
                answer => answer,
            },
            () = self.page.frames.left_by(home) => Err(self.gone().unwrap_or(TabError::DocumentReplaced)),
        }
    }

    /// The page's own world beside this home of its main frame.
    pub(super) async fn main_world(&self, home: &Home) -> Result<i64, TabError> {
        if let Some(world) = home.main_world {
            return Ok(world);
        }
        let mut homes = self.page.frames.homes();
        let known =
            |homes: &HashMap<String, Home>| homes.get(self.main_frame()).and_then(|home| home.main_world);
        let told = async {
            homes
                .wait_for(|homes| known(homes).is_some())
                .await
                .ok()
                .and_then(|homes| known(&homes))
        };
        let told = self.until_left(home, async { told.await.ok_or(TabError::DocumentReplaced) });
        told.await
    }

    /// The world around the page.
    pub(in crate::browser) fn page_world(&self) -> &CdpPageWorld {
        &self.page.world
    }

    /// Sends the events of a burst, then waits until the page has seen them.
    pub(in crate::browser) async fn gesture(&self, burst: Option<&PointerBurst>) -> Result<(), TabError> {
        match burst {
            Some(burst) => self.devices.gesture(burst).await,
            None => Ok(()),
        }
    }

    pub(in crate::browser) fn gone(&self) -> Option<TabError> {
        self.page.document.gone()
    }

    /// Why the page has not answered: it is gone, or busy, or the browser itself does not answer any more.
    async fn unanswered(&self) -> TabError {
        if let Some(gone) = self.gone() {
            return gone;
        }
        let answers = self.session.connection().answers().await;
        answers.err().unwrap_or(TabError::Unresponsive)
    }
}

#[async_trait]
impl Tab for CdpTab {
    fn state(&self) -> watch::Receiver<TabState> {
        self.page.document.state()
    }

    async fn navigate(&self, url: &str) -> Result<Navigation, TabError> {
        let mut stop = StopIfGivenUp(Some(&self.session));
        let answer = self.session.call(&NavigateParams::new(url)).await;
        stop.0 = None;
        let answer = answer?;
        if let Some(error) = answer.error_text.filter(|text| !text.is_empty()) {
            return Ok(Navigation::Failed(error));
        }
        Ok(answer.loader_id.map_or(Navigation::Within, |loader| {
            Navigation::Document(loader.inner().clone())
        }))
    }

    async fn reload(&self) -> Result<(), TabError> {
        self.session.call(&ReloadParams::default()).await.map(|_| ())
    }

    async fn go(&self, entries: i64) -> Result<bool, TabError> {
        let history = self.session.call(&GetNavigationHistoryParams::default()).await?;
        let wanted = usize::try_from(history.current_index + entries)
            .ok()
            .and_then(|index| history.entries.get(index));
        let Some(entry) = wanted else { return Ok(false) };
        self.session
            .call(&NavigateToHistoryEntryParams::new(entry.id))
            .await?;
        Ok(true)
    }

    async fn bring_to_front(&self) -> Result<(), TabError> {
        self.session
            .call(&BringToFrontParams::default())
            .await
            .map(|_| ())
    }

    async fn perform(&self, request: &Value, wait: Duration) -> Result<Value, TabError> {
        let work = async { self.walk(request).await };
        match tokio::time::timeout(wait, work).await {
            Ok(done) => done,
            Err(_) => Err(self.unanswered().await),
        }
    }

    async fn run(
        &self,
        burst: Option<&PointerBurst>,
        steps: &[Value],
        wait: Duration,
    ) -> Result<Ran, TabError> {
        let work = async {
            if let Some((burst, guards)) = burst.and_then(|burst| Some((burst, burst.token.as_array()?))) {
                return tokio::select! {
                    ran = self.run_in_frames(burst, guards, steps) => ran,
                    () = self.page.document.left_behind() => Ok(Ran::gone()),
                };
            }
            let home = self.home(self.target.inner()).await?;
            let after =
                burst.map(|burst| json!({"token": burst.token, "releases": burst.gesture.releases()}));
            let request = json!({"after": after, "steps": steps});
            // A script that is called during a pause would take it for the end.
            let (slow, quick) = match burst {
                Some(burst) if burst.gesture.takes_time() => (Some(burst), None),
                burst => (None, burst),
            };
            // The last event may have closed the page before it was acknowledged.
            let has_closed =
                |moved: &Result<(), TabError>| matches!(moved, Err(TabError::Closed)) && burst.is_some();
            let moved = self.gesture(slow).await;
            if has_closed(&moved) {
                return Ok(Ran::gone());
            }
            moved?;
            // In this order: the pointer is on its way before the script is called.
            let (moved, ran) = tokio::join!(self.gesture(quick), async {
                tokio::select! {
                    ran = self.call_in(&home, RUN, request) => ran.map(Some),
                    () = self.page.document.left_behind(), if burst.is_some() => Ok(None),
                }
            });
            if has_closed(&moved) {
                return Ok(Ran::gone());
            }
            moved?;
            match ran {
                Ok(Some(ran)) => self.with_frames(read_ran(ran)?, steps).await,
                Ok(None) => Ok(Ran::gone()),
                // The events landed: they replaced the document or closed the page.
                Err(TabError::DocumentReplaced | TabError::Closed) if burst.is_some() => Ok(Ran::gone()),
                Err(error) => Err(error),
            }
        };
        match tokio::time::timeout(wait, work).await {
            Ok(done) => done,
            Err(_) => Err(self.unanswered().await),
        }
    }

    fn input(&self) -> &dyn Input {
        &self.devices
    }

    async fn screenshot(&self, shot: &Shot) -> Result<Bytes, TabError> {
        if shot.omit_background {
            self.session.call(&background(Some(TRANSPARENT))).await?;
        }
        let answer = self.session.call(&capture(shot)).await;
        if shot.omit_background {
            self.session.call(&background(None)).await?;
        }
        let answer = answer?;
        let encoded: &str = answer.data.as_ref();
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
        let bytes = bytes.map_err(|error| TabError::Refused {
            command: "Page.captureScreenshot".to_owned(),
            message: format!("its picture cannot be read: {error}"),
        })?;
        Ok(Bytes::from(bytes))
    }

    async fn set_viewport(&self, size: Size) -> Result<(), TabError> {
        let command = self.page.world.emulation.metrics(size);
        self.session.call(&command).await.map(|_| ())
    }

    async fn probe(&self, url: &str) -> Result<Result<u16, String>, TabError> {
        if let Some(tunnel) = self.page.world.emulation.tunnel()
            && let Some(status) = tunnel.probe(&self.session, url).await
        {
            return Ok(status);
        }
        let options = LoadNetworkResourceOptions {
            disable_cache: false,
            include_credentials: true,
        };
        let mut command = LoadNetworkResourceParams::new(url, options);
        command.frame_id = Some(FrameId::new(self.main_frame()));
        let resource = self.session.call(&command).await?.resource;
        if let Some(stream) = resource.stream {
            // Only the status is wanted; a body that cannot be closed any more is gone already.
            let _ = self.session.call(&CloseStreamParams::new(stream)).await;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an HTTP status"
        )]
        let status = resource
            .http_status_code
            .map(|status| status as u16)
            .filter(|status| *status > 0);
        Ok(status.ok_or_else(|| resource.net_error_name.unwrap_or_else(|| "no answer".to_owned())))
    }

    fn world(&self) -> &dyn PageWorld {
        &self.page.world
    }

    fn scripts(&self) -> &dyn PageScripts {
        self
    }

    fn network(&self) -> &dyn TabNetwork {
        &*self.page.network
    }

    async fn close(&self) -> Result<(), TabError> {
        let closed = self.close_target().answer().await;
        self.session.close();
        match closed {
            Ok(_) | Err(TabError::Closed) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn read_ran(ran: Value) -> Result<Ran, TabError> {
    serde_json::from_value(ran).map_err(|error| TabError::Refused {
        command: "run".to_owned(),
        message: format!("its answer cannot be read: {error}"),
    })
}

/// Stops a load whose caller went away before the server answered: until then the browser holds back every
/// other command to the page.
struct StopIfGivenUp<'a>(Option<&'a Session>);

impl Drop for StopIfGivenUp<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            drop(session.send(&StopLoadingParams::default()));
        }
    }
}

const TRANSPARENT: Rgba = Rgba {
    r: 0,
    g: 0,
    b: 0,
    a: Some(0.0),
};

fn background(color: Option<Rgba>) -> SetDefaultBackgroundColorOverrideParams {
    SetDefaultBackgroundColorOverrideParams { color }
}

fn capture(shot: &Shot) -> CaptureScreenshotParams {
    let (format, is_lossy) = match shot.format {
        ImageFormat::Png => (CaptureScreenshotFormat::Png, false),
        ImageFormat::Jpeg => (CaptureScreenshotFormat::Jpeg, true),
        ImageFormat::Webp => (CaptureScreenshotFormat::Webp, true),
    };
    CaptureScreenshotParams {
        format: Some(format),
        quality: is_lossy.then_some(i64::from(shot.quality)),
        capture_beyond_viewport: Some(shot.beyond_viewport),
        clip: shot.clip.map(|Rect { x, y, width, height }| Viewport {
            x,
            y,
            width,
            height,
            scale: shot.scale,
        }),
        optimize_for_speed: Some(true),
        ..CaptureScreenshotParams::default()
    }
}
