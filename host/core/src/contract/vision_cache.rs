//! What a model said before.

use super::{NOW, all, fresh_tenant};
use crate::artifact::Digest;
use crate::run::ExecutionMode;
use crate::storage::{CachedJudgement, JudgementKey, TenantId, VisionCache};

const DAY: u64 = 24 * 3_600_000;

fn judgement(reasoning: &str) -> CachedJudgement {
    CachedJudgement {
        passed: true,
        confidence: 0.875,
        reasoning: reasoning.to_owned(),
        evidence: vec!["the total says \"$1\"".to_owned()],
        tokens_in: 1_234,
        tokens_out: 56,
        cost_micros: 4_995,
    }
}

fn key<'a>(tenant: &'a TenantId, pixels: &'a Digest) -> JudgementKey<'a> {
    JudgementKey {
        tenant,
        pixels,
        assertion: "the cart is empty",
        model: "claude-sonnet-5-5",
        prompt: "3",
        mode: ExecutionMode::Local,
    }
}

async fn keep(cache: &VisionCache, key: &JudgementKey<'_>, reasoning: &str) {
    cache
        .keep(key, &judgement(reasoning), NOW, NOW + DAY)
        .await
        .unwrap();
}

/// Every part of an answer comes back, and how often it was used is known.
pub async fn an_answer_is_found_again_and_counted(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let key = key(&tenant, &pixels);
    assert_eq!(cache.look_up(&key, NOW).await.unwrap(), None);
    keep(cache, &key, "no line is in it").await;
    assert_eq!(cache.hits(&key, NOW).await.unwrap(), 0);
    for hits in 1..=3 {
        let found = cache.look_up(&key, NOW).await.unwrap();
        assert_eq!(found, Some(judgement("no line is in it")));
        assert_eq!(cache.hits(&key, NOW).await.unwrap(), hits);
    }
}

/// Where any part of the question is another, nothing is found.
pub async fn another_question_is_another_answer(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let (other_tenant, other_pixels) = (fresh_tenant(), Digest::of(b"pagf"));
    let asked = key(&tenant, &pixels);
    keep(cache, &asked, "yes").await;
    let others = [
        JudgementKey {
            tenant: &other_tenant,
            ..asked
        },
        JudgementKey {
            pixels: &other_pixels,
            ..asked
        },
        JudgementKey {
            assertion: "the cart is empty.",
            ..asked
        },
        JudgementKey {
            model: "claude-sonnet-5",
            ..asked
        },
        JudgementKey { prompt: "4", ..asked },
        JudgementKey {
            mode: ExecutionMode::Cloud,
            ..asked
        },
    ];
    for other in others {
        assert_eq!(cache.look_up(&other, NOW).await.unwrap(), None, "{other:?}");
    }
}

/// What moves from one part to the next is another question.
pub async fn no_two_questions_meet_at_an_edge(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let asked = JudgementKey {
        assertion: "ab",
        model: "c",
        ..key(&tenant, &pixels)
    };
    keep(cache, &asked, "yes").await;
    for (assertion, model) in [("a", "bc"), ("abc", ""), ("", "abc"), ("ab\0c", "")] {
        let other = JudgementKey {
            assertion,
            model,
            ..asked
        };
        assert_eq!(cache.look_up(&other, NOW).await.unwrap(), None, "{other:?}");
    }
}

/// At its expiry it must be asked again, and the new answer is the one that is found.
pub async fn an_answer_expires(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let key = key(&tenant, &pixels);
    keep(cache, &key, "old").await;
    assert!(cache.look_up(&key, NOW + DAY - 1).await.unwrap().is_some());
    assert_eq!(cache.look_up(&key, NOW + DAY).await.unwrap(), None);
    cache
        .keep(&key, &judgement("new"), NOW + DAY, NOW + 2 * DAY)
        .await
        .unwrap();
    let found = cache.look_up(&key, NOW + DAY).await.unwrap();
    assert_eq!(found, Some(judgement("new")));
}

/// Two hosts that ask at the same time keep one answer, and both find that one.
pub async fn the_first_answer_stays(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let key = key(&tenant, &pixels);
    keep(cache, &key, "first").await;
    keep(cache, &key, "second").await;
    assert_eq!(cache.look_up(&key, NOW).await.unwrap(), Some(judgement("first")));
}

/// Whoever looks at the same time is counted.
pub async fn no_hit_is_lost(cache: &VisionCache) {
    let (tenant, pixels) = (fresh_tenant(), Digest::of(b"page"));
    let key = key(&tenant, &pixels);
    keep(cache, &key, "yes").await;
    let found = all((0..12).map(|_| cache.look_up(&key, NOW))).await;
    assert!(found.into_iter().all(|found| found.unwrap().is_some()));
    assert_eq!(cache.hits(&key, NOW).await.unwrap(), 12);
}
