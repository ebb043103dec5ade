//! Downloads of a browser in the cloud, which stay there and are asked for by name.

use flowguard_core::browser::calls::{DownloadBytes, NextEvent, Watch};
use flowguard_core::browser::context::{Happening, Kinds};
use flowguard_core::browser::{Browser, PageId, Wanted};

use crate::cloud::{Cloud, LIMITS, evaluate, goto, put_pages, used};
use crate::site::Answer;

/// Downloads what is behind an address, and reads it.
async fn download(cloud: &Cloud, browser: &Browser, page: PageId) -> Vec<u8> {
    goto(browser, page, "/start").await;
    let what = Kinds {
        download: true,
        ..Kinds::default()
    };
    let watch = browser.watch(&Watch { page, what }).await.expect("a watcher");
    let link = "() => { location.href = '/order'; }";
    evaluate(browser, page, link).await;
    let next = NextEvent {
        watch,
        what: Kinds::default(),
        timeout_ms: Some(10_000),
    };
    let Happening::Download { id, download } = browser.next_event(&next).await.expect("it begins") else {
        panic!("it is a download")
    };
    assert_eq!(download.suggested_filename, "order.txt");
    let read = DownloadBytes {
        download: id,
        timeout_ms: Some(20_000),
    };
    let digest = browser.download_bytes(&read).await.expect("its bytes");
    assert_eq!(cloud.live().await, 1);
    browser.kept_bytes(&digest).await.expect("it is kept").to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_run_reads_its_own_download_and_not_that_of_the_run_before() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    put_pages(&cloud.site).await;
    for text in ["first", "second"] {
        let headers = vec![
            ("content-type", "application/octet-stream".to_owned()),
            (
                "content-disposition",
                "attachment; filename=\"order.txt\"".to_owned(),
            ),
        ];
        cloud
            .site
            .put("/order", Answer::Raw(headers, text.as_bytes().to_vec()));
        let (browser, _ledger, page) = cloud.run(Wanted::default()).await;
        assert_eq!(used(&browser).is_reused, text == "second");
        let bytes = download(&cloud, &browser, page).await;
        assert_eq!(String::from_utf8_lossy(&bytes), text);
        browser.release().await;
    }
    cloud.close().await;
}
