//! What has expired goes by itself: at the end of a run, where nobody has swept for a day.

use flowguard_tests::{Flowguard, Peer, shared};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const FLOW: &str = "name: opens\nurl: /\nsteps:\n  - screenshot: the page\n";

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(files_below(&path)),
            path => files.push(path),
        }
    }
    files
}

/// Makes a file or a folder so many days older.
fn age(path: &Path, days: u64) {
    let at = SystemTime::now() - Duration::from_secs(days * 24 * 3_600);
    let file = fs::File::open(path).expect("it can be opened");
    file.set_modified(at).expect("its time can be set");
}

#[tokio::test]
async fn recordings_and_artifacts_go_after_their_time_and_what_is_used_stays() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = Flowguard::new().base_url(peer.url());
    let flow = shell.scratch().join("opens.yaml");
    fs::write(&flow, FLOW).expect("the folder is writable");
    let data = shell.data();
    let (artifacts, cassettes) = (data.join("artifacts"), data.join("cassettes"));

    let first = shell.run([&flow]).await.exits(0);
    let old = first.run_of("opens").id().to_owned();
    shell.call(["report", &old, "--reporter=html"]).await;
    fs::create_dir_all(artifacts.join("ab")).expect("writable");
    let forgotten = artifacts.join("ab").join("cd".repeat(31));
    fs::write(&forgotten, "of a run long ago").expect("writable");
    for file in files_below(&artifacts).iter().chain(&files_below(&cassettes)) {
        age(file, 40);
    }
    age(&cassettes.join(&old), 40);

    // A sweep was made today.
    shell.run([&flow]).await.exits(0);
    assert!(forgotten.exists() && cassettes.join(&old).exists());

    age(&data.join("swept"), 2);
    let last = shell.run([&flow]).await.exits(0);
    assert!(!forgotten.exists(), "nobody has wanted it for 40 days");
    assert!(!cassettes.join(&old).exists());
    let id = last.run_of("opens").id().to_owned();
    shell.call(["replay", &id]).await.exits(0).says("as fast");
    // Its result has time yet.
    shell.call(["report", &old]).await.exits(0).says("opens");
    shell.call(["replay", &old]).await.exits(2);
}
