//! Pictures of pages and elements, pixel by pixel, and their comparison with baselines in a folder.

use flowguard_backends::baselines::BaselineFolder;
use flowguard_core::browser::calls::{
    Area, ExpectScreenshot, ImageFormat, ImageInfo, Likeness, OpenPage, Rect, SetViewport, ShotOptions, Size,
    TakeScreenshot,
};
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::browser::{BaselineScope, Browser};
use flowguard_core::failure::{Code, Failure};
use flowguard_core::ledger::Ledger;
use std::path::Path;
use std::sync::Arc;

use crate::stage::{Stage, Terms, css, expecting, run_with};

type Color = [u8; 4];
const TEAL: Color = [0, 128, 128, 255];
const WHITE: Color = [255, 255, 255, 255];
const MAGENTA: Color = [255, 0, 255, 255];

fn plain() -> ShotOptions {
    ShotOptions {
        timeout_ms: Some(5_000),
        ..ShotOptions::default()
    }
}

fn of_page(area: Area) -> ShotOptions {
    ShotOptions { area, ..plain() }
}

/// A decoded picture.
struct Picture {
    info: ImageInfo,
    rgba: Vec<u8>,
    width: usize,
}

impl Picture {
    fn at(&self, x: usize, y: usize) -> Color {
        let from = (y * self.width + x) * 4;
        self.rgba[from..from + 4].try_into().expect("four bytes")
    }
}

impl Stage {
    async fn shoot(&self, locator: Option<&str>, shot: ShotOptions) -> Result<ImageInfo, Failure> {
        self.shoot_at(locator.map(css), shot).await
    }

    async fn shoot_at(&self, locator: Option<Locator>, shot: ShotOptions) -> Result<ImageInfo, Failure> {
        let call = TakeScreenshot {
            page: self.page,
            locator,
            shot,
        };
        self.browser.screenshot(&call).await
    }

    async fn picture(&self, locator: Option<&str>, shot: ShotOptions) -> Picture {
        self.picture_at(locator.map(css), shot).await
    }

    async fn picture_at(&self, locator: Option<Locator>, shot: ShotOptions) -> Picture {
        let info = self.shoot_at(locator, shot).await.expect("a picture");
        let bytes = kept(&self.ledger, &info).await;
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        decoder.set_transformations(png::Transformations::ALPHA);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut rgba = vec![0; reader.output_buffer_size().expect("it fits")];
        let frame = reader.next_frame(&mut rgba).expect("its pixels");
        assert_eq!((frame.width, frame.height), (info.size.width, info.size.height));
        assert_eq!(info.media_type, "image/png");
        let width = frame.width as usize;
        Picture { info, rgba, width }
    }
}

