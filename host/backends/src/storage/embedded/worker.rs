//! A thread that owns a connection and does one piece of work after the other.

use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use flowguard_core::storage::StorageError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;

/// Pieces of work that may wait; beyond that, callers do.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread, seen from outside.
#[derive(Debug)]
pub(super) struct Worker {
    /// `None` only while it is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    store: Arc<Path>,
}

impl Worker {
    pub(super) fn start(
        name: &str,
        mut connection: Connection,
        store: &Arc<Path>,
    ) -> Result<Self, StorageError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
        });
        let thread = thread.map_err(|error| {
            StorageError::Unavailable(format!("no thread could be started for the store: {error}"))
        })?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            store: Arc::clone(store),
        })
    }

    /// Does the work on the thread. Work that nobody waits for any more when its turn comes is left out.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            if !answer.is_closed() {
                // The caller may leave while the work is done; the work stands all the same.
                let _ = answer.send(work(connection));
            }
        });
        if let Some(jobs) = &self.jobs {
            jobs.send(job).await.map_err(|_| self.ended())?;
        }
        let result = answered.await.map_err(|_| self.ended())?;
        result.map_err(|fault| fault.told(&self.store))
    }

    fn ended(&self) -> StorageError {
        StorageError::Unavailable(format!(
            "its thread has ended, which is a fault of FlowGuard, restart it: {}",
            self.store.display()
        ))
    }
}

impl Drop for Worker {
    /// Waits for the work in hand, so that whoever dropped the store may move or open its file next.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(store = %self.store.display(), "a thread of the store panicked");
        }
    }
}
