//! The components that a server has, by name. A new version is loaded and checked first and then takes the place of the
//! old one at once; runs that have begun go on with theirs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

use crate::app::App;
use crate::load::{File, load_bytes};
use flowguard_core::artifact::Digest;
use flowguard_core::flow::{Description, Flow, Source};
use flowguard_engine::{AssertionComponent, FlowComponent, Runner};

/// What is loaded now.
pub(super) struct Registry {
    app: Arc<App>,
    baselines: std::path::PathBuf,
    now: RwLock<Arc<Contents>>,
    /// One swap at a time.
    swapping: Mutex<()>,
}

/// All components at one moment.
#[derive(Clone)]
pub(super) struct Contents {
    entries: BTreeMap<String, Entry>,
    pub(super) runner: Runner,
}

/// One component.
#[derive(Clone)]
pub(super) struct Entry {
    /// The content that was put.
    pub(super) content: Digest,
    pub(super) what: What,
}

/// What it is.
#[derive(Clone)]
pub(super) enum What {
    Flows(Arc<Flows>),
    Assertion(Arc<AssertionComponent>),
}

/// A component that holds flows.
pub(super) struct Flows {
    pub(super) component: Arc<FlowComponent>,
    pub(super) description: Description,
    pub(super) source: Option<Source>,
}

/// What a swap came to.
pub(super) struct Swapped {
    pub(super) before: Option<Digest>,
    pub(super) after: Digest,
    /// The flows that the new version holds.
    pub(super) flows: Vec<String>,
}

impl Registry {
    pub(super) async fn new(app: Arc<App>, baselines: &Path) -> anyhow::Result<Self> {
        let runner = app.runner(Vec::new(), baselines).await?;
        let contents = Contents {
            entries: BTreeMap::new(),
            runner,
        };
        Ok(Self {
            app,
            baselines: baselines.to_owned(),
            now: RwLock::new(Arc::new(contents)),
            swapping: Mutex::default(),
        })
    }

    /// What is loaded now. It stays as it is for whoever holds it.
    pub(super) fn now(&self) -> Arc<Contents> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads and checks a component, and then asks `agree`; only after that it takes the old one's place.
    ///
    /// # Errors
    /// What is wrong with it: the old one stays.
    pub(super) async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        agree: impl FnOnce(&Swapped) -> Result<(), String>,
    ) -> Result<Swapped, String> {
        let content = Digest::of(&bytes);
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let file = load_bytes(&self.app, name, is_yaml, bytes).await?;
        let _one = self.swapping.lock().await;
        let mut next = (*self.now()).clone();
        let (what, flows) = match file {
            File::Assertion(assertion) => (What::Assertion(assertion), Vec::new()),
            File::Flows {
                component,
                description,
                source,
            } => {
                let names = description.flows.iter().map(|flow| flow.name.clone()).collect();
                let flows = Flows {
                    component,
                    description,
                    source,
                };
                (What::Flows(Arc::new(flows)), names)
            }
        };
        let is_assertion = matches!(what, What::Assertion(_));
        let entry = Entry {
            content: content.clone(),
            what,
        };
        let before = next.entries.insert(name.to_owned(), entry);
        if is_assertion
            || before
                .as_ref()
                .is_some_and(|before| matches!(before.what, What::Assertion(_)))
        {
            let assertions = next.assertions();
            let runner = self.app.runner(assertions, &self.baselines).await;
            next.runner = runner.map_err(|error| format!("{error:#}"))?;
        }
        let swapped = Swapped {
            before: before.map(|before| before.content),
            after: content,
            flows,
        };
        agree(&swapped)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(swapped)
    }
}

impl Contents {
    /// The flows, each with the name of its component here.
    pub(super) fn flows(&self) -> impl Iterator<Item = (&str, &Arc<Flows>, &Flow)> {
        self.entries.iter().flat_map(|(name, entry)| {
            let flows = match &entry.what {
                What::Flows(flows) => Some(flows),
                What::Assertion(_) => None,
            };
            let each = flows
                .into_iter()
                .flat_map(|flows| flows.description.flows.iter().map(move |flow| (flows, flow)));
            each.map(move |(flows, flow)| (name.as_str(), flows, flow))
        })
    }

    /// The components.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    fn assertions(&self) -> Vec<Arc<AssertionComponent>> {
        let assertion = |entry: &Entry| match &entry.what {
            What::Assertion(assertion) => Some(assertion.clone()),
            What::Flows(_) => None,
        };
        self.entries.values().filter_map(assertion).collect()
    }
}
