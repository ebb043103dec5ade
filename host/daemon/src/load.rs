//! From a file, or its bytes, to what it holds: checked, compiled and asked what it is. Each message says what is wrong
//! and what to do.

use std::sync::Arc;

use crate::app::App;
use crate::discover::Candidate;
use flowguard_core::flow::{Description, Source};
use flowguard_core::limits::MAX_COMPONENT_BYTES;
use flowguard_engine::{AssertionComponent, Component, FlowComponent, LoadError};

/// Bytes of a YAML file.
const MAX_SOURCE_BYTES: usize = 1 << 20;

/// What a file holds.
pub(crate) enum File {
    /// Flows.
    Flows {
        /// The component that runs them.
        component: Arc<FlowComponent>,
        /// What they are.
        description: Description,
        /// The file's text, where the component interprets it.
        source: Option<Source>,
    },
    /// A custom assertion.
    Assertion(Arc<AssertionComponent>),
}

/// Loads one file; a message that says what is wrong with it.
pub(crate) async fn load_one(app: &App, candidate: &Candidate) -> Result<File, String> {
    load_read(app, candidate, read(candidate)?).await
}

/// Reads a file, unless it is larger than any component may be.
pub(crate) fn read(candidate: &Candidate) -> Result<Vec<u8>, String> {
    let path = candidate.path();
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.len() > MAX_COMPONENT_BYTES as u64 {
        return Err(LoadError::TooLarge { bytes: about.len() }.to_string());
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

/// Loads a file whose bytes have been read.
pub(crate) async fn load_read(app: &App, candidate: &Candidate, bytes: Vec<u8>) -> Result<File, String> {
    let name = candidate.path().file_name().unwrap_or_default().to_string_lossy();
    let is_yaml = matches!(candidate, Candidate::Yaml(_));
    load_bytes(app, &name, is_yaml, bytes).await
}

/// Loads what a file of this name holds.
pub(crate) async fn load_bytes(app: &App, name: &str, is_yaml: bool, bytes: Vec<u8>) -> Result<File, String> {
    let (component, source) = match is_yaml {
        false => match app.load(bytes).await.map_err(|error| error.to_string())? {
            Component::Flow(flow) => (flow, None),
            Component::Assertion(assertion) => return Ok(File::Assertion(assertion)),
        },
        true => {
            let source = Source {
                name: name.to_owned(),
                text: text_of(bytes)?,
            };
            (interpreter(app)?, Some(source))
        }
    };
    let described = app.engine.describe(&component, source.as_ref(), &app.clock).await;
    let description = described.map_err(|failure| failure.message)?;
    Ok(File::Flows {
        component,
        description,
        source,
    })
}

fn interpreter(app: &App) -> Result<Arc<FlowComponent>, String> {
    app.declarative.clone().ok_or_else(|| {
        let looked: Vec<String> = app.plugin_folders.iter().map(|f| f.display().to_string()).collect();
        format!(
            "YAML flows need the plugin declarative.wasm, which is in none of: {}; name its folder with --plugins, \
             or build it with `cargo xtask guests`",
            looked.join(", ")
        )
    })
}

fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > MAX_SOURCE_BYTES {
        return Err(format!(
            "a YAML file has at most {MAX_SOURCE_BYTES} bytes: {}",
            bytes.len()
        ));
    }
    String::from_utf8(bytes).map_err(|error| format!("the file is not UTF-8: {error}"))
}
