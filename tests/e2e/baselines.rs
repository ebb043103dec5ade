//! Pictures and their baselines, through the command line: made on demand, compared ever after.

use flowguard_tests::{Flowguard, guest, shared, shop};

#[tokio::test]
async fn baselines_are_made_when_asked_for_and_a_changed_page_fails() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let pictured = guest("pictured");
    let folder = shell.scratch().join("pictures");
    let baselines = format!("--baselines={}", folder.display());

    let outcome = shell.run([&pictured, &baselines]).await.exits(1);
    let (code, message) = outcome.run_of("looks_as_before").failed_with();
    assert_eq!(code, "invalid-argument", "{message}");
    assert!(message.contains("run once with --update-baselines"), "{message}");
    assert!(!folder.exists(), "nothing is written unless it is asked for");

    shell
        .run([&pictured, &baselines, "--update-baselines"])
        .await
        .exits(0);
    let kept = folder.join("pictured/looks_as_before");
    let mut files: Vec<String> = std::fs::read_dir(&kept)
        .expect("the flow's baselines")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let expected = ["product", "title"].map(|name| format!("{name}-chromium-{}.png", std::env::consts::OS));
    assert_eq!(files, expected);

    shell.run([&pictured, &baselines]).await.exits(0);

    let other = "--param=path=/product/espresso-cup";
    let outcome = shell.run([&pictured, &baselines, other]).await.exits(1);
    let (code, message) = outcome.run_of("looks_as_before").failed_with();
    assert_eq!(code, "assertion-failed", "{message}");
    assert!(
        message.contains("baseline pictured/looks_as_before/product-chromium-"),
        "{message}"
    );
    let report = outcome.report().to_string();
    for picture in ["product: expected", "product: received"] {
        assert!(report.contains(picture), "{picture} is not in the report");
    }
}
