//! The contract's interfaces, implemented: each method converts, goes through the gate, and converts back.
//! There is no logic here; it is in the core.

#![expect(unreachable_pub, reason = "the generated bindings export these again")]

/// Makes the call through the gate, with the browser's method of that name.
macro_rules! through_gate {
    ($state:expr, $method:ident, $call:expr) => {{
        let run = $state.run()?;
        let call = $call;
        run.gate.call(&call, run.browser.$method(&call)).await?
    }};
}

/// A method on a locator that only acts: the call is its target and these fields.
macro_rules! act {
    ($state:ident, $locator:ident, $method:ident, $call:ident { $($fields:tt)* }) => {{
        let target = $state.target(&$locator)?;
        let call = calls::$call { target, $($fields)* };
        through_gate!($state, $method, call);
        Ok(())
    }};
}
mod assertions;
mod batch;
mod browser;
mod context;
mod events;
mod files;
mod locator;
mod network;
mod retries;
mod script;
mod secrets;
mod source;
mod storage;
mod telemetry;
mod types;
mod vision;

use flowguard_core::artifact::Digest;
use flowguard_core::browser::calls::{
    ChooserId, ContextId, DownloadId, HeldRequest, Step, WatchId, WatchedRequest, WatchedSocket,
};
use flowguard_core::browser::context::{Download, Kinds};
use flowguard_core::browser::locator::Locator;
use flowguard_core::browser::network::routes::RouteId;
use flowguard_core::browser::network::traffic::TrafficId;
use flowguard_core::browser::{ImageInfo, PageId};
use flowguard_core::failure::{Code, Failure};
use flowguard_core::timeline::StepId;
use wasmtime::component::ResourceTableError;

/// A page, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct PageHandle(pub(crate) PageId);

/// A browser context, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct BrowserContextHandle(pub(crate) ContextId);

/// A watcher, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct WatcherHandle {
    pub(crate) id: WatchId,
    pub(crate) what: Kinds,
}

/// A download, as a guest holds it.
#[derive(Clone, Debug)]
pub struct DownloadHandle {
    pub(crate) id: DownloadId,
    pub(crate) download: Download,
}

/// A file chooser, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct FileChooserHandle {
    pub(crate) id: ChooserId,
    pub(crate) multiple: bool,
}

/// A locator, as a guest holds it: the page and how to find elements there.
#[derive(Clone, Debug)]
pub struct LocatorHandle {
    pub(crate) page: PageId,
    pub(crate) locator: Locator,
}

/// The steps of a batch, as a guest holds them.
#[derive(Clone, Debug, Default)]
pub struct StepsHandle(pub(crate) Vec<Step>);

/// An image, as a guest holds it.
#[derive(Clone, Debug)]
pub struct ImageHandle(pub(crate) ImageInfo);

impl ImageHandle {
    pub(crate) fn digest(&self) -> &Digest {
        &self.0.digest
    }
}

/// A route, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct RouteHandle(pub(crate) RouteId);

/// A request that waits for the guest's decision.
#[derive(Clone, Debug)]
pub struct HeldHandle(pub(crate) HeldRequest);

/// A watch for requests, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct TrafficHandle(pub(crate) TrafficId);

/// A request and what came of it, as a guest holds it.
#[derive(Clone, Debug)]
pub struct ExchangeHandle(pub(crate) WatchedRequest);

/// A WebSocket, as a guest holds it, and how many of its messages it has read.
#[derive(Clone, Debug)]
pub struct SocketHandle {
    pub(crate) socket: WatchedSocket,
    pub(crate) read: u32,
}

/// A bucket, as a guest holds it.
#[derive(Clone, Debug)]
pub struct BucketHandle(pub(crate) String);

/// A step of the flow's own, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct SpanHandle(pub(crate) StepId);

/// A retry, as a guest holds it.
#[derive(Clone, Copy, Debug)]
pub struct RetryHandle(pub(crate) StepId);

/// What a host function answers instead of a value: a failure that the guest sees, or the end of the guest.
#[derive(Debug)]
pub enum Failed {
    /// The guest sees it.
    Failure(Failure),
    /// The guest is stopped.
    Stop(wasmtime::Error),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ResourceTableError> for Failed {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => {
                let message = "too many pages, locators, images and buckets are held at once: drop some";
                Self::Failure(Failure::new(Code::OverBudget, message))
            }
            other => Self::Stop(other.into()),
        }
    }
}

impl From<wasmtime::Error> for Failed {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stop(error)
    }
}
