//! Expecting a page to look as its baseline does: pictures until two in a row are equal, compared with what was kept.
//! Nothing here knows how pixels are encoded or compared.

use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

use super::calls::{ExpectScreenshot, ImageFormat, Likeness, ShotOptions};
use super::screenshot::{Subject, check};
use super::session::Browser;
use crate::baseline::{BaselineError, BaselineName, Compared, Tolerance};
use crate::failure::{Code, Failure};
use crate::gate::Soft;

/// Pauses before the pictures of a comparison, until two in a row are equal; the last repeats.
const SETTLE: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];
/// The least time for a picture: one look is always taken, also where no time is left.
const LAST_LOOK: Duration = Duration::from_secs(1);
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

impl Browser {
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

    fn baseline_name(&self, name: &str) -> Result<BaselineName, Failure> {
        let scope = &self.options.baselines;
        let platform = format!("chromium-{}", std::env::consts::OS);
        BaselineName::new(&scope.component, &scope.flow, name, &platform).ok_or_else(|| {
            let message = format!("a baseline needs a name of at most 60 characters: {name:?}");
            Failure::new(Code::InvalidArgument, message)
        })
    }
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
