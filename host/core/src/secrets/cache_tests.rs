//! What a cache serves while its source answers, falls silent, refuses, or is rotated under load. Time stands still
//! until everything waits.

use async_trait::async_trait;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use tokio::time::Instant;

use super::*;
use crate::secrets::Secret;

/// A source that answers as a test says.
struct Scripted {
    answer: Mutex<Result<String, SourceError>>,
    takes: Mutex<Duration>,
    asked: AtomicU32,
    at_once: AtomicU32,
    most_at_once: AtomicU32,
}

#[async_trait]
impl SecretSource for Scripted {
    async fn fetch(&self) -> Result<SecretSet, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let at_once = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::Relaxed);
        let takes = *self.takes.lock().expect("no test panics with it");
        tokio::time::sleep(takes).await;
        self.at_once.fetch_sub(1, Ordering::Relaxed);
        let answer = self.answer.lock().expect("no test panics with it").clone();
        SecretSet::from_json(&answer?)
    }

    fn place(&self) -> String {
        "a test".to_owned()
    }
}

/// Time as the paused runtime has it.
struct Paused(Instant);

impl Clock for Paused {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Duration {
        self.0.elapsed()
    }
}

struct Rig {
    source: Arc<Scripted>,
    cache: Arc<SecretCache>,
    learned: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    fn new() -> Self {
        let source = Arc::new(Scripted {
            answer: Mutex::new(Ok(version(1))),
            takes: Mutex::new(Duration::from_millis(100)),
            asked: AtomicU32::new(0),
            at_once: AtomicU32::new(0),
            most_at_once: AtomicU32::new(0),
        });
        let learned = Arc::<Mutex<Vec<String>>>::default();
        let learns = learned.clone();
        let cache = SecretCache::new(source.clone(), Arc::new(Paused(Instant::now())), move |set| {
            let value = set.get("p").map(|secret| secret.reveal().to_owned());
            learns.lock().expect("no test panics with it").extend(value);
        });
        let cache = Arc::new(cache);
        Self {
            source,
            cache,
            learned,
        }
    }

    fn answers(&self, answer: Result<String, SourceError>) {
        *self.source.answer.lock().expect("no test panics with it") = answer;
    }

    async fn value(&self) -> Result<String, SourceError> {
        let set = self.cache.get().await?;
        Ok(set.get("p").map(Secret::reveal).unwrap_or_default().to_owned())
    }

    fn asked(&self) -> u32 {
        self.source.asked.load(Ordering::Relaxed)
    }
}

fn version(n: u32) -> String {
    format!("{{\"p\":\"value-{n}\"}}")
}

fn away() -> SourceError {
    SourceError::Transient("ThrottlingException".to_owned())
}

fn denied() -> SourceError {
    SourceError::Denied("AccessDeniedException".to_owned())
}

