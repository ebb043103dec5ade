//! The host's own log, on standard error, so that standard output is the report's. Nothing that is known to be secret gets
//! through, whatever library says it.

use std::io::Write;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use flowguard_core::secrets::Scrubber;

/// Libraries that tell at these levels what they have received, before anybody knows that it is secret.
const TALKATIVE: [&str; 5] = [
    "aws_config=info",
    "aws_runtime=info",
    "aws_sdk_secretsmanager=info",
    "aws_smithy_runtime=info",
    "aws_smithy_runtime_api=info",
];

/// The log; its filter may change.
pub(crate) struct Log(Box<dyn Fn(EnvFilter) + Send + Sync>);

impl Log {
    /// Begins to log what this filter lets through.
    pub(crate) fn start(filter: &str, known: &Arc<Scrubber>) -> Self {
        let builder = tracing_subscriber::fmt()
            .with_writer(Clean(known.clone()))
            .with_target(true)
            .with_env_filter(filter_of(filter))
            .with_filter_reloading();
        let handle = builder.reload_handle();
        builder.init();
        Self(Box::new(move |filter| {
            if let Err(error) = handle.reload(filter) {
                tracing::warn!(%error, "the log's filter stays as it was");
            }
        }))
    }

    /// Takes another filter from now on.
    pub(crate) fn filter(&self, filter: &str) {
        (self.0)(filter_of(filter));
    }
}

/// The configuration was read, so the filter is right.
fn filter_of(filter: &str) -> EnvFilter {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let quiet = TALKATIVE.iter().filter_map(|directive| directive.parse().ok());
    quiet.fold(filter, EnvFilter::add_directive)
}

/// Writes each line without what is known to be secret.
struct Clean(Arc<Scrubber>);

impl<'a> MakeWriter<'a> for Clean {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// A line comes whole.
impl Write for &Clean {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        std::io::stderr().write_all(self.0.text(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
