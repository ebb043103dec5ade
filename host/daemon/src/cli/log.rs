//! The host's own log, on standard error. Nothing that is known to be secret gets through, whatever library says it.

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

/// Writes each line without what is known to be secret.
struct Clean(Arc<Scrubber>);

/// Begins to log what this filter lets through; one that is none lets warnings through.
pub(crate) fn start(filter: &str, known: &Arc<Scrubber>) {
    let mut filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    for directive in TALKATIVE {
        if let Ok(directive) = directive.parse() {
            filter = filter.add_directive(directive);
        }
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Clean(known.clone()))
        .with_target(true)
        .init();
}

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
