//! The components that a server has, by name. A new version is loaded and checked first and then takes the place of the
//! old one at once; runs that have begun go on with theirs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, MutexGuard};

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

/// A change that was checked and only has to be made.
pub(super) struct Ready<'a> {
    registry: &'a Registry,
    next: Contents,
    /// The content before, if there was one.
    pub(super) before: Option<Digest>,
    /// The flows that the new version holds.
    flows: Vec<String>,
    _one: MutexGuard<'a, ()>,
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

    /// Loads and checks a component. Nobody meets it before [`Ready::takes_its_place`]; nothing else is swapped meanwhile.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn ready(&self, name: &str, bytes: Vec<u8>) -> Result<Ready<'_>, String> {
        let content = Digest::of(&bytes);
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let file = load_bytes(&self.app, name, is_yaml, bytes).await?;
        let one = self.swapping.lock().await;
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
        let is_assertion = what.is_assertion();
        let entry = Entry { content, what };
        let before = next.entries.insert(name.to_owned(), entry);
        if is_assertion || before.as_ref().is_some_and(|before| before.what.is_assertion()) {
            self.renew_runner(&mut next).await?;
        }
        Ok(Ready {
            registry: self,
            next,
            before: before.map(|before| before.content),
            flows,
            _one: one,
        })
    }

    /// The registry without a component; none where there is no such one.
    ///
    /// # Errors
    /// Where the others do not fit each other without it.
    pub(super) async fn ready_without(&self, name: &str) -> Result<Option<Ready<'_>>, String> {
        let one = self.swapping.lock().await;
        let mut next = (*self.now()).clone();
        let Some(before) = next.entries.remove(name) else {
            return Ok(None);
        };
        if before.what.is_assertion() {
            self.renew_runner(&mut next).await?;
        }
        Ok(Some(Ready {
            registry: self,
            next,
            before: Some(before.content),
            flows: Vec::new(),
            _one: one,
        }))
    }

    async fn renew_runner(&self, contents: &mut Contents) -> Result<(), String> {
        let runner = self.app.runner(contents.assertions(), &self.baselines).await;
        contents.runner = runner.map_err(|error| format!("{error:#}"))?;
        Ok(())
    }
}

impl Ready<'_> {
    /// From now on this is what is loaded; runs that have begun go on with what was before.
    pub(super) fn takes_its_place(self) -> Vec<String> {
        let mut now = self.registry.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(self.next);
        self.flows
    }
}

impl What {
    const fn is_assertion(&self) -> bool {
        matches!(self, Self::Assertion(_))
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
