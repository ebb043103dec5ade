//! Pictures of pages and elements, and their comparison with baselines. Nothing here knows how pixels are
//! encoded or compared; a picture is bytes, and never kept in memory beyond its call.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::act::typed;
use super::calls::{
    Area, ExpectScreenshot, ImageFormat, ImageInfo, Likeness, PageId, Rect, ShotOptions, Size, TakeScreenshot,
};
use super::job::How;
use super::locator::Locator;
use super::port::{Shot, Tab, TabError};
use super::session::{Browser, tab_failure, timeout};
use crate::artifact::Attachment;
use crate::baseline::{BaselineError, BaselineName, Compared, Tolerance};
use crate::failure::{Code, Failure};
use crate::gate::Soft;
use crate::limits::{MAX_MASKS, MAX_SCREENSHOT_AREA, MAX_SCREENSHOT_SIDE, MAX_TEXT_BYTES};

/// Pauses before the pictures of a comparison, until two in a row are equal; the last repeats.
const SETTLE: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];
/// Quality of JPEG and WebP where nothing else is said.
const DEFAULT_QUALITY: u32 = 80;
/// The paint over masked elements where nothing else is said.
const MASK_COLOR: &str = "#FF00FF";

/// The least time for a picture: one look is always taken, also where no time is left.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// The time for the pictures of the pages of a run that did not pass.
const LAST_PICTURES: Duration = Duration::from_secs(5);

/// Pictures of the same thing, one after another, until two are equal or the time is over.
struct Series {
    deadline: Instant,
    taken: usize,
    previous: Option<Bytes>,
    /// Whether the latest is as the one before it.
    has_settled: bool,
    /// Whether there is no time for another.
    is_over: bool,
}

impl Series {
    fn new(wait: Duration) -> Self {
        Self {
            deadline: Instant::now() + wait,
            taken: 0,
            previous: None,
            has_settled: false,
            is_over: false,
        }
    }
}

/// What a picture is taken of.
struct Subject<'a> {
    page: PageId,
    locator: Option<&'a Locator>,
}

/// A picture.
struct Picture {
    bytes: Bytes,
    /// In pixels of the picture.
    size: Size,
}

/// What the page says when it is ready for its picture.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prepared {
    /// What is shown, in coordinates of the document.
    rect: Rect,
    /// Whether it is all of the viewport, and nothing else.
    is_viewport: bool,
    /// Whether it lies within the viewport.
    is_within: bool,
    /// Device pixels for each CSS pixel.
    ratio: f64,
}

impl Browser {
    /// Takes a screenshot and keeps it for the report.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never shows, [`Code::OverBudget`] where it is too large,
    /// [`Code::InvalidArgument`] where an option is out of its range.
    pub async fn screenshot(&self, call: &TakeScreenshot) -> Result<ImageInfo, Failure> {
        check(&call.shot)?;
        let wait = timeout(call.shot.timeout_ms, self.options.action_timeout)?;
        let subject = Subject {
            page: call.page,
            locator: call.locator.as_ref(),
        };
        let picture = self.picture(&subject, &call.shot, wait).await?;
        let name = if call.shot.name.is_empty() {
            "screenshot"
        } else {
            &call.shot.name
        };
        let media_type = call.shot.format.media_type();
        let Attachment {
            digest,
            media_type,
            bytes,
            ..
        } = self.attach(name, media_type, picture.bytes).await?;
        Ok(ImageInfo {
            digest,
            media_type,
            size: picture.size,
            bytes,
        })
    }

    /// Compares a page or an element with its baseline, or makes it the baseline.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`] where they differ, unless the assertion is soft; [`Code::InvalidArgument`] where
    /// there is no such baseline.
    pub async fn expect_screenshot(&self, call: &ExpectScreenshot) -> Result<Soft<()>, Failure> {
        check(&call.shot)?;
        let name = self.baseline_name(&call.shot.name)?;
        let tolerance = tolerance(&call.likeness)?;
        let wait = self.expect_time(&call.options)?;
        let outcome = if self.options.baselines.update {
            self.update_baseline(call, &name, tolerance, wait).await
        } else {
            self.compare_with_baseline(call, &name, tolerance, wait).await
        };
        self.soft(outcome, &call.options).await
    }

