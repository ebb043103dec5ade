//! The host calls that run the author's JavaScript. Data only.

use serde::Serialize;

use super::declare::{calls, shortened, soft};
use super::{ContextId, ExpectOptions, PageId, Target};
use crate::failure::Failure;
use crate::gate::{Call, Soft};
use crate::grant::Ask;

calls! {
    /// Runs a script in a page's main document.
    Evaluate {
        /// The page.
        page: PageId,
        /// An expression or a function.
        script: String,
        /// What a function gets, as JSON.
        argument: Option<String>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.evaluate" -> String; title call => format!("evaluate {}", in_one_line(&call.script));
        @ask Ask::Act;

    /// Runs a script on an element.
    EvaluateOn {
        /// What.
        target: Target,
        /// An expression or a function.
        script: String,
        /// What a function gets after the element, as JSON.
        argument: Option<String>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.evaluate" -> String;
        title call => format!("evaluate {} on {}", in_one_line(&call.script), call.target.locator);
        @ask Ask::Act;

    /// Runs a script on all elements that match.
    EvaluateOnAll {
        /// What.
        target: Target,
        /// An expression or a function.
        script: String,
        /// What a function gets after the elements, as JSON.
        argument: Option<String>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.evaluate-all" -> String;
        title call => format!("evaluate {} on all {}", in_one_line(&call.script), call.target.locator);
        @ask Ask::Act;

    /// Waits until a script answers something true.
    WaitForFunction {
        /// The page.
        page: PageId,
        /// An expression or a function.
        script: String,
        /// What a function gets, as JSON.
        argument: Option<String>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.wait-for-function" -> (); title call => format!("wait for {}", in_one_line(&call.script));
        @ask Ask::Act;

    /// Waits until a script answers something true of an element.
    WaitForFunctionOn {
        /// What.
        target: Target,
        /// An expression or a function.
        script: String,
        /// What a function gets after the element, as JSON.
        argument: Option<String>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.wait-for-function" -> ();
        title call => format!("wait for {} on {}", in_one_line(&call.script), call.target.locator);
        @ask Ask::Act;

    /// Asserts on a property of an element, as the page's scripts see it.
    ExpectProperty {
        /// What.
        target: Target,
        /// Names with dots between them.
        path: String,
        /// The JSON value that is expected; none for undefined.
        value: Option<String>,
        /// How.
        options: ExpectOptions,
    } "locator.expect-property" -> Soft<()>; title call => property_title(call); @soft soft;
        @touches false;

    /// Adds a script or a style sheet to the main document.
    AddTag {
        /// The page.
        page: PageId,
        /// What.
        tag: Tag,
        /// From where.
        source: TagSource,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.add-tag" -> (); title call => tag_title(call);
        @ask match &call.source {
            TagSource::Content(_) => Ask::Act,
            TagSource::Url(url) => Ask::Visit(url),
        };

    /// Adds a script for each new document of a context.
    AddInitScript {
        /// The context.
        context: ContextId,
        /// Statements.
        script: String,
    } "context.add-init-script" -> (); title call => format!("run in each document: {}", in_one_line(&call.script));
        @ask Ask::Act;

    /// Adds a script for each new document of a page.
    AddPageInitScript {
        /// The page.
        page: PageId,
        /// Statements.
        script: String,
    } "page.add-init-script" -> ();
        title call => format!("run in each document of the page: {}", in_one_line(&call.script));
        @ask Ask::Act;
}

/// What is added to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// A script.
    Script,
    /// A script that is a module.
    Module,
    /// A style sheet.
    Style,
}

/// Where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TagSource {
    /// This text.
    Content(String),
    /// This address.
    Url(String),
}

fn property_title(call: &ExpectProperty) -> String {
    let not = if call.options.negated { "not " } else { "" };
    let value = shortened(call.value.as_deref().unwrap_or("undefined"));
    format!(
        "expect {} {not}to have property {} = {value}",
        call.target.locator,
        shortened(&call.path)
    )
}

fn tag_title(call: &AddTag) -> String {
    let tag = match call.tag {
        Tag::Script => "script",
        Tag::Module => "module",
        Tag::Style => "style",
    };
    match &call.source {
        TagSource::Content(text) => format!("add {tag} {}", in_one_line(text)),
        TagSource::Url(url) => format!("add {tag} of {}", shortened(url)),
    }
}

/// The beginning of a script, as one line.
fn in_one_line(script: &str) -> String {
    const LOOKED_AT: usize = 400;
    let beginning: String = script.chars().take(LOOKED_AT).collect();
    let words: Vec<&str> = beginning.split_whitespace().collect();
    shortened(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_shows_the_beginning_of_a_script_in_one_line() {
        let long = format!("() => {{\n    return {};\n}}", "x".repeat(3_000));
        let title = Evaluate {
            page: 1,
            script: long,
            argument: None,
            timeout_ms: None,
        }
        .title();
        assert!(title.starts_with("evaluate () => { return xxx"), "{title}");
        assert_eq!(title.chars().count(), "evaluate ".len() + 81);
    }
}
