//! The author's JavaScript, call by call: what is refused before it runs, and what its outcome means. It is run
//! behind the port; nothing of it is kept in a page afterwards.

use serde::de::IgnoredAny;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::PageId;
use super::calls::{
    AddInitScript, AddPageInitScript, AddTag, ContextId, Evaluate, EvaluateOn, EvaluateOnAll, TagSource,
    WaitForFunction, WaitForFunctionOn,
};
use super::job::{How, Job};
use super::port::{Outcome, PageScripts, Script};
use super::session::{Browser, tab_failure, timeout};
use crate::failure::{Code, Failure};
use crate::limits::{
    MAX_INIT_SCRIPT_BYTES, MAX_INIT_SCRIPTS, MAX_SCRIPT_ANSWER_BYTES, MAX_SCRIPT_ANSWER_DEPTH, MAX_TEXT_BYTES,
};

/// Who has scripts for each new document.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Context(ContextId),
    Page(PageId),
}

/// How many such scripts there are, and how long they are together.
#[derive(Default)]
pub(super) struct InitScripts(Mutex<HashMap<Owner, (usize, usize)>>);

impl InitScripts {
    /// Counts one more, where there is room.
    fn count(&self, owner: Owner, bytes: usize) -> Result<(), Failure> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (scripts, total) = all.entry(owner).or_default();
        if *scripts >= MAX_INIT_SCRIPTS || *total + bytes > MAX_INIT_SCRIPT_BYTES {
            let message = format!(
                "at most {MAX_INIT_SCRIPTS} scripts of {MAX_INIT_SCRIPT_BYTES} bytes together run in each new document"
            );
            return Err(Failure::new(Code::OverBudget, message));
        }
        *scripts += 1;
        *total += bytes;
        Ok(())
    }
}

impl Browser {
    /// Runs a script in the main document; its answer as JSON.
    ///
    /// # Errors
    /// [`Code::FlowError`] where it throws or the document goes meanwhile, [`Code::InvalidArgument`] where it
    /// is no expression or its answer no JSON, [`Code::OverBudget`] where that is too large,
    /// [`Code::Timeout`] where it does not end.
    pub async fn evaluate(&self, call: &Evaluate) -> Result<String, Failure> {
        let script = script(&call.script, call.argument.as_deref())?;
        let mut job = self.page_job(call.page, call.timeout_ms)?;
        answer(job.run_script(&script, false).await?)
    }

    /// Runs a script on the element; its answer as JSON.
    ///
    /// # Errors
    /// As [`Browser::evaluate`]; [`Code::Timeout`] where the element never comes, [`Code::AmbiguousLocator`]
    /// where there are several.
    pub async fn evaluate_on(&self, call: &EvaluateOn) -> Result<String, Failure> {
        let script = script(&call.script, call.argument.as_deref())?;
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        answer(job.run_script(&script, false).await?)
    }

    /// Runs a script on all elements that match now; its answer as JSON.
    ///
    /// # Errors
    /// As [`Browser::evaluate`]; [`Code::OverBudget`] where there are too many.
    pub async fn evaluate_on_all(&self, call: &EvaluateOnAll) -> Result<String, Failure> {
        let script = script(&call.script, call.argument.as_deref())?;
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        answer(job.run_script(&script, true).await?)
    }

    /// Waits until a script answers something true.
    ///
    /// # Errors
    /// [`Code::Timeout`] where it never does; else as [`Browser::evaluate`].
    pub async fn wait_for_function(&self, call: &WaitForFunction) -> Result<(), Failure> {
        let script = script(&call.script, call.argument.as_deref())?;
        wait_for(self.page_job(call.page, call.timeout_ms)?, script).await
    }

    /// Waits until a script answers something true of the element.
    ///
    /// # Errors
    /// As [`Browser::wait_for_function`] and [`Browser::evaluate_on`].
    pub async fn wait_for_function_on(&self, call: &WaitForFunctionOn) -> Result<(), Failure> {
        let script = script(&call.script, call.argument.as_deref())?;
        wait_for(self.action_job(&call.target, call.timeout_ms, false)?, script).await
    }