    /// Takes a picture of each open page, for the report of a run that did not pass. Best effort: what
    /// cannot be taken is left out.
    pub async fn picture_of_failure(&self, when: &str) {
        // Side by side: pages that are busy take all of their time.
        let mut taking = JoinSet::new();
        for (number, tab) in self.open_tabs() {
            let veil = self.veil.is_up().then(|| self.veil.told(number));
            taking.spawn(async move {
                let taken = tokio::time::timeout(LAST_PICTURES, last_picture(&*tab, veil)).await;
                (number, taken)
            });
        }
        let mut taken = taking.join_all().await;
        taken.sort_by_key(|(number, _)| *number);
        for (number, picture) in taken {
            if let Ok(Ok(bytes)) = picture {
                let name = format!("page {number} {when}");
                // A picture that cannot be kept must not hide the failure it is of.
                let _ = self.attach(&name, "image/png", bytes).await;
            }
        }
    }

    async fn compare_with_baseline(
        &self,
        call: &ExpectScreenshot,
        name: &BaselineName,
        tolerance: Tolerance,
        wait: Duration,
    ) -> Result<(), Failure> {
        let Some(expected) = self.baselines.load(name).await.map_err(|error| away(&error))? else {
            return Err(self.no_baseline(call, name, wait).await?);
        };
        let mut series = Series::new(wait);
        loop {
            let actual = self.next_of(&mut series, call).await?;
            let Series {
                has_settled, is_over, ..
            } = series;
            let compared = self
                .baselines
                .compare(expected.clone(), actual.clone(), tolerance)
                .await
                .map_err(|error| away(&error))?;
            match compared {
                Compared::Same if !call.options.negated => return Ok(()),
                Compared::Same if has_settled || is_over => return Err(too_alike(name)),
                Compared::Same => {}
                _ if call.options.negated && (has_settled || is_over) => return Ok(()),
                different if has_settled || is_over => {
                    return Err(self
                        .different(call, name, expected, actual, different, has_settled)
                        .await);
                }
                _ => {}
            }
        }
    }

    /// Keeps the picture as the baseline, unless the baseline shows the same already.
    async fn update_baseline(
        &self,
        call: &ExpectScreenshot,
        name: &BaselineName,
        tolerance: Tolerance,
        wait: Duration,
    ) -> Result<(), Failure> {
        let actual = self.settled_picture(call, wait).await?;
        if let Some(expected) = self.baselines.load(name).await.map_err(|error| away(&error))? {
            let compared = self.baselines.compare(expected, actual.clone(), tolerance).await;
            if matches!(compared, Ok(Compared::Same)) {
                return Ok(());
            }
        }
        self.baselines
            .save(name, actual.clone())
            .await
            .map_err(|error| away(&error))?;
        let title = format!("{}: new baseline", call.shot.name);
        self.attach(&title, "image/png", actual).await.map(|_| ())
    }

    async fn no_baseline(
        &self,
        call: &ExpectScreenshot,
        name: &BaselineName,
        wait: Duration,
    ) -> Result<Failure, Failure> {
        let actual = self.settled_picture(call, wait).await?;
        self.attach(&format!("{}: received", call.shot.name), "image/png", actual)
            .await?;
        let message = format!(
            "there is no baseline {name}: look at the picture in the report, and run once with --update-baselines to keep it"
        );
        Ok(Failure::new(Code::InvalidArgument, message))
    }

    /// The failure of a picture that is not like its baseline, with all three pictures in the report.
    async fn different(
        &self,
        call: &ExpectScreenshot,
        name: &BaselineName,
        expected: Bytes,
        actual: Bytes,
        different: Compared,
        has_settled: bool,
    ) -> Failure {
        let shown = &call.shot.name;
        let mut pictures = vec![("expected", expected), ("received", actual)];
        let mut said = match different {
            Compared::Resized { expected, actual } => format!(
                "it is {} × {} pixels, the baseline {} × {}",
                actual.width, actual.height, expected.width, expected.height
            ),
            Compared::Different { pixels, of, diff } => {
                pictures.push(("difference", diff));
                format!("{pixels} of {of} pixels differ")
            }
            Compared::Same => "it never came to rest".to_owned(),
        };
        if !has_settled {
            said.push_str("; it was still changing when the time was over");
        }
        for (what, picture) in pictures {
            // The failure is worth more than its pictures.
            let _ = self
                .attach(&format!("{shown}: {what}"), "image/png", picture)
                .await;
        }
        let message = format!("expected the picture to be like baseline {name}: {said}");
        Failure::new(Code::AssertionFailed, message)
    }

    /// A picture that came out the same twice.
    async fn settled_picture(&self, call: &ExpectScreenshot, wait: Duration) -> Result<Bytes, Failure> {
        let mut series = Series::new(wait);
        loop {
            let picture = self.next_of(&mut series, call).await?;
            if series.has_settled || series.is_over {
                return Ok(picture);
            }
        }
    }

