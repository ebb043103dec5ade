//! The telemetry capability: what a flow says of itself. Steps and log lines go into the timeline, and as
//! spans and events to whatever listens to `tracing`.

use serde::Serialize;
use std::sync::Arc;

use crate::artifact::Digest;
use crate::browser::network::har::redact::is_secret;
use crate::budget::Charge;
use crate::failure::{Code, Failure, cut};
use crate::gate::Call;
use crate::ledger::Ledger;
use crate::limits;
use crate::timeline::{StepId, StepOutcome};

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "the cases and their meaning are those of `level` in wit/telemetry.wit"
)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// `debug`, `info`, `warn` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Starts a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartSpan {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
}

impl Call for StartSpan {
    const OP: &'static str = "span";
    const LOCAL: bool = true;
    type Answer = StepId;

    fn title(&self) -> String {
        cut(self.name.clone(), 200)
    }

    fn charge(&self) -> Charge {
        Charge::Span
    }

    fn secrets(&self) -> Vec<&str> {
        secret_values(&self.attributes)
    }
}

/// Writes a log line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// How grave.
    pub level: Level,
    /// The text.
    pub message: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
}

impl Call for Log {
    const OP: &'static str = "log";
    const LOCAL: bool = true;
    type Answer = ();

    fn title(&self) -> String {
        format!("{}: {}", self.level.name(), cut(self.message.clone(), 400))
    }

    fn charge(&self) -> Charge {
        Charge::LogLine
    }

    fn secrets(&self) -> Vec<&str> {
        secret_values(&self.attributes)
    }
}

/// Records a measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
}

impl Call for Metric {
    const OP: &'static str = "metric";
    const LOCAL: bool = true;
    type Answer = ();

    fn title(&self) -> String {
        format!("{} = {}", self.name, self.value)
    }

    fn secrets(&self) -> Vec<&str> {
        secret_values(&self.attributes)
    }
}

/// Attaches bytes. In the cassette they are their digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attach {
    /// The name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The content.
    pub digest: Digest,
    /// Its length.
    pub bytes: u32,
}

impl Call for Attach {
    const OP: &'static str = "attach";
    const LOCAL: bool = true;
    type Answer = ();

    fn title(&self) -> String {
        format!("attach {}", self.name)
    }
}

/// Adds an attribute to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAttribute {
    /// The step.
    pub span: StepId,
    /// The attribute.
    pub attribute: (String, String),
}

/// Ends a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndSpan {
    /// The step.
    pub span: StepId,
    /// What went wrong.
    pub error: Option<String>,
}

/// What a flow says of itself.
pub struct Telemetry {
    ledger: Arc<Ledger>,
}

