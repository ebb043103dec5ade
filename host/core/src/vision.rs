//! The vision capability: judgement of images by a model. Where no provider is configured, every call
//! answers so, typed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

use crate::artifact::Digest;
use crate::browser::Rect;
use crate::failure::{Code, Failure};
use crate::gate::{Call, Soft};
use crate::ledger::Ledger;
use crate::limits::{MAX_CALL_TIMEOUT_MS, MAX_EVIDENCE_BYTES};

/// What a judgement cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent.
    pub input_tokens: u32,
    /// Tokens received.
    pub output_tokens: u32,
    /// US dollars; `None` where the price is not known.
    pub cost_usd: Option<f64>,
    /// Whether it came from the cache.
    pub cached: bool,
}

/// A place in the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// What is there.
    pub label: String,
    /// Where.
    pub area: Rect,
}

/// A judgement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Whether the statement holds.
    pub passed: bool,
    /// 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reasoning: String,
    /// Where it is seen.
    pub regions: Vec<Region>,
    /// The model.
    pub model: String,
    /// What it cost.
    pub usage: Usage,
}

/// An answer in JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// The answer.
    pub json: String,
    /// The model.
    pub model: String,
    /// What it cost.
    pub usage: Usage,
}

/// Judges a statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judge {
    /// The image.
    pub image: Digest,
    /// The statement.
    pub statement: String,
    /// Fail below this.
    pub min_confidence: f64,
    /// Record a failure and go on.
    pub soft: bool,
    /// At most this long.
    pub timeout_ms: Option<u32>,
}

impl Call for Judge {
    const OP: &'static str = "vision.judge";
    const TOUCHES: bool = false;
    type Answer = Soft<Judgement>;

    fn title(&self) -> String {
        format!("judge {:?}", self.statement)
    }

    fn soft_failure(answer: &Self::Answer) -> Option<&Failure> {
        answer.failure.as_ref()
    }
}

/// Reads from an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extract {
    /// The image.
    pub image: Digest,
    /// What to read.
    pub instruction: String,
    /// JSON Schema of the answer.
    pub schema: String,
}

impl Call for Extract {
    const OP: &'static str = "vision.extract";
    const TOUCHES: bool = false;
    type Answer = Extraction;

    fn title(&self) -> String {
        format!("extract {:?}", self.instruction)
    }
}

/// A model that sees.
#[async_trait]
pub trait Model: Send + Sync {
    /// Judges a statement about an image.
    async fn judge(&self, image: bytes::Bytes, statement: &str) -> Result<Judgement, Failure>;
    /// Reads from an image what the schema describes.
    async fn extract(
        &self,
        image: bytes::Bytes,
        instruction: &str,
        schema: &str,
    ) -> Result<Extraction, Failure>;
}

/// A run's access to a model.
pub struct Vision {
    model: Option<Arc<dyn Model>>,
    ledger: Arc<Ledger>,
    timeout: Duration,
}

impl Vision {
    /// Access to a model, where there is one; `timeout` holds where a call names none.
    #[must_use]
    pub fn new(model: Option<Arc<dyn Model>>, ledger: Arc<Ledger>, timeout: Duration) -> Self {
        Self {
            model,
            ledger,
            timeout,
        }
    }

    /// Judges a statement about an image.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`] where it does not hold, [`Code::NotConfigured`] where there is no model.
    pub async fn judge(&self, call: &Judge) -> Result<Soft<Judgement>, Failure> {
        check_statement(&call.statement)?;
        if !(0.0..=1.0).contains(&call.min_confidence) {
            let message = format!("a confidence is 0 to 1: {}", call.min_confidence);
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let model = self.model()?;
        let image = self.image(&call.image).await?;
        let judgement = self
            .within(call.timeout_ms, model.judge(image, &call.statement))
            .await?;
        if judgement.passed && judgement.confidence >= call.min_confidence {
            return Ok(Soft {
                value: judgement,
                failure: None,
            });
        }
        let message = format!(
            "judged against {:?} with confidence {:.2}: {}",
            call.statement, judgement.confidence, judgement.reasoning
        );
        let failure = Failure::new(Code::AssertionFailed, message);
        if call.soft {
            Ok(Soft {
                value: judgement,
                failure: Some(failure),
            })
        } else {
            Err(failure)
        }
    }

    /// Reads from an image.
    ///
    /// # Errors
    /// [`Code::NotConfigured`] where there is no model.
    pub async fn extract(&self, call: &Extract) -> Result<Extraction, Failure> {
        check_statement(&call.instruction)?;
        let model = self.model()?;
        let image = self.image(&call.image).await?;
        self.within(None, model.extract(image, &call.instruction, &call.schema))
            .await
    }

    fn model(&self) -> Result<&Arc<dyn Model>, Failure> {
        self.model.as_ref().ok_or_else(|| {
            Failure::new(
                Code::NotConfigured,
                "no vision provider is configured on this host",
            )
        })
    }

    async fn image(&self, digest: &Digest) -> Result<bytes::Bytes, Failure> {
        let kept = self.ledger.artifacts.get(digest).await;
        kept.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))
    }

    async fn within<T>(
        &self,
        wanted: Option<u32>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let wanted = wanted.map_or(self.timeout, |ms| {
            Duration::from_millis(ms.min(MAX_CALL_TIMEOUT_MS).into())
        });
        let wait = self.ledger.progress.allowance(wanted);
        tokio::time::timeout(wait, work).await.unwrap_or_else(|_| {
            let message = format!("the model did not answer within {} ms", wait.as_millis());
            Err(Failure::new(Code::Unavailable, message))
        })
    }
}

fn check_statement(statement: &str) -> Result<(), Failure> {
    if statement.is_empty() || statement.len() > MAX_EVIDENCE_BYTES {
        let message = format!(
            "a statement has 1 to {MAX_EVIDENCE_BYTES} bytes: {}",
            statement.len()
        );
        return Err(Failure::new(Code::InvalidArgument, message));
    }
    Ok(())
}