    /// The next picture of a series, after its pause.
    async fn next_of(&self, series: &mut Series, call: &ExpectScreenshot) -> Result<Bytes, Failure> {
        let pause = SETTLE[series.taken.min(SETTLE.len() - 1)];
        let left = series.deadline.saturating_duration_since(Instant::now());
        tokio::time::sleep(pause.min(left)).await;
        let picture = self.comparable(call, left.max(LAST_LOOK)).await?;
        series.taken += 1;
        series.is_over = left.is_zero();
        series.has_settled = series.previous.replace(picture.clone()).as_ref() == Some(&picture);
        Ok(picture)
    }

    /// A picture as baselines are: PNG.
    async fn comparable(&self, call: &ExpectScreenshot, wait: Duration) -> Result<Bytes, Failure> {
        let subject = Subject {
            page: call.page,
            locator: call.locator.as_ref(),
        };
        let options = ShotOptions {
            format: ImageFormat::Png,
            ..call.shot.clone()
        };
        Ok(self.picture(&subject, &options, wait).await?.bytes)
    }

    /// Prepares the page, takes the picture, and puts the page back.
    async fn picture(
        &self,
        subject: &Subject<'_>,
        options: &ShotOptions,
        wait: Duration,
    ) -> Result<Picture, Failure> {
        let element = match subject.locator {
            Some(locator) => {
                let mut job = self.job(subject.page, Some(locator), wait, How::default())?;
                Some(typed::<Rect>(job.perform_done(&json!({"kind": "clip"})).await?)?)
            }
            None => None,
        };
        let mut job = self.job(subject.page, None, wait, How::default())?;
        let prepare = json!({
            "kind": "prepareScreenshot",
            "area": options.area,
            "element": element,
            "maxSide": MAX_SCREENSHOT_SIDE,
            "maxArea": MAX_SCREENSHOT_AREA,
            "freezeAnimations": options.freeze_animations,
            "hideCaret": options.hide_caret,
            "mask": options.mask,
            "maskColor": if options.mask_color.is_empty() { MASK_COLOR } else { &options.mask_color },
            "style": options.style,
            "veil": self.veil.told(subject.page),
        });
        let prepared: Prepared = typed(job.perform_done(&prepare).await?)?;
        let tab = self.tab(subject.page)?;
        let taken = self.shoot(&*tab, &prepared, options, wait).await;
        job.perform_done(&json!({"kind": "restoreScreenshot"})).await?;
        taken
    }

    async fn shoot(
        &self,
        tab: &dyn Tab,
        prepared: &Prepared,
        options: &ShotOptions,
        wait: Duration,
    ) -> Result<Picture, Failure> {
        let Prepared { rect, ratio, .. } = *prepared;
        check_size(&rect)?;
        let scale = if options.css_scale {
            1.0 / ratio.max(0.1)
        } else {
            1.0
        };
        let shot = Shot {
            clip: (!prepared.is_viewport || options.css_scale).then_some(rect),
            beyond_viewport: !prepared.is_within,
            scale,
            format: options.format,
            quality: options.quality.unwrap_or(DEFAULT_QUALITY),
            omit_background: options.omit_background,
        };
        let wait = self.ledger.progress.allowance(wait);
        let taken = tokio::time::timeout(wait, tab.screenshot(&shot)).await;
        let bytes = taken
            .map_err(|_| {
                let message = format!("the browser took no picture within {} ms", wait.as_millis());
                Failure::new(Code::Timeout, message)
            })?
            .map_err(tab_failure)?;
        Ok(Picture {
            bytes,
            size: Size {
                width: pixels(rect.width * ratio * scale),
                height: pixels(rect.height * ratio * scale),
            },
        })
    }

    async fn attach(&self, name: &str, media_type: &str, bytes: Bytes) -> Result<Attachment, Failure> {
        let attachment = self.ledger.keep(name, media_type, bytes).await?;
        self.ledger.timeline.attach_to_latest(attachment.clone());
        Ok(attachment)
    }

    fn baseline_name(&self, name: &str) -> Result<BaselineName, Failure> {
        let scope = &self.options.baselines;
        let platform = format!("chromium-{}", std::env::consts::OS);
        BaselineName::new(&scope.component, &scope.flow, name, &platform).ok_or_else(|| {
            let message = format!("a baseline needs a name of at most 60 characters: {name:?}");
            Failure::new(Code::InvalidArgument, message)
        })
    }
}

