//! Making ready what the browser has attached us to: everything in one burst, and the target runs only after
//! it, so that no line of a page runs before the injected script is there.

use chromiumoxide::cdp::browser_protocol::emulation::SetFocusEmulationEnabledParams;
use chromiumoxide::cdp::browser_protocol::log::EnableParams as LogEnable;
use chromiumoxide::cdp::browser_protocol::network::EnableParams as NetworkEnable;
use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, EnableParams as PageEnable, SetLifecycleEventsEnabledParams,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    EnableParams as RuntimeEnable, RunIfWaitingForDebuggerParams,
};
use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use std::sync::Arc;

use super::closed_roots::{self, ClosedRoots};
use super::console::Console;
use super::dialogs::Dialogs;
use super::document::Document;
use super::file_choosers::FileChoosers;
use super::frames::{FrameSession, Frames, WORLD};
use super::injected;
use super::page_world::CdpPageWorld;
use super::screencast::Screencast;
use crate::browser::connection::cdp::Session;
use crate::browser::context::emulation::CdpEmulation;
use crate::browser::context::owner::Owner;
use crate::browser::context::site_data::Origins;
use crate::browser::context::targets;
use crate::browser::network::Network;
use flowguard_core::browser::TabError;

/// What is known of one page and kept up to date by its events, in whichever of its sessions they come.
pub(in crate::browser) struct Page {
    pub(in crate::browser) owner: Arc<Owner>,
    pub(in crate::browser) document: Arc<Document>,
    pub(super) frames: Frames,
    pub(super) console: Arc<Console>,
    pub(in crate::browser) world: CdpPageWorld,
    origins: Arc<Origins>,
    pub(in crate::browser) network: Arc<Network>,
}

/// Work that is under way.
pub(in crate::browser) type Done = BoxFuture<'static, Result<(), TabError>>;

impl Page {
    /// A page whose main frame is this.
    pub(in crate::browser) fn new(
        main_frame: String,
        emulation: &Arc<CdpEmulation>,
        origins: &Arc<Origins>,
    ) -> Self {
        let owner = Arc::new(Owner::default());
        let document = Arc::new(Document::new(owner.clone(), main_frame.clone()));
        Self {
            frames: Frames::new(),
            console: Arc::new(Console(owner.clone())),
            world: CdpPageWorld::new(emulation),
            origins: origins.clone(),
            network: Network::new(
                owner.clone(),
                document.clone(),
                main_frame,
                emulation.tunnel().cloned(),
            ),
            owner,
            document,
        }
    }
}

/// Makes a page's own session ready; what is given back waits until it is.
pub(in crate::browser) fn page(page: &Arc<Page>, session: &Session) -> Done {
    session.listen("Page", page.document.clone());
    session.listen("Inspector", page.document.clone());
    let screencast = Screencast {
        owner: page.owner.clone(),
        session: session.clone(),
    };
    session.listen("Page", Arc::new(screencast));
    listen(page, session);
    let mut sent = common(page, session);
    sent.push(session.send(&SetLifecycleEventsEnabledParams::new(true)).done());
    sent.extend(page.world.emulation.page(session));
    sent.push(let_run(session));
    try_join_all(sent).map(|done| done.map(|_| ())).boxed()
}

/// Makes a frame of another process ready. Nobody waits for it here: its home tells when it is there.
pub(in crate::browser) fn frame(page: &Arc<Page>, session: &Session) {
    listen(page, session);
    drop(common(page, session));
    drop(let_run(session));
}

fn listen(page: &Arc<Page>, session: &Session) {
    let frames = Arc::new(FrameSession::new(page.clone(), session.clone()));
    let dialogs = Dialogs {
        owner: page.owner.clone(),
        session: session.clone(),
    };
    session.listen("Runtime", frames.clone());
    session.listen("Target", frames);
    session.listen("Runtime", page.console.clone());
    session.listen("Runtime", Arc::new(ClosedRoots(session.clone())));
    session.listen("Log", page.console.clone());
    page.network.follow(session);
    session.listen("Page", Arc::new(dialogs));
    session.listen("Page", page.origins.clone());
    if page.origins.hears_requests() {
        session.listen("Network", page.origins.clone());
    }
    let choosers = FileChoosers {
        owner: page.owner.clone(),
        session: session.clone(),
    };
    session.listen("Page", Arc::new(choosers));
}

/// What every session of a page needs.
fn common(page: &Page, session: &Session) -> Vec<Done> {
    let mut script = AddScriptToEvaluateOnNewDocumentParams::new(injected::SOURCE);
    script.world_name = Some(WORLD.to_owned());
    script.run_immediately = Some(true);
    let mut sent = vec![
        session.send(&PageEnable::default()).done(),
        session.send(&RuntimeEnable::default()).done(),
        session.send(&closed_roots::binding()).done(),
        session.send(&script).done(),
        session.send(&NetworkEnable::default()).done(),
        session.send(&LogEnable::default()).done(),
        // Pages side by side behave as if each were in front.
        session.send(&SetFocusEmulationEnabledParams::new(true)).done(),
        session.send(&targets::auto_attach()).done(),
    ];
    sent.extend(page.world.begin(session));
    sent
}

fn let_run(session: &Session) -> Done {
    session.send(&RunIfWaitingForDebuggerParams::default()).done()
}
