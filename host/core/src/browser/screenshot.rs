//! Pictures of pages and elements. Nothing here knows how pixels are encoded; a picture is bytes, and never kept in
//! memory beyond its call.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

use super::act::typed;
use super::calls::{Area, ImageFormat, ImageInfo, PageId, Rect, ShotOptions, Size, TakeScreenshot};
use super::job::How;
use super::locator::Locator;
use super::port::{Shot, Tab, TabError};
use super::session::{Browser, tab_failure, timeout};
use crate::artifact::Attachment;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_MASKS, MAX_SCREENSHOT_AREA, MAX_SCREENSHOT_SIDE, MAX_TEXT_BYTES};

/// Quality of JPEG and WebP where nothing else is said.
const DEFAULT_QUALITY: u32 = 80;
/// The paint over masked elements where nothing else is said.
const MASK_COLOR: &str = "#FF00FF";

/// The time for the pictures of the pages of a run that did not pass.
const LAST_PICTURES: Duration = Duration::from_secs(5);

/// What a picture is taken of.
pub(super) struct Subject<'a> {
    pub(super) page: PageId,
    pub(super) locator: Option<&'a Locator>,
}

/// A picture.
pub(super) struct Picture {
    pub(super) bytes: Bytes,
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

    /// Prepares the page, takes the picture, and puts the page back.
    pub(super) async fn picture(
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

    pub(super) async fn attach(
        &self,
        name: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Attachment, Failure> {
        let attachment = self.ledger.keep(name, media_type, bytes).await?;
        self.ledger.timeline.attach_to_latest(attachment.clone());
        Ok(attachment)
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
pub(super) fn check(shot: &ShotOptions) -> Result<(), Failure> {
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side of a picture that was checked"
)]
fn pixels(side: f64) -> u32 {
    side.round().clamp(1.0, f64::from(u32::MAX)) as u32
}