    /// Adds a script or a style sheet to the main document, and waits until it is loaded.
    ///
    /// # Errors
    /// [`Code::NavigationFailed`] where it cannot be loaded or the page's policy forbids it,
    /// [`Code::InvalidArgument`] where it is too long or no address.
    pub async fn add_tag(&self, call: &AddTag) -> Result<(), Failure> {
        let mut action = json!({"kind": "addTag", "tag": call.tag});
        match &call.source {
            TagSource::Content(text) if text.len() > MAX_TEXT_BYTES => {
                return Err(invalid(format!("what is added may have {MAX_TEXT_BYTES} bytes")));
            }
            TagSource::Content(text) => action["content"] = json!(text),
            TagSource::Url(url) => action["url"] = json!(self.resolve(call.page, url)?),
        }
        let mut job = self.page_job(call.page, call.timeout_ms)?;
        job.perform_done(&action).await.map(|_| ())
    }

    /// Adds a script for each new document of a context.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the context is closed, or an open page shows that the text is no
    /// JavaScript; [`Code::OverBudget`] where there are too many.
    pub async fn add_init_script(&self, call: &AddInitScript) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        let page = self.pages.of_context(call.context).first().copied();
        if let Some(tab) = page.and_then(|page| self.pages.get(page)) {
            check_statements(tab.scripts(), &call.script).await?;
        }
        self.init_scripts
            .count(Owner::Context(call.context), call.script.len())?;
        let added = context.port.emulation().add_init_script(&call.script);
        added.await.map_err(tab_failure)
    }

    /// Adds a script for each new document of a page.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the text is no JavaScript, [`Code::OverBudget`] where there are too many.
    pub async fn add_page_init_script(&self, call: &AddPageInitScript) -> Result<(), Failure> {
        let tab = self.tab(call.page)?;
        check_statements(tab.scripts(), &call.script).await?;
        self.init_scripts
            .count(Owner::Page(call.page), call.script.len())?;
        let added = tab.scripts().add_init_script(&call.script);
        added.await.map_err(tab_failure)
    }

    fn page_job(&self, page: PageId, timeout_ms: Option<u32>) -> Result<Job<'_>, Failure> {
        let wait = timeout(timeout_ms, self.options.action_timeout)?;
        self.job(page, None, wait, How::default())
    }
}

/// The script, where text and argument make sense without a page.
fn script(text: &str, argument: Option<&str>) -> Result<Script, Failure> {
    let too_long = |what: &str| Err(invalid(format!("{what} may have {MAX_TEXT_BYTES} bytes")));
    if text.len() > MAX_TEXT_BYTES {
        return too_long("a script");
    }
    if argument.is_some_and(|argument| argument.len() > MAX_TEXT_BYTES) {
        return too_long("a script's argument");
    }
    if let Some(Err(error)) = argument.map(serde_json::from_str::<IgnoredAny>) {
        return Err(invalid(format!("a script's argument is no JSON: {error}")));
    }
    Ok(Script {
        text: text.to_owned(),
        argument: argument.map(str::to_owned),
        wants_truth: false,
        is_repeated: false,
    })
}

async fn check_statements(scripts: &dyn PageScripts, text: &str) -> Result<(), Failure> {
    match scripts.fault_of(text).await.map_err(tab_failure)? {
        None => Ok(()),
        Some(why) => Err(invalid(format!("not statements of JavaScript: {why}"))),
    }
}