impl Telemetry {
    /// The telemetry of one attempt.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger }
    }

    /// Starts a step: the gate's own step of this call stays open.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the name is malformed, [`Code::OverBudget`] where too many are open.
    pub fn start_span(&self, call: &StartSpan, step: Option<StepId>) -> Result<StepId, Failure> {
        if !(1..=200).contains(&call.name.len()) {
            let message = format!("a step's name has 1 to 200 bytes: {}", call.name.len());
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        check_attributes(&call.attributes)?;
        let timeline = &self.ledger.timeline;
        if timeline.open_count() >= limits::MAX_OPEN_SPANS {
            let message = format!("{} steps are open already: end one", limits::MAX_OPEN_SPANS);
            return Err(Failure::new(Code::OverBudget, message));
        }
        let step = step.ok_or_else(|| Failure::new(Code::OverBudget, "the timeline is full"))?;
        for (key, value) in &call.attributes {
            timeline.annotate(
                Some(step),
                key.clone(),
                cut(value.clone(), limits::MAX_ATTRIBUTE_BYTES),
            );
        }
        timeline.open(step);
        tracing::debug!(target: "flowguard::flow", step = call.name, "step");
        Ok(step)
    }

    /// Adds an attribute to a step.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is malformed.
    pub fn set_attribute(&self, call: &SetAttribute) -> Result<(), Failure> {
        check_attributes(std::slice::from_ref(&call.attribute))?;
        let (key, value) = call.attribute.clone();
        self.ledger
            .timeline
            .annotate(Some(call.span), key, cut(value, limits::MAX_ATTRIBUTE_BYTES));
        Ok(())
    }

    /// Ends a step and those inside it.
    pub fn end_span(&self, call: &EndSpan) {
        let outcome = match &call.error {
            None => StepOutcome::Passed,
            Some(error) => StepOutcome::Failed(Failure::new(Code::FlowError, cut(error.clone(), 4096))),
        };
        self.ledger.timeline.close(call.span, self.ledger.now(), &outcome);
    }

    /// Writes a log line.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where an attribute is malformed.
    pub fn log(&self, call: &Log, step: Option<StepId>) -> Result<(), Failure> {
        check_attributes(&call.attributes)?;
        for (key, value) in &call.attributes {
            self.ledger
                .timeline
                .annotate(step, key.clone(), cut(value.clone(), limits::MAX_ATTRIBUTE_BYTES));
        }
        let message = cut(call.message.clone(), limits::MAX_LOG_BYTES);
        // Debug formatting escapes control characters: a guest cannot forge a line of the host's log.
        match call.level {
            Level::Debug => tracing::debug!(target: "flowguard::guest", ?message),
            Level::Info => tracing::info!(target: "flowguard::guest", ?message),
            Level::Warn => tracing::warn!(target: "flowguard::guest", ?message),
            Level::Error => tracing::error!(target: "flowguard::guest", ?message),
        }
        Ok(())
    }

    /// Records a measurement.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the name is malformed or the value is no number.
    pub fn metric(&self, call: &Metric, step: Option<StepId>) -> Result<(), Failure> {
        check_attributes(&call.attributes)?;
        let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_');
        if call.name.is_empty() || call.name.len() > 128 || !call.name.bytes().all(legal) {
            let message = format!(
                "a metric's name is 1 to 128 of a-z, 0-9, . and _: {:?}",
                call.name
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        if !call.value.is_finite() {
            let message = format!(
                "a metric's value is a finite number: {} of {}",
                call.value, call.name
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        self.ledger
            .timeline
            .annotate(step, call.name.clone(), call.value.to_string());
        tracing::info!(target: "flowguard::metric", name = call.name, value = call.value);
        Ok(())
    }

    /// Attaches bytes to the report.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where they are too many.
    pub async fn attach(
        &self,
        call: &Attach,
        bytes: bytes::Bytes,
        step: Option<StepId>,
    ) -> Result<(), Failure> {
        if bytes.len() > limits::MAX_GUEST_ATTACHMENT_BYTES {
            let limit = limits::MAX_GUEST_ATTACHMENT_BYTES;
            let message = format!("a flow attaches at most {limit} bytes at once: {}", bytes.len());
            return Err(Failure::new(Code::OverBudget, message));
        }
        let kept = self
            .ledger
            .keep(
                &cut(call.name.clone(), 200),
                &cut(call.media_type.clone(), 100),
                bytes,
            )
            .await?;
        self.ledger.timeline.attach(step, kept);
        Ok(())
    }

    /// Attaches what is kept already.
    ///
    /// # Errors
    /// None today; the gate wants a result.
    pub fn attach_kept(&self, call: &Attach, step: Option<StepId>) -> Result<(), Failure> {
        let attachment = crate::artifact::Attachment {
            name: cut(call.name.clone(), 200),
            media_type: call.media_type.clone(),
            digest: call.digest.clone(),
            bytes: call.bytes,
        };
        self.ledger.timeline.attach(step, attachment);
        Ok(())
    }
}

impl Call for SetAttribute {
    const OP: &'static str = "span.set-attribute";
    const LOCAL: bool = true;
    const SHOWN: bool = false;
    type Answer = ();

    fn title(&self) -> String {
        format!("{} = {}", self.attribute.0, self.attribute.1)
    }

    fn secrets(&self) -> Vec<&str> {
        secret_values(std::slice::from_ref(&self.attribute))
    }
}

impl Call for EndSpan {
    const OP: &'static str = "span.end";
    const LOCAL: bool = true;
    const SHOWN: bool = false;
    type Answer = ();

    fn title(&self) -> String {
        "end the step".to_owned()
    }
}

fn secret_values(attributes: &[(String, String)]) -> Vec<&str> {
    let secret = attributes.iter().filter(|(name, _)| is_secret(name));
    secret.map(|(_, value)| value.as_str()).collect()
}

fn check_attributes(attributes: &[(String, String)]) -> Result<(), Failure> {
    if attributes.len() > limits::MAX_ATTRIBUTES {
        let message = format!(
            "at most {} attributes: {}",
            limits::MAX_ATTRIBUTES,
            attributes.len()
        );
        return Err(Failure::new(Code::InvalidArgument, message));
    }
    let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    match attributes
        .iter()
        .find(|(key, _)| !(1..=64).contains(&key.len()) || !key.bytes().all(legal))
    {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!("an attribute's key is 1 to 64 of a-z, 0-9, ., _ and -: {key:?}");
            Err(Failure::new(Code::InvalidArgument, message))
        }
    }
}
