//! Performing what concerns the world around a page, and steps that hold other steps.

use std::cell::Cell;

use flowguard_sdk::{
    DialogAnswer, File, Header, OverlayHandler, Requests, Result, ToPass, abort, check_eq, continue_with,
    fulfil,
};

use super::Run;
use crate::step::{Action, Answer, Clock, Decision, Remedy, Route, Step, Upload};
use crate::target::Target;
use crate::template::Template;

impl Run<'_> {
    /// A step that holds others. What fails in those has said its own line; what fails besides says this one's.
    pub(super) fn with_inner(&self, step: &Step) -> Result {
        let told = Cell::new(false);
        let inner = |steps: &[Step]| self.steps(steps).inspect_err(|_| told.set(true));
        let done = match &step.action {
            Action::Popup { name, by, steps } => self.popup(name, || inner(by), steps, &told),
            Action::Download { name, by } => self.download(name, || inner(by)),
            Action::Upload { files, by } => self.upload(files, || inner(by)),
            Action::Retry {
                title,
                steps,
                timeout,
            } => self.retry(title, *timeout, || inner(steps)),
            _ => Ok(()),
        };
        done.map_err(|failure| match told.get() {
            true => failure,
            false => self.at(step, failure),
        })
    }

    fn popup(
        &self,
        name: &Template,
        by: impl FnOnce() -> Result,
        steps: &[Step],
        told: &Cell<bool>,
    ) -> Result {
        let page = self.page.expect_popup(by)?;
        let inside = Run {
            file: self.file,
            page,
            params: self.params,
        };
        inside
            .group(&name.fill(self.params)?, steps)
            .inspect_err(|_| told.set(true))
    }

    fn download(&self, name: &Template, by: impl FnOnce() -> Result) -> Result {
        let expected = name.fill(self.params)?;
        let download = self.page.expect_download(by)?;
        check_eq("the file's name", download.suggested_filename(), expected)?;
        download.keep().map(drop)
    }

    fn upload(&self, files: &[Upload], by: impl FnOnce() -> Result) -> Result {
        let files = files.iter().map(|file| {
            Ok(File {
                name: file.name.fill(self.params)?,
                media_type: file.media_type.clone(),
                bytes: file.text.fill(self.params)?.into_bytes(),
            })
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        self.page.expect_file_chooser(by)?.set_files(&files)
    }

    fn retry(
        &self,
        title: &Template,
        limit: Option<std::time::Duration>,
        attempt: impl FnMut() -> Result,
    ) -> Result {
        let retry = ToPass::new(title.fill(self.params)?);
        match limit {
            Some(limit) => retry.within(limit).run(attempt),
            None => retry.run(attempt),
        }
    }

    pub(super) fn dialogs(&self, answer: Answer, text: Option<&Template>, is_next: bool) -> Result {
        let answer = match (answer, text) {
            (_, Some(text)) => DialogAnswer::AcceptWith(text.fill(self.params)?),
            (Answer::Accept, None) => DialogAnswer::Accept,
            (Answer::Dismiss, None) => DialogAnswer::Dismiss,
            (Answer::Fail, None) => DialogAnswer::Fail,
        };
        match is_next {
            true => self.page.handle_next_dialog(&answer),
            false => self.page.handle_dialogs(&answer),
        }
    }

    pub(super) fn overlay(&self, overlay: &Target, remedy: &Remedy) -> Result {
        let handler = match remedy {
            Remedy::Click(target) => OverlayHandler::click(&self.locate(target)?),
            Remedy::Press(key) => OverlayHandler::press(&key.fill(self.params)?),
        };
        let overlay = self.locate(overlay)?;
        self.page.add_locator_handler(&overlay, &handler).map(drop)
    }

    pub(super) fn route(&self, route: &Route) -> Result {
        let address = route.address.fill(self.params)?;
        let mut requests = Requests::to(address.as_str());
        if let Some(method) = &route.method {
            requests = requests.method(method);
        }
        let decision = self.decision(&route.decision)?;
        let set = match route.times {
            Some(times) => self.page.route_times(times, requests, decision),
            None => self.page.route(requests, decision),
        };
        set.map(drop)
    }

    fn decision(&self, decision: &Decision) -> Result<flowguard_sdk::Decision> {
        Ok(match decision {
            Decision::Abort(reason) => abort(*reason),
            Decision::Fulfil {
                status,
                headers,
                body,
            } => {
                let mut response = fulfil(*status);
                for (name, value) in headers {
                    response = response.header(name, &value.fill(self.params)?);
                }
                if let Some((media_type, body)) = body {
                    response = response.body(media_type, body.fill(self.params)?);
                }
                response.into()
            }
            Decision::Continue {
                url,
                method,
                headers,
                body,
            } => {
                let mut changes = continue_with();
                if let Some(url) = url {
                    changes = changes.url(&url.fill(self.params)?);
                }
                if let Some(method) = method {
                    changes = changes.method(method);
                }
                if !headers.is_empty() {
                    changes = changes.headers(self.headers(headers)?);
                }
                if let Some(body) = body {
                    changes = changes.body(body.fill(self.params)?);
                }
                changes.into()
            }
        })
    }

    fn headers(&self, headers: &[(String, Template)]) -> Result<Vec<Header>> {
        let header = |(name, value): &(String, Template)| {
            Ok(Header {
                name: name.clone(),
                value: value.fill(self.params)?,
            })
        };
        headers.iter().map(header).collect()
    }

    pub(super) fn clock(&self, order: Clock) -> Result {
        let clock = self.page.context()?.clock();
        match order {
            Clock::Install(time) => clock.install_at(time),
            Clock::RunFor(time) => clock.run_for(time),
            Clock::FastForward(time) => clock.fast_forward(time),
            Clock::PauseAt(time) => clock.pause_at(time),
            Clock::Resume => clock.resume(),
        }
    }
}
