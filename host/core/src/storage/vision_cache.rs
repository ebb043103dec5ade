//! What a model said of a picture, kept so that the same question about the same pixels is paid for once.
//!
//! The key is exact: another pixel, word, model or tenant is another question. It is never looked for by likeness, which
//! would let one page stand for another.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::collections::VISION_CACHE;
use super::store::{Document, Store};
use super::vault::{Sealing, Vault};
use super::{StorageError, TenantId};
use crate::artifact::Digest;
use crate::run::ExecutionMode;

/// The version of what is kept; part of the key.
const SCHEMA: u32 = 1;

/// A question that was asked of a model.
#[derive(Clone, Copy, Debug)]
pub struct JudgementKey<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// The exact pixels, when the page had settled.
    pub pixels: &'a Digest,
    /// What was to be judged.
    pub assertion: &'a str,
    /// The model's whole name.
    pub model: &'a str,
    /// The version of the words around the question.
    pub prompt: &'a str,
    /// Whose browser showed it.
    pub mode: ExecutionMode,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CachedJudgement {
    /// Whether it holds.
    pub passed: bool,
    /// How sure the model was, 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reasoning: String,
    /// What it saw.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Tokens that were sent.
    pub tokens_in: u32,
    /// Tokens that came back.
    pub tokens_out: u32,
    /// What it cost, in millionths of a US dollar.
    pub cost_micros: u64,
}

/// Words of model and page: they are encrypted.
#[derive(Serialize, Deserialize)]
struct Words {
    reasoning: String,
    #[serde(default)]
    evidence: Vec<String>,
}

/// Judgements that were paid for.
#[derive(Clone)]
pub struct VisionCache {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
}

impl JudgementKey<'_> {
    /// The id of its document: a hash in which each part counts with its length, so that no two questions meet at a
    /// part's edge.
    #[must_use]
    pub fn id(&self) -> String {
        let mode = match self.mode {
            ExecutionMode::Local => "local",
            ExecutionMode::Cloud => "cloud",
        };
        let schema = SCHEMA.to_string();
        let parts = [
            self.tenant.as_str(),
            &schema,
            self.pixels.as_str(),
            self.assertion,
            self.model,
            self.prompt,
            mode,
        ];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl VisionCache {
    /// The cache in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }

    /// What was answered before, if it has not expired at `now_ms`; it counts as a hit.
    ///
    /// # Errors
    /// Where the store is away, or what it holds cannot be decrypted.
    pub async fn look_up(
        &self,
        key: &JudgementKey<'_>,
        now_ms: u64,
    ) -> Result<Option<CachedJudgement>, StorageError> {
        let id = key.id();
        let Some(document) = self.store.get(key.tenant, &VISION_CACHE, &id, now_ms).await? else {
            return Ok(None);
        };
        let judgement = self.read(key.tenant, &document).await?;
        self.count(key.tenant, document, now_ms).await?;
        Ok(Some(judgement))
    }

    /// Keeps what was answered at `now_ms` until `expires_ms`, both in milliseconds since 1970. What is there already
    /// stays: the first answer is the one that was shown.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn keep(
        &self,
        key: &JudgementKey<'_>,
        judgement: &CachedJudgement,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<(), StorageError> {
        let id = key.id();
        let words = Words {
            reasoning: judgement.reasoning.clone(),
            evidence: judgement.evidence.clone(),
        };
        let words = serde_json::to_vec(&words).map_err(|error| damaged(&id, &error.to_string()))?;
        let document = Document {
            revision: 1,
            schema: SCHEMA,
            expires_ms: Some(expires_ms),
            fields: fields(key, judgement, now_ms),
            sealed: Some(self.vault.seal(sealing(key.tenant, &id), &words).await?),
            id,
        };
        self.store
            .insert(key.tenant, &VISION_CACHE, document, now_ms)
            .await?;
        Ok(())
    }

    /// How often what was answered has been used since.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn hits(&self, key: &JudgementKey<'_>, now_ms: u64) -> Result<u64, StorageError> {
        let found = self
            .store
            .get(key.tenant, &VISION_CACHE, &key.id(), now_ms)
            .await?;
        Ok(found.map_or(0, |document| number(&document, "hits")))
    }

    async fn read(&self, tenant: &TenantId, document: &Document) -> Result<CachedJudgement, StorageError> {
        if document.schema > SCHEMA {
            return Err(StorageError::Newer {
                what: format!("judgement {}", document.id),
                found: document.schema,
                known: SCHEMA,
            });
        }
        let sealed = document.sealed.as_deref().unwrap_or_default();
        let words = self.vault.open(sealing(tenant, &document.id), sealed).await?;
        let words: Words =
            serde_json::from_slice(&words).map_err(|error| damaged(&document.id, &error.to_string()))?;
        let verdict = document.fields.get("verdict").and_then(Value::as_str);
        let confidence = document.fields.get("confidence").and_then(Value::as_f64);
        let small = |name| u32::try_from(number(document, name)).unwrap_or(u32::MAX);
        Ok(CachedJudgement {
            // Anything but the word is no pass.
            passed: verdict == Some("pass"),
            confidence: confidence.unwrap_or_default(),
            reasoning: words.reasoning,
            evidence: words.evidence,
            tokens_in: small("tokens_in"),
            tokens_out: small("tokens_out"),
            cost_micros: number(document, "cost_micros"),
        })
    }

    /// Counts a hit. Where several count at once, the one that is too late counts on the new number.
    async fn count(
        &self,
        tenant: &TenantId,
        mut document: Document,
        now_ms: u64,
    ) -> Result<(), StorageError> {
        loop {
            let hits = number(&document, "hits").saturating_add(1);
            let id = document.id.clone();
            document.fields.insert("hits".to_owned(), Value::from(hits));
            if self.store.replace(tenant, &VISION_CACHE, document).await? {
                return Ok(());
            }
            match self.store.get(tenant, &VISION_CACHE, &id, now_ms).await? {
                Some(newer) => document = newer,
                None => return Ok(()),
            }
        }
    }
}

fn fields(key: &JudgementKey<'_>, judgement: &CachedJudgement, now_ms: u64) -> Map<String, Value> {
    let verdict = if judgement.passed { "pass" } else { "fail" };
    let fields = [
        ("pixels", Value::from(key.pixels.as_str())),
        ("model", Value::from(key.model)),
        ("prompt", Value::from(key.prompt)),
        ("verdict", Value::from(verdict)),
        ("confidence", Value::from(judgement.confidence)),
        ("tokens_in", Value::from(judgement.tokens_in)),
        ("tokens_out", Value::from(judgement.tokens_out)),
        ("cost_micros", Value::from(judgement.cost_micros)),
        ("created", Value::from(now_ms)),
        ("hits", Value::from(0)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn sealing<'a>(tenant: &'a TenantId, id: &'a str) -> Sealing<'a> {
    Sealing {
        tenant,
        collection: VISION_CACHE.name,
        id,
    }
}

fn number(document: &Document, name: &str) -> u64 {
    document
        .fields
        .get(name)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

fn damaged(id: &str, what: &str) -> StorageError {
    StorageError::Damaged(format!("judgement {id}: {what}"))
}
