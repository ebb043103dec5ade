//! FlowGuard as it really runs: a compiled flow through engine, gate and browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::{Flows, Sample};
use crate::{Bench, origin, request};
use flowguard_backends::browser::LocalBrowsers;
use flowguard_core::flow::Needs;
use flowguard_core::progress::Cancel;
use flowguard_core::run::RunRecord;
use flowguard_engine::{FlowComponent, Runner};

pub(crate) struct Ours<'a> {
    runner: Runner,
    component: &'a Arc<FlowComponent>,
    browsers: Arc<LocalBrowsers>,
    address: String,
    records_har: bool,
}

impl<'a> Ours<'a> {
    pub(crate) async fn on(bench: &'a Bench, browsers: LocalBrowsers, address: &str) -> Self {
        let browsers = Arc::new(browsers);
        browsers.warm_up().await.expect("it starts");
        Self {
            runner: crate::runner(&bench.engine, browsers.clone(), &bench.clock).await,
            component: &bench.component,
            browsers,
            address: address.to_owned(),
            records_har: true,
        }
    }

    /// The same browser and page, with the form in one batch.
    pub(crate) fn batched(&self, bench: &'a Bench) -> Self {
        Self {
            component: &bench.batched,
            ..self.again()
        }
    }

    /// The same browser and page, and no HAR.
    pub(crate) fn without_har(&self) -> Self {
        Self {
            records_har: false,
            ..self.again()
        }
    }

    /// The same browser and page, and a cassette of every run.
    pub(crate) async fn recorded(&self, bench: &Bench) -> Self {
        Self {
            runner: crate::recorded(&bench.engine, self.browsers.clone(), &bench.clock).await,
            ..self.again()
        }
    }

    fn again(&self) -> Self {
        Self {
            runner: self.runner.clone(),
            component: self.component,
            browsers: self.browsers.clone(),
            address: self.address.clone(),
            records_har: self.records_har,
        }
    }

    pub(crate) async fn browser_address(&self) -> String {
        self.browsers.address().await.expect("it runs")
    }

    pub(crate) async fn flows(&self, runs: usize, workers: usize) -> Flows {
        let left = AtomicUsize::new(runs);
        let is_left = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let work = async || {
            let mut samples = Vec::new();
            while is_left().is_ok() {
                samples.push(self.flow().await);
            }
            samples
        };
        let began = Instant::now();
        let samples = futures::future::join_all((0..workers).map(|_| work())).await;
        Flows {
            took: began.elapsed().as_secs_f64() * 1e3,
            samples: samples.concat(),
        }
    }

    async fn flow(&self) -> Sample {
        parts(&self.one().await)
    }

    /// One run, with all that it leaves.
    pub(crate) async fn one(&self) -> RunRecord {
        let (mut request, cancel) = (request(&self.address), Cancel::new());
        request.options.records_har = self.records_har;
        let runner = self.runner.clone();
        let component = self.component.clone();
        let run = async move {
            let needs = Needs::default();
            runner
                .run(&component, origin(&component), &needs, &request, &cancel, &())
                .await
        };
        // A task of its own, as the program's workers have.
        let record = tokio::spawn(run).await.expect("no panic");
        assert!(record.verdict.passed(), "{:?}", record.verdict);
        record
    }

    pub(crate) async fn end(self) {
        self.browsers.shut_down().await;
    }
}

/// The parts of a flow, from its timeline: it opens a page, loads the form, and does the rest.
fn parts(record: &RunRecord) -> Sample {
    let steps = &record.attempts[0].history.steps;
    let ms = |us: u64| us as f64 / 1e3;
    let end = |op: &str| {
        steps
            .iter()
            .find(|step| step.op == op)
            .map(|step| step.at_us + step.took_us)
    };
    let opened = end("page.open").expect("it opens a page");
    let loaded = end("page.goto").expect("it loads the form");
    let ended = steps
        .iter()
        .map(|step| step.at_us + step.took_us)
        .max()
        .unwrap_or(0);
    let began = steps.first().map_or(0, |step| step.at_us);
    Sample {
        open: ms(opened - began),
        goto: ms(loaded - opened),
        steps: ms(ended - loaded),
    }
}