/// Asks frame by frame until the answer is true. A document that goes meanwhile is followed by another.
async fn wait_for(mut job: Job<'_>, script: Script) -> Result<(), Failure> {
    let script = Script {
        wants_truth: true,
        is_repeated: true,
        ..script
    };
    loop {
        match job.run_script(&script, false).await? {
            Some(Outcome::Value(truth)) if truth == "true" => return Ok(()),
            None | Some(Outcome::Value(_)) => {
                job.rest("the script has answered nothing that is true").await?;
            }
            refused => return answer(refused).map(|_| ()),
        }
    }
}

/// What the outcome of a script means for the flow.
pub(super) fn answer(outcome: Option<Outcome>) -> Result<String, Failure> {
    let unfit = |what: &str| invalid(format!("the script's answer cannot be written as JSON: {what}"));
    match outcome {
        Some(Outcome::Value(json)) if json.len() > MAX_SCRIPT_ANSWER_BYTES => {
            answer(Some(Outcome::Large(format!("it has {} bytes", json.len()))))
        }
        Some(Outcome::Value(json)) => match serde_json::from_str::<IgnoredAny>(&json) {
            Ok(_) => Ok(json),
            Err(_) => Err(unfit(
                "the page has put something else in place of JSON.stringify",
            )),
        },
        Some(Outcome::Thrown(thrown)) => {
            let first = thrown.lines().next().unwrap_or_default();
            let failure = Failure::new(Code::FlowError, format!("the script threw: {first}"));
            Err(failure.with_evidence("stack", thrown))
        }
        Some(Outcome::Unfit(what)) => Err(unfit(&what)),
        Some(Outcome::Large(what)) => {
            let message = format!(
                "the script's answer is too large: {what}; it may have {MAX_SCRIPT_ANSWER_BYTES} bytes as JSON, and \
                 {MAX_SCRIPT_ANSWER_DEPTH} levels"
            );
            Err(Failure::new(Code::OverBudget, message))
        }
        Some(Outcome::Malformed(why)) => Err(invalid(format!(
            "not an expression of JavaScript: {why}; statements go into a function: () => {{ … }}"
        ))),
        None => {
            let message = "the document was left while the script ran: wait for the navigation first";
            let mut failure = Failure::new(Code::FlowError, message);
            failure.retryable = true;
            Err(failure)
        }
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_before_a_page_is_asked() {
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        let quoted = format!("{long:?}");
        let cases = [
            script(&long, None),
            script("1", Some(&quoted)),
            script("1", Some("{")),
            script("1", Some("undefined")),
        ];
        for case in cases {
            assert_eq!(case.map_err(|failure| failure.code), Err(Code::InvalidArgument));
        }
        assert!(script("1", Some("null")).is_ok());
    }

    #[test]
    fn each_outcome_has_one_meaning() {
        let code = |outcome| answer(Some(outcome)).map_err(|failure| failure.code);
        assert_eq!(code(Outcome::Value("[1]".into())), Ok("[1]".into()));
        assert_eq!(code(Outcome::Value("[1".into())), Err(Code::InvalidArgument));
        assert_eq!(code(Outcome::Thrown("Error".into())), Err(Code::FlowError));
        assert_eq!(
            code(Outcome::Unfit("$ is a function".into())),
            Err(Code::InvalidArgument)
        );
        assert_eq!(code(Outcome::Large("a text".into())), Err(Code::OverBudget));
        assert_eq!(
            code(Outcome::Malformed("SyntaxError".into())),
            Err(Code::InvalidArgument)
        );
        let left = answer(None).expect_err("a failure");
        assert_eq!((left.code, left.retryable), (Code::FlowError, true));
    }

    #[test]
    fn scripts_for_new_documents_are_counted_apart() {
        let scripts = InitScripts::default();
        for _ in 0..MAX_INIT_SCRIPTS {
            scripts.count(Owner::Page(1), 1).expect("there is room");
        }
        assert!(scripts.count(Owner::Page(1), 1).is_err());
        scripts
            .count(Owner::Context(1), MAX_INIT_SCRIPT_BYTES)
            .expect("there is room");
        assert!(scripts.count(Owner::Context(1), 1).is_err());
    }
}
