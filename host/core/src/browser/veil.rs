//! What must not be seen: fields that hold a secret of the host, and texts that repeat one. Pictures are taken with these
//! masked; of a screencast only those pictures are kept that none of them was on. Pages are told values as fingerprints, so
//! that a document that came later is known as well: one that was filled by the browser itself, or shows what was sent.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use super::PageId;
use super::port::Picture;

/// A picture that is as old when it comes may be of before any look that was made.
const TOO_OLD: Duration = Duration::from_secs(1);

/// What a run has typed, and on which pages it may be seen.
#[derive(Debug, Default)]
pub(super) struct Veil(Mutex<Veiled>);

#[derive(Debug, Default)]
struct Veiled {
    /// What fingerprints begin from: another one for each run.
    salt: Option<[u32; 2]>,
    /// Length in UTF-16, and two hashes.
    fingerprints: BTreeSet<(usize, u32, u32)>,
    /// Pages on which frames of other origins may hold one.
    in_frames: BTreeSet<PageId>,
    looks: BTreeMap<PageId, Looks>,
    /// Secrets that are being typed just now.
    typing: usize,
}

/// A secret is being typed, as long as this is held.
pub(super) struct Typing<'a>(&'a Veil);

/// How a page has looked.
#[derive(Debug, Default)]
struct Looks {
    /// Since when no secret is known to be on it.
    clear_since: Option<Instant>,
    is_asked: bool,
    /// The newest picture that has come meanwhile.
    next: Option<(Instant, Picture)>,
}

impl Veil {
    /// A secret is about to be typed into a page.
    pub(super) fn raise(&self, page: PageId, secret: &str) -> Typing<'_> {
        let mut veiled = self.lock();
        let salt = *veiled.salt.get_or_insert_with(drawn);
        for value in shown_forms(secret) {
            let length = value.encode_utf16().count();
            let [a, b] = salt.map(|base| hashed(&value, base));
            veiled.fingerprints.insert((length, a, b));
        }
        veiled.looks.entry(page).or_default();
        veiled.typing += 1;
        Typing(self)
    }

    /// It was typed into a frame that the script of the page's main document cannot enter.
    pub(super) fn is_in_frames(&self, page: PageId) {
        self.lock().in_frames.insert(page);
    }

    /// Whether anything was typed.
    pub(super) fn is_up(&self) -> bool {
        self.lock().salt.is_some()
    }

    /// What the script of a page is told, to find what must not be seen.
    pub(super) fn told(&self, page: PageId) -> Value {
        let veiled = self.lock();
        match veiled.salt {
            None => Value::Null,
            Some(salt) => json!({
                "salt": salt,
                "fingerprints": veiled.fingerprints,
                "frames": veiled.in_frames.contains(&page),
            }),
        }
    }

    /// A picture has come. It is given back where the page is to be asked now; else it waits, in the place of one
    /// before it.
    pub(super) fn to_judge(&self, page: PageId, picture: Picture) -> Option<(Instant, Picture)> {
        if picture.age >= TOO_OLD {
            return None;
        }
        let now = Instant::now();
        let came = (now.checked_sub(picture.age).unwrap_or(now), picture);
        let mut veiled = self.lock();
        let looks = veiled.looks.entry(page).or_default();
        if looks.is_asked {
            looks.next = Some(came);
            return None;
        }
        looks.is_asked = true;
        Some(came)
    }

    /// The page has answered whether a secret is on it: whether a picture of before may be kept, and the next to judge.
    pub(super) fn judged(
        &self,
        page: PageId,
        drawn: Instant,
        is_shown: bool,
    ) -> (bool, Option<(Instant, Picture)>) {
        let mut veiled = self.lock();
        let is_typing = veiled.typing > 0;
        let looks = veiled.looks.entry(page).or_default();
        let was_clear = looks.clear_since.is_some_and(|since| since <= drawn);
        let is_clear = !is_shown && !is_typing;
        match is_clear {
            false => looks.clear_since = None,
            true => {
                looks.clear_since.get_or_insert_with(Instant::now);
            }
        }
        let next = looks.next.take();
        looks.is_asked = next.is_some();
        (was_clear && is_clear, next)
    }

    fn lock(&self) -> MutexGuard<'_, Veiled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Typing<'_> {
    /// What was seen before says nothing of what is seen from now on.
    fn drop(&mut self) {
        let mut veiled = self.0.lock();
        veiled.typing -= 1;
        for looks in veiled.looks.values_mut() {
            looks.clear_since = None;
        }
    }
}

