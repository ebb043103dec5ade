//! The author's scripts over CDP. They run in the page's own world, in one call that leaves nothing there. An
//! element is found by the injected script in its own world, and handed over by the browser itself: no mark in
//! the document, which a page could see or forge.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::dom::{BackendNodeId, ResolveNodeParams};
use chromiumoxide::cdp::js_protocol::runtime::{
    CallArgument, CallFunctionOnParams, CompileScriptParams, ExceptionDetails, ExecutionContextId,
    ReleaseObjectGroupParams, RemoteObject, RemoteObjectId, SerializationOptions,
    SerializationOptionsSerialization, TerminateExecutionParams,
};
use serde_json::{Value, json};
use std::time::Duration;

use super::frames::Home;
use super::tab::CdpTab;
use super::walk::{self, Guard};
use crate::browser::connection::cdp::Session;
use flowguard_core::browser::TabError;
use flowguard_core::browser::port::{Outcome, PageScripts, Script, Subject};
use flowguard_core::failure::cut;
use flowguard_core::limits::{MAX_SCRIPT_ANSWER_BYTES, MAX_SCRIPT_ANSWER_DEPTH, MAX_THROWN_BYTES};

const RUNNER: &str = include_str!("evaluate.js");
/// What a stack names the author's text.
const NAME: &str = "script";
const HANDED: &str = "function (number) { return flowguard.handed(number); }";
/// The browser's objects that are held while a script runs.
const GROUP: &str = "flowguard-script";
/// How long a page may take to say that it is not busy.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// How the browser refuses a text that closes the brackets around it.
const NO_FUNCTION: &str = "does not evaluate to a function";

#[async_trait]
impl PageScripts for CdpTab {
    async fn run_script(
        &self,
        subject: &Subject,
        script: &Script,
        wait: Duration,
    ) -> Result<Outcome, TabError> {
        let home = match subject {
            Subject::Page => self.home(self.main_frame()).await?,
            Subject::Element(token) | Subject::Elements(token) => self.home_at(&handed_by(token)?),
        };
        let mut watch = StopIfGivenUp(Some(&home.session));
        let work = async {
            let command = match subject {
                Subject::Page => self.in_page(&home, script).await?,
                Subject::Element(token) => on_elements(&home, &handed_by(token)?, "element", script).await?,
                Subject::Elements(token) => {
                    on_elements(&home, &handed_by(token)?, "elements", script).await?
                }
            };
            let ran = self.until_left(&home, home.session.call(&command)).await;
            drop(home.session.send(&ReleaseObjectGroupParams::new(GROUP)));
            outcome(
                ran.map(|answer| (answer.result, answer.exception_details)),
                &script.text,
            )
        };
        let ran = tokio::time::timeout(wait, work).await;
        watch.0 = None;
        match ran {
            Ok(ran) => ran,
            Err(_) => {
                // Nobody waits for it: the run may be at its end.
                tokio::spawn(stop_if_busy(home.clone()));
                Err(self.gone().unwrap_or(TabError::Unresponsive))
            }
        }
    }

    async fn fault_of(&self, script: &str) -> Result<Option<String>, TabError> {
        let compile = CompileScriptParams::new(script, NAME, false);
        let compiled = self.session().call(&compile).await?;
        Ok(compiled.exception_details.map(in_words))
    }

    async fn add_init_script(&self, script: &str) -> Result<(), TabError> {
        self.page_world().add_init_script(script).await
    }
}

impl CdpTab {
    async fn in_page(&self, home: &Home, script: &Script) -> Result<CallFunctionOnParams, TabError> {
        let mut command = call_of(script, "none", Vec::new());
        command.execution_context_id = Some(ExecutionContextId::new(self.main_world(home).await?));
        Ok(command)
    }
}

/// The call of a script on what the injected script has handed over there.
async fn on_elements(
    home: &Home,
    handed: &Guard,
    kind: &'static str,
    script: &Script,
) -> Result<CallFunctionOnParams, TabError> {
    let mut find = walk::function(home, HANDED, vec![handed.token.clone()]);
    find.object_group = Some(GROUP.to_owned());
    find.serialization_options = Some(SerializationOptions {
        serialization: SerializationOptionsSerialization::Deep,
        max_depth: Some(1),
        additional_parameters: Some(json!({"maxNodeDepth": 0, "includeShadowTree": "none"})),
    });
    let nodes = nodes(&home.session.call(&find).await?.result);
    let resolved: Vec<_> = nodes
        .into_iter()
        .map(|node| home.session.send(&in_main_world(node)))
        .collect();
    let mut objects = Vec::with_capacity(resolved.len());
    for object in resolved {
        // One that is gone was in a document that went, or is left to itself: it is looked for anew.
        let object = object.answer().await.map_err(as_replaced)?.object;
        objects.push(object.object_id.ok_or(TabError::DocumentReplaced)?);
    }
    let mut objects = objects.into_iter();
    let root = objects.next().ok_or(TabError::DocumentReplaced)?;
    let mut command = call_of(script, kind, objects.map(object).collect());
    command.object_id = Some(root);
    Ok(command)
}