async fn kept(ledger: &Ledger, info: &ImageInfo) -> Vec<u8> {
    let bytes = ledger.artifacts.get(&info.digest).await;
    bytes.expect("it is kept").to_vec()
}

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_shows_what_was_asked_for() {
    let stage = Stage::showing(
        "<body style='margin: 0'><div style='width: 120px; height: 2000px; background: teal'></div>",
    )
    .await;
    let viewport = stage.picture(None, plain()).await;
    assert_eq!(viewport.info.size, size(1280, 720));
    assert_eq!((viewport.at(119, 719), viewport.at(120, 719)), (TEAL, WHITE));
    let whole = stage.picture(None, of_page(Area::FullPage)).await;
    assert_eq!(whole.info.size, size(1280, 2000));
    assert_eq!(whole.at(119, 1999), TEAL);
    let element = stage.picture(Some("div"), plain()).await;
    assert_eq!(element.info.size, size(120, 2000));
    assert_eq!(element.at(0, 1999), TEAL);
    let clip = |x, width| {
        let (y, height) = (10.0, 20.0);
        of_page(Area::Clip(Rect { x, y, width, height }))
    };
    let part = stage.picture(None, clip(110.0, 30.0)).await;
    assert_eq!(part.info.size, size(30, 20));
    assert_eq!((part.at(9, 0), part.at(10, 0)), (TEAL, WHITE));
    let outside = stage
        .shoot(None, clip(5_000.0, 30.0))
        .await
        .expect_err("nothing there");
    assert_eq!(outside.code, Code::InvalidArgument, "{}", outside.message);
    let small = SetViewport {
        page: stage.page,
        size: size(400, 300),
    };
    stage.browser.set_viewport(&small).await.expect("it is resized");
    assert_eq!(stage.picture(None, plain()).await.info.size, size(400, 300));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_has_its_own_bytes() {
    let stage = Stage::showing("<p>text</p>").await;
    let formats = [
        (ImageFormat::Png, &b"\x89PNG"[..], "image/png"),
        (ImageFormat::Jpeg, &b"\xff\xd8\xff"[..], "image/jpeg"),
        (ImageFormat::Webp, &b"RIFF"[..], "image/webp"),
    ];
    for (format, begins, media_type) in formats {
        let info = stage
            .shoot(None, ShotOptions { format, ..plain() })
            .await
            .expect("a picture");
        assert!(kept(&stage.ledger, &info).await.starts_with(begins));
        assert_eq!(info.media_type, media_type);
    }
    let at = |quality| ShotOptions {
        format: ImageFormat::Jpeg,
        quality: Some(quality),
        ..plain()
    };
    let (worst, best) = (stage.shoot(None, at(1)).await, stage.shoot(None, at(100)).await);
    assert!(worst.expect("a picture").bytes < best.expect("a picture").bytes);
    stage.close().await;
}

/// What a picture needs is there while it is taken, and gone afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masks_styles_and_frozen_animations_leave_no_trace() {
    let stage = Stage::showing(
        "<style>body { margin: 0 } p, b, i { position: absolute; display: block; left: 0; width: 50px; height: 50px; background: teal }
         b { top: 100px; animation: fade 30s forwards } i { top: 200px; animation: fade 1s infinite }
         @keyframes fade { from { background: white } to { background: rgb(0, 0, 255) } }</style><p></p><b></b><i></i>",
    )
    .await;
    let shot = ShotOptions {
        mask: vec![css("p")],
        freeze_animations: true,
        style: "body { background: rgb(0, 255, 0) }".to_owned(),
        ..plain()
    };
    let picture = stage.picture(None, shot.clone()).await;
    assert_eq!(picture.at(25, 25), MAGENTA, "the mask");
    assert_eq!(picture.at(25, 125), [0, 0, 255, 255], "an animation that ends");
    assert_eq!(picture.at(25, 225), TEAL, "an endless one");
    assert_eq!(picture.at(300, 300), [0, 255, 0, 255], "the style");
    let after = stage.picture(None, plain()).await;
    assert_eq!((after.at(25, 25), after.at(300, 300)), (TEAL, WHITE));
    let children = stage.text("html").await.expect("its text");
    assert!(!children.contains("mask"), "{children}");
    let yellow = ShotOptions {
        mask_color: "yellow".to_owned(),
        ..shot
    };
    assert_eq!(stage.picture(None, yellow).await.at(25, 25), [255, 255, 0, 255]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caret_is_hidden_and_backgrounds_can_be_left_out() {
    let stage = Stage::showing(
        "<style>body { margin: 0 } input { position: absolute; top: 0; left: 0; width: 100px; height: 40px; border: 0; outline: 0; padding: 0;
         background: white; caret-color: red }</style><input autofocus>",
    )
    .await;
    stage.click("input").await.expect("it has the focus");
    let has_caret = |picture: &Picture| {
        picture
            .rgba
            .chunks_exact(4)
            .any(|pixel| pixel[0] > 200 && pixel[1] < 60)
    };
    let shown = ShotOptions {
        hide_caret: false,
        ..plain()
    };
    // It blinks: each picture has it or not.
    let mut seen = 0;
    for _ in 0..40 {
        seen += usize::from(has_caret(&stage.picture(None, shown.clone()).await));
    }
    assert!(seen > 0, "no picture shows the caret");
    for _ in 0..40 {
        assert!(
            !has_caret(&stage.picture(None, plain()).await),
            "the caret is in the picture"
        );
    }
    let transparent = ShotOptions {
        omit_background: true,
        ..plain()
    };
    let transparent = stage.picture(None, transparent).await;
    assert_eq!(
        (transparent.at(600, 600), transparent.at(50, 35)),
        ([0, 0, 0, 0], WHITE)
    );
    assert_eq!(stage.picture(None, plain()).await.at(600, 600), WHITE);
    stage.close().await;
}

/// A page as tall as it likes costs the host no more than the limits say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giant_pages_are_cut_and_giant_elements_refused() {
    let stage = Stage::showing(
        "<body style='margin: 0'><div style='width: 100px; height: 900000px; background: linear-gradient(teal, white)'></div>",
    )
    .await;
    let whole = stage
        .shoot(None, of_page(Area::FullPage))
        .await
        .expect("a picture");
    assert_eq!(whole.size, size(1280, 16_384));
    let element = stage.shoot(Some("div"), plain()).await.expect_err("too large");
    assert_eq!(element.code, Code::OverBudget, "{}", element.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_out_of_range_are_refused_at_once() {
    let stage = Stage::showing("<p>text</p>").await;
    let bad = [
        ShotOptions {
            quality: Some(101),
            format: ImageFormat::Jpeg,
            ..plain()
        },
        ShotOptions {
            quality: Some(50),
            ..plain()
        },
        ShotOptions {
            mask: vec![css("p"); 33],
            ..plain()
        },
        ShotOptions {
            mask: vec![css("p[")],
            ..plain()
        },
        ShotOptions {
            mask: vec![css("p")],
            mask_color: "no colour".to_owned(),
            ..plain()
        },
        of_page(Area::Clip(Rect {
            x: 0.0,
            y: 0.0,
            width: 0.0,
            height: 1.0,
        })),
        of_page(Area::Clip(Rect {
            x: f64::NAN,
            y: 0.0,
            width: 1.0,
            height: 1.0,
        })),
    ];
    for shot in bad {
        let told = format!("{shot:?}");
        let began = std::time::Instant::now();
        let failure = stage.shoot(None, shot).await.expect_err(&told);
        assert_eq!(failure.code, Code::InvalidArgument, "{told}: {}", failure.message);
        assert!(began.elapsed().as_secs() < 4, "{told} waited");
    }
    let likeness = Likeness {
        threshold: Some(1.5),
        ..Likeness::default()
    };
    let refused = stage
        .browser
        .expect_screenshot(&expectation(&stage, "cart", likeness))
        .await;
    assert_eq!(
        refused.map(|_| ()).map_err(|failure| failure.code),
        Err(Code::InvalidArgument)
    );
    let unnamed = stage
        .browser
        .expect_screenshot(&expectation(&stage, "", Likeness::default()))
        .await;
    assert_eq!(
        unnamed.map(|_| ()).map_err(|failure| failure.code),
        Err(Code::InvalidArgument)
    );
    stage.close().await;
}

fn expectation(stage: &Stage, name: &str, likeness: Likeness) -> ExpectScreenshot {
    ExpectScreenshot {
        page: stage.page,
        locator: None,
        shot: ShotOptions {
            name: name.to_owned(),
            freeze_animations: true,
            ..plain()
        },
        likeness,
        options: expecting(3_000),
    }
}

/// A run of the flow `checkout` with the baselines in this folder, on a page that shows this.
async fn visit(stage: &Stage, folder: &Path, update: bool, body: &str) -> (Browser, Arc<Ledger>, u32) {
    let scope = BaselineScope {
        component: "shop".to_owned(),
        flow: "checkout".to_owned(),
        update,
    };
    let terms = Terms {
        baselines: Arc::new(BaselineFolder::new(folder)),
        scope,
        ..Terms::default()
    };
    let (browser, ledger) = run_with(&stage.browsers, &stage.site, terms);
    let page = browser.open_page(&OpenPage {}).await.expect("a page");
    stage.site.page("/compared", body);
    let goto = flowguard_core::browser::calls::Goto {
        page,
        url: "/compared".to_owned(),
        wait_until: flowguard_core::browser::LoadState::Load,
        timeout_ms: Some(10_000),
    };
    browser.goto(&goto).await.expect("the page loads");
    (browser, ledger, page)
}

/// What the comparison says of a page that shows this, and the pictures that it left in the report.
async fn compare(
    stage: &Stage,
    folder: &Path,
    update: bool,
    body: &str,
    likeness: Likeness,
) -> (Result<(), Failure>, Vec<String>) {
    let (browser, ledger, page) = visit(stage, folder, update, body).await;
    ledger.timeline.begin(
        "flow".into(),
        "screenshot.expect",
        "compare".to_owned(),
        ledger.now(),
        None,
    );
    let call = ExpectScreenshot {
        page,
        ..expectation(stage, "cart", likeness)
    };
    let said = browser.expect_screenshot(&call).await.map(|_| ());
    browser.release().await;
    let steps = ledger.timeline.history().steps;
    let pictures = steps
        .into_iter()
        .flat_map(|step| step.attachments)
        .map(|kept| kept.name);
    (said, pictures.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_is_made_once_and_compared_from_then_on() {
    const CART: &str = "<body style='margin: 0; background: white'><div style='width: 100px; height: 100px; background: teal'></div>";
    const WIDER: &str = "<body style='margin: 0; background: white'><div style='width: 110px; height: 100px; background: teal'></div>";
    let stage = Stage::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop/checkout/cart-chromium-linux.png");
    let strict = Likeness::default();

    let (missing, pictures) = compare(&stage, folder.path(), false, CART, strict).await;
    let missing = missing.expect_err("there is no baseline yet");
    assert_eq!(missing.code, Code::InvalidArgument);
    assert!(
        missing.message.contains("--update-baselines"),
        "{}",
        missing.message
    );
    assert_eq!(pictures, ["cart: received"]);
    assert!(!file.exists(), "nothing is written unless it is asked for");

    let (made, pictures) = compare(&stage, folder.path(), true, CART, strict).await;
    assert_eq!((made, pictures), (Ok(()), vec!["cart: new baseline".to_owned()]));
    let baseline = std::fs::read(&file).expect("the baseline");

    let (same, pictures) = compare(&stage, folder.path(), false, CART, strict).await;
    assert_eq!((same, pictures), (Ok(()), Vec::new()));
    let (again, pictures) = compare(&stage, folder.path(), true, CART, strict).await;
    assert_eq!(
        (again, pictures),
        (Ok(()), Vec::new()),
        "an equal one is left alone"
    );

    let (wider, pictures) = compare(&stage, folder.path(), false, WIDER, strict).await;
    let wider = wider.expect_err("ten columns are teal now");
    assert_eq!(wider.code, Code::AssertionFailed);
    assert!(
        wider.message.ends_with("1000 of 921600 pixels differ"),
        "{}",
        wider.message
    );
    assert_eq!(pictures, ["cart: expected", "cart: received", "cart: difference"]);
    let lenient = Likeness {
        max_diff_pixels: Some(1_000),
        ..strict
    };
    assert_eq!(
        compare(&stage, folder.path(), false, WIDER, lenient).await.0,
        Ok(())
    );
    assert_eq!(
        std::fs::read(&file).expect("the baseline"),
        baseline,
        "comparing writes nothing"
    );

    std::fs::write(&file, "no picture").expect("it is damaged");
    let damaged = compare(&stage, folder.path(), false, CART, strict)
        .await
        .0
        .expect_err("it cannot be read");
    assert_eq!(damaged.code, Code::InvalidArgument);
    assert!(
        damaged.message.contains("cannot be read as a PNG"),
        "{}",
        damaged.message
    );
    stage.close().await;
}

/// A page that comes to rest late is compared when it rests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_waits_until_the_page_rests() {
    const LATE: &str = "<body style='margin: 0; background: white'><div style='width: 100px; height: 100px; background: teal'></div>
        <script>setTimeout(() => { document.querySelector('div').style.background = 'navy' }, 250)</script>";
    const RESTED: &str = "<body style='margin: 0; background: white'><div style='width: 100px; height: 100px; background: navy'></div>";
    let stage = Stage::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let strict = Likeness::default();
    assert_eq!(
        compare(&stage, folder.path(), true, RESTED, strict).await.0,
        Ok(())
    );
    assert_eq!(
        compare(&stage, folder.path(), false, LATE, strict).await.0,
        Ok(())
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_of_an_element_in_a_frame_of_another_site_shows_it() {
    let stage = Stage::open().await;
    stage.site.page(
        "/inside",
        "<body style='margin: 900px 5px 0'><div style='width: 60px; height: 30px; background: teal; border: 4px solid magenta'></div>",
    );
    // Far below in the page, and far below in the frame.
    let frame = stage.site.elsewhere("/inside");
    let page = format!("<iframe src='{frame}' style='margin: 1500px 40px; border: 3px solid'></iframe>");
    stage.site.page("/start", &page);
    stage.goto("/start").await.expect("it loads");
    let selector = "div".to_owned();
    let element = css("iframe").then(Part::Frame).then(Part::Css { selector });
    let picture = stage.picture_at(Some(element), plain()).await;
    assert_eq!(picture.info.size, size(68, 38));
    assert_eq!((picture.at(1, 1), picture.at(66, 36)), (MAGENTA, MAGENTA));
    assert_eq!((picture.at(4, 4), picture.at(63, 33)), (TEAL, TEAL));
    stage.close().await;
}