/// What a page looks like at the end, with what is not to be seen masked. A page that does not answer any more may show
/// it, so there is no picture of that.
async fn last_picture(tab: &dyn Tab, veil: Option<Value>) -> Result<Bytes, TabError> {
    let Some(veil) = veil else {
        return tab.screenshot(&Shot::VIEWPORT).await;
    };
    let prepare = json!({
        "kind": "prepareScreenshot", "area": Area::Viewport, "element": null, "maxSide": MAX_SCREENSHOT_SIDE,
        "maxArea": MAX_SCREENSHOT_AREA, "freezeAnimations": false, "hideCaret": false, "mask": [],
        "maskColor": MASK_COLOR, "style": "", "veil": veil,
    });
    let ready = tab
        .perform(&json!({"action": prepare, "timeout": 0}), LAST_PICTURES)
        .await?;
    if ready["status"] != "done" {
        return Err(TabError::Unresponsive);
    }
    let taken = tab.screenshot(&Shot::VIEWPORT).await;
    let restore = json!({"action": {"kind": "restoreScreenshot"}, "timeout": 0});
    // The page is about to go.
    drop(tab.perform(&restore, LAST_PICTURES).await);
    taken
}

/// Whether the options are within their ranges.
fn check(shot: &ShotOptions) -> Result<(), Failure> {
    let refused = |message: String| Err(Failure::new(Code::InvalidArgument, message));
    if let Some(quality) = shot.quality {
        if quality > 100 {
            return refused(format!("a picture's quality is 0 to 100: {quality}"));
        }
        if shot.format == ImageFormat::Png {
            return refused("PNG has no quality: choose JPEG or WebP, or leave it out".to_owned());
        }
    }
    if shot.mask.len() > MAX_MASKS {
        return refused(format!("at most {MAX_MASKS} masks: {}", shot.mask.len()));
    }
    if shot.style.len() + shot.mask_color.len() > MAX_TEXT_BYTES {
        return refused(format!("a picture's style may have {MAX_TEXT_BYTES} bytes"));
    }
    if let Area::Clip(clip) = shot.area {
        let sides = [clip.x, clip.y, clip.width, clip.height];
        if !(sides.iter().all(|side| side.is_finite()) && clip.width > 0.0 && clip.height > 0.0) {
            return refused(format!(
                "a clip has a place, and a width and a height above 0: {} × {}",
                clip.width, clip.height
            ));
        }
    }
    shot.mask.iter().try_for_each(Locator::check)
}

fn check_size(rect: &Rect) -> Result<(), Failure> {
    let side = rect.width.max(rect.height);
    if side <= MAX_SCREENSHOT_SIDE && rect.width * rect.height <= MAX_SCREENSHOT_AREA {
        return Ok(());
    }
    let message = format!(
        "too large for a screenshot: {:.0} × {:.0} pixels; at most {MAX_SCREENSHOT_SIDE} a side and {MAX_SCREENSHOT_AREA} in all",
        rect.width, rect.height
    );
    Err(Failure::new(Code::OverBudget, message))
}

/// The tolerance that a guest asks for.
fn tolerance(likeness: &Likeness) -> Result<Tolerance, Failure> {
    let share = |what: &str, wanted: Option<f64>, otherwise: f64| match wanted {
        None => Ok(otherwise),
        Some(share) if (0.0..=1.0).contains(&share) => Ok(share),
        Some(share) => Err(Failure::new(
            Code::InvalidArgument,
            format!("{what} is 0 to 1: {share}"),
        )),
    };
    Ok(Tolerance {
        threshold: share("a threshold", likeness.threshold, Tolerance::DEFAULT.threshold)?,
        max_pixels: likeness.max_diff_pixels.unwrap_or_default().into(),
        max_ratio: share(
            "a share of pixels",
            likeness.max_diff_ratio,
            Tolerance::DEFAULT.max_ratio,
        )?,
    })
}

fn too_alike(name: &BaselineName) -> Failure {
    let message = format!("expected the picture not to be like baseline {name}, and it is");
    Failure::new(Code::AssertionFailed, message)
}

fn away(error: &BaselineError) -> Failure {
    let code = match error {
        BaselineError::Unreadable { .. } => Code::InvalidArgument,
        BaselineError::Unavailable(_) => Code::Unavailable,
    };
    Failure::new(code, error.to_string())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side of a picture that was checked"
)]
fn pixels(side: f64) -> u32 {
    side.round().clamp(1.0, f64::from(u32::MAX)) as u32
}