/// The call that evaluates a script, and what a function gets.
fn call_of(script: &Script, kind: &'static str, elements: Vec<CallArgument>) -> CallFunctionOnParams {
    let runner = RUNNER
        .find("async function")
        .map_or(RUNNER, |start| &RUNNER[start..])
        .trim_end();
    // The author's text comes first, so that lines are counted as the author counts them, and sees no name of ours.
    let function = format!(
        "function () {{ return {{ __proto__: null, given: () => ({}\n), run: {runner} }}.run(arguments); }}\n\
         //# sourceURL={NAME}\n",
        script.text
    );
    let limits = json!({
        "bytes": MAX_SCRIPT_ANSWER_BYTES,
        "depth": MAX_SCRIPT_ANSWER_DEPTH,
        "thrown": MAX_THROWN_BYTES,
        "wantsTruth": script.wants_truth,
    });
    // The argument stays a text until the page reads it: the order of its names is the author's.
    let argument = script.argument.clone().map(Value::from);
    let own = [Some(limits), Some(json!(kind)), argument];
    let mut command = CallFunctionOnParams::new(function);
    command.arguments = Some(own.into_iter().map(value).chain(elements).collect());
    command.object_group = Some(GROUP.to_owned());
    command.return_by_value = Some(true);
    command.await_promise = Some(true);
    command.user_gesture = Some(true);
    command
}

fn outcome(
    ran: Result<(RemoteObject, Option<ExceptionDetails>), TabError>,
    text: &str,
) -> Result<Outcome, TabError> {
    match ran {
        // All that is thrown later is caught by the runner.
        Ok((_, Some(thrown))) => Ok(Outcome::Malformed(in_words(thrown))),
        Ok((answer, None)) => {
            let read = serde_json::from_value(answer.value.unwrap_or_default());
            let outcome = read.map_err(|error| TabError::Refused {
                command: "the script".to_owned(),
                message: format!("its answer cannot be read: {error}"),
            })?;
            Ok(match outcome {
                Outcome::Thrown(stack) => Outcome::Thrown(own_lines(&stack, text)),
                outcome => outcome,
            })
        }
        Err(TabError::Refused { message, .. }) if message.contains(NO_FUNCTION) => {
            Ok(Outcome::Malformed("its brackets do not match".to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// A stack without the lines of what is around the author's text.
fn own_lines(stack: &str, text: &str) -> String {
    let last = text.lines().count().max(1);
    let is_ours = |line: &&str| {
        let place = line.rsplit_once(&format!("{NAME}:")).map(|(_, place)| place);
        let number = place.and_then(|place| place.split(':').next()?.parse::<usize>().ok());
        number.is_some_and(|number| number > last)
    };
    let kept: Vec<&str> = stack.lines().filter(|line| !is_ours(line)).collect();
    kept.join("\n")
}

fn in_words(thrown: ExceptionDetails) -> String {
    let what = thrown.exception.and_then(|object| object.description);
    cut(what.unwrap_or(thrown.text), MAX_THROWN_BYTES)
}

/// What was handed over, and where.
fn handed_by(token: &Value) -> Result<Guard, TabError> {
    Guard::read(token).ok_or(TabError::DocumentReplaced)
}

/// The nodes of a list that was told in depth; none where it is no list of nodes.
fn nodes(list: &RemoteObject) -> Vec<BackendNodeId> {
    let told = list
        .deep_serialized_value
        .as_ref()
        .and_then(|told| told.value.as_ref());
    let mut nodes: Vec<(&Value, BackendNodeId)> = Vec::new();
    for item in told.and_then(Value::as_array).into_iter().flatten() {
        // One that comes again is told by its first mention only.
        let mention = &item["weakLocalObjectReference"];
        let known = || {
            nodes
                .iter()
                .find(|(first, _)| mention.is_number() && *first == mention)
        };
        let node = match item["value"]["backendNodeId"].as_i64() {
            Some(id) => Some(BackendNodeId::new(id)),
            None => known().map(|(_, node)| *node),
        };
        nodes.extend(node.map(|node| (mention, node)));
    }
    nodes.into_iter().map(|(_, node)| node).collect()
}

/// Without a context, a node is shown to the main world of its document.
fn in_main_world(node: BackendNodeId) -> ResolveNodeParams {
    ResolveNodeParams {
        backend_node_id: Some(node),
        object_group: Some(GROUP.to_owned()),
        ..ResolveNodeParams::default()
    }
}

fn as_replaced(error: TabError) -> TabError {
    match error {
        TabError::Refused { .. } => TabError::DocumentReplaced,
        error => error,
    }
}

fn value(value: Option<Value>) -> CallArgument {
    CallArgument {
        value,
        unserializable_value: None,
        object_id: None,
    }
}

fn object(object: RemoteObjectId) -> CallArgument {
    CallArgument {
        value: None,
        unserializable_value: None,
        object_id: Some(object),
    }
}

/// Ends what runs in a page that gives no sign of life. One that does only waits for a promise, and is left alone:
/// the next script that is stopped would be the page's own.
async fn stop_if_busy(home: Home) {
    let sign = home
        .session
        .call(&walk::function(&home, "function () {}", Vec::new()));
    if tokio::time::timeout(SIGN_OF_LIFE, sign).await.is_err() {
        let stopped = home.session.call(&TerminateExecutionParams::default());
        // Where this is not answered either, the page is beyond help; the next call says so.
        let _ = tokio::time::timeout(SIGN_OF_LIFE, stopped).await;
    }
}

/// Ends a script whose caller went away: nobody will ask for the page any more.
struct StopIfGivenUp<'a>(Option<&'a Session>);

impl Drop for StopIfGivenUp<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            drop(session.send(&TerminateExecutionParams::default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_keeps_the_lines_of_the_author() {
        let stack = "Error: no\n    at pay (script:2:9)\n    at script:3:4\n    at Object.run (script:40:2)";
        let text = "() => {\n  pay();\n}";
        assert_eq!(
            own_lines(stack, text),
            "Error: no\n    at pay (script:2:9)\n    at script:3:4"
        );
    }
}