async fn after(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_readers_share_one_fetch_and_later_ones_wait_for_none() {
    let rig = Rig::new();
    assert_eq!(rig.asked(), 0, "nothing is fetched that nobody wants");
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let cache = rig.cache.clone();
            tokio::spawn(async move { cache.get().await })
        })
        .collect();
    for reader in readers {
        reader.await.expect("it ends").expect("it reads");
    }
    assert_eq!(rig.asked(), 1);
    *rig.source.takes.lock().expect("free") = Duration::from_secs(10);
    for _ in 0..30 {
        after(Duration::from_secs(60)).await;
        let began = Instant::now();
        assert_eq!(rig.value().await, Ok("value-1".to_owned()));
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits for a refresh");
        assert!(rig.cache.age().expect("there is one") <= SECRETS_TTL);
    }
    // Half an hour, a fetch every four minutes and ten seconds.
    assert_eq!(rig.asked(), 8);
    assert_eq!(rig.source.most_at_once.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_value_is_known_before_it_is_served_and_served_within_the_time() {
    let rig = Rig::new();
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    rig.answers(Ok(version(2)));
    after(SECRETS_TTL).await;
    assert_eq!(rig.value().await, Ok("value-2".to_owned()));
    assert_eq!(*rig.learned.lock().expect("free"), ["value-1", "value-2"]);
}

#[tokio::test(start_paused = true)]
async fn stale_values_are_served_through_an_outage_for_a_day_with_their_age() {
    let rig = Rig::new();
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    rig.answers(Err(away()));
    after(Duration::from_secs(3600)).await;
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    assert_eq!(rig.cache.trouble(), Some(away()));
    assert!(rig.cache.is_stale());
    let age = rig.cache.age().expect("there is one").as_secs();
    assert!((3599..=3601).contains(&age), "{age}");
    assert!(rig.asked() < 80, "an outage is not pressed: {}", rig.asked());

    after(MAX_STALE_SECRETS - Duration::from_secs(3601)).await;
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    after(Duration::from_secs(60)).await;
    let error = rig.value().await.expect_err("they are too old");
    assert!(
        matches!(&error, SourceError::Transient(why) if why.contains("24 h old")),
        "{error}"
    );

    rig.answers(Ok(version(2)));
    after(Duration::from_secs(61)).await;
    assert_eq!(rig.value().await, Ok("value-2".to_owned()));
    assert_eq!((rig.cache.trouble(), rig.cache.is_stale()), (None, false));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_an_outage() {
    let rig = Rig::new();
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    *rig.source.takes.lock().expect("free") = Duration::from_secs(100_000);
    after(Duration::from_secs(600)).await;
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    assert!(matches!(rig.cache.trouble(), Some(SourceError::Transient(_))));

    let never = Rig::new();
    *never.source.takes.lock().expect("free") = Duration::from_secs(100_000);
    let began = Instant::now();
    assert!(matches!(never.value().await, Err(SourceError::Transient(_))));
    assert_eq!(began.elapsed(), SECRETS_FETCH_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_served_once_it_was_refused_until_it_is_given_again() {
    let rig = Rig::new();
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    rig.answers(Err(denied()));
    after(SECRETS_TTL).await;
    assert_eq!(rig.value().await, Err(denied()));
    assert_eq!(rig.cache.age(), None);
    // Not even where it is away afterwards.
    rig.answers(Err(away()));
    after(Duration::from_secs(120)).await;
    assert_eq!(rig.value().await, Err(away()));
    rig.answers(Ok(version(3)));
    after(Duration::from_secs(2)).await;
    assert_eq!(
        rig.value().await,
        Ok("value-3".to_owned()),
        "who asks has it fetched"
    );
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_no_set_leaves_the_last_one_and_says_so() {
    let rig = Rig::new();
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    rig.answers(Ok("{\"p\": 7}".to_owned()));
    after(SECRETS_TTL).await;
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
    let trouble = rig.cache.trouble().expect("it is told");
    assert!(matches!(trouble, SourceError::Malformed(_)), "{trouble}");
    // One that comes first is no set to serve.
    let first = Rig::new();
    first.answers(Ok("no JSON".to_owned()));
    assert!(matches!(first.value().await, Err(SourceError::Malformed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_just_failed_is_not_pressed() {
    let rig = Rig::new();
    rig.answers(Err(denied()));
    for _ in 0..100 {
        assert_eq!(rig.value().await, Err(denied()));
    }
    assert_eq!(rig.asked(), 1);
    rig.answers(Ok(version(1)));
    after(Duration::from_millis(1_100)).await;
    assert_eq!(rig.value().await, Ok("value-1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_under_load_loses_nothing() {
    let rig = Arc::new(Rig::new());
    rig.value().await.expect("it reads");
    let began = Instant::now();
    let reader = |n: u64| {
        let rig = rig.clone();
        async move {
            let mut last = 0;
            let mut reads = 0_u32;
            while began.elapsed() < Duration::from_secs(3600) {
                let value = rig.value().await.expect("a reader never gets an error");
                let version: u32 = value["value-".len()..].parse().expect("a whole value");
                assert!(version >= last, "from {last} back to {version}");
                assert!(
                    rig.learned.lock().expect("free").contains(&value),
                    "served before it was known"
                );
                last = version;
                reads += 1;
                after(Duration::from_millis(500 + 7 * n)).await;
            }
            (last, reads)
        }
    };
    let readers: Vec<_> = (0..64).map(|n| tokio::spawn(reader(n))).collect();
    // Each quarter of a minute something happens at the source: a version, an outage, no JSON.
    for n in 0..240_u32 {
        rig.answers(match n % 4 {
            1 => Err(away()),
            3 => Ok("half a versi".to_owned()),
            _ => Ok(version(n)),
        });
        after(Duration::from_secs(15)).await;
    }
    let mut reads = 0;
    for reader in readers {
        let (last, read) = reader.await.expect("no reader fails");
        assert!(last > 180, "{last}");
        reads += read;
    }
    assert!(reads > 200_000, "{reads}");
    assert_eq!(rig.source.most_at_once.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_dropped_fetches_no_more() {
    let rig = Rig::new();
    rig.value().await.expect("it reads");
    let Rig { source, cache, .. } = rig;
    drop(cache);
    after(Duration::from_secs(3600)).await;
    assert_eq!(source.asked.load(Ordering::Relaxed), 1);
}
