//! Dialogs of a page: told to the run, and answered at once as it says.

use chromiumoxide::cdp::browser_protocol::page::{
    DialogType, EventJavascriptDialogOpening, HandleJavaScriptDialogParams,
};
use std::sync::Arc;

use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::context::owner::{MAX_URL, Owner};
use flowguard_core::browser::context::{Dialog, DialogKind};
use flowguard_core::failure::cut;

const MAX_TEXT: usize = 4_096;

/// Hears `Page` of a page's sessions.
pub(super) struct Dialogs {
    pub(super) owner: Arc<Owner>,
    pub(super) session: Session,
}

impl Listener for Dialogs {
    fn event(&self, event: &Event<'_>) {
        if event.method != EventJavascriptDialogOpening::IDENTIFIER {
            return;
        }
        let Some(opening) = event.read::<EventJavascriptDialogOpening>() else {
            // One that cannot be read must not hold the page up either.
            drop(self.session.send(&HandleJavaScriptDialogParams::new(false)));
            return;
        };
        let dialog = Dialog {
            kind: match opening.r#type {
                DialogType::Alert => DialogKind::Alert,
                DialogType::Confirm => DialogKind::Confirm,
                DialogType::Prompt => DialogKind::Prompt,
                DialogType::Beforeunload => DialogKind::Beforeunload,
            },
            message: cut(opening.message, MAX_TEXT),
            default_value: cut(opening.default_prompt.unwrap_or_default(), MAX_TEXT),
            url: cut(opening.url, MAX_URL),
            accepted: false,
        };
        let reply = self.owner.dialog(dialog);
        let mut answer = HandleJavaScriptDialogParams::new(reply.accept);
        answer.prompt_text = reply.text;
        drop(self.session.send(&answer));
    }
}