/// Numbers that nobody can foresee, from the ones that keep hash tables safe.
fn drawn() -> [u32; 2] {
    let number = RandomState::new().build_hasher().finish().to_le_bytes();
    let [a, b, c, d, e, f, g, h] = number;
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// How pages show a value: as it is, trimmed, and as addresses and forms write it.
fn shown_forms(secret: &str) -> [String; 4] {
    let trimmed = secret.trim();
    let form: String = url::form_urlencoded::byte_serialize(trimmed.as_bytes()).collect();
    let address = ["!", "'", "(", ")", "~"]
        .iter()
        .fold(form.replace('+', "%20"), |text, sign| {
            let encoded = format!("%{:02X}", sign.as_bytes()[0]);
            text.replace(&encoded, sign)
        });
    [secret.to_owned(), trimmed.to_owned(), form, address]
}

/// A polynomial over UTF-16 of which a window can be moved along a text, as the injected script reckons it. Its base is
/// odd, so that nothing is lost.
fn hashed(value: &str, base: u32) -> u32 {
    let mix = |hash: u32, unit: u16| hash.wrapping_mul(base | 1).wrapping_add(u32::from(unit));
    value.encode_utf16().fold(0, mix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::Size;

    fn picture(age: Duration) -> Picture {
        Picture {
            jpeg: b"jpeg".to_vec().into(),
            size: Size { width: 8, height: 6 },
            age,
        }
    }

    async fn later(ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    #[test]
    fn values_are_told_as_fingerprints_of_this_run_only() {
        let veil = Veil::default();
        assert_eq!((veil.is_up(), veil.told(1)), (false, Value::Null));
        drop(veil.raise(1, " hunter2 "));
        let told = veil.told(1);
        assert!(!told.to_string().contains("hunter2"));
        assert_eq!(
            told["fingerprints"].as_array().map(Vec::len),
            Some(2),
            "as it is, and trimmed, which addresses and forms write alike"
        );
        assert_eq!(told["frames"], false);
        veil.is_in_frames(1);
        assert_eq!(
            (&veil.told(1)["frames"], &veil.told(2)["frames"]),
            (&json!(true), &json!(false))
        );
        let other = Veil::default();
        drop(other.raise(1, " hunter2 "));
        assert_ne!(other.told(1)["fingerprints"], told["fingerprints"]);
    }

    #[test]
    fn a_value_is_shown_in_the_forms_of_addresses_and_forms() {
        let [whole, trimmed, form, address] = shown_forms(" it's 9+é! ");
        assert_eq!((whole.as_str(), trimmed.as_str()), (" it's 9+é! ", "it's 9+é!"));
        assert_eq!(form, "it%27s+9%2B%C3%A9%21");
        assert_eq!(address, "it's%209%2B%C3%A9!");
    }

    #[tokio::test(start_paused = true)]
    async fn a_picture_is_kept_where_the_page_was_clear_before_and_after() {
        let veil = Veil::default();
        drop(veil.raise(1, "hunter2"));
        let judge = async |age: u64, is_shown: bool| {
            let (drawn, _) = veil
                .to_judge(1, picture(Duration::from_millis(age)))
                .expect("it is asked");
            later(5).await;
            let (kept, next) = veil.judged(1, drawn, is_shown);
            assert!(next.is_none());
            kept
        };
        assert!(!judge(0, true).await, "it shows the field");
        assert!(!judge(0, false).await, "nobody knows how it was before");
        assert!(
            !judge(50, false).await,
            "it was drawn before the first clear look"
        );
        assert!(judge(0, false).await);
        assert!(!judge(0, true).await, "it came back");
        assert!(!judge(0, false).await);
        assert!(judge(0, false).await);
        let typing = veil.raise(1, "hunter3");
        assert!(
            !judge(0, false).await && !judge(0, false).await,
            "something is being typed"
        );
        drop(typing);
        assert!(!judge(0, false).await, "something was typed since");
        assert!(judge(0, false).await);
        assert!(
            veil.to_judge(1, picture(Duration::from_secs(2))).is_none(),
            "it is too old to tell"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_at_a_time_and_the_newest_picture_waits() {
        let veil = Veil::default();
        drop(veil.raise(1, "hunter2"));
        let (drawn, _) = veil.to_judge(1, picture(Duration::ZERO)).expect("it is asked");
        assert!(veil.to_judge(1, picture(Duration::ZERO)).is_none());
        later(10).await;
        assert!(veil.to_judge(1, picture(Duration::ZERO)).is_none());
        let newest = Instant::now();
        let (_, next) = veil.judged(1, drawn, false);
        assert_eq!(next.map(|(drawn, _)| drawn), Some(newest));
        assert!(veil.judged(1, newest, false).1.is_none());
        assert!(veil.to_judge(1, picture(Duration::ZERO)).is_some());
    }
}
