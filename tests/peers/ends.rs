//! A peer ends with what started it: where that drops it, and where that is killed.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use flowguard_tests::Processes;
use flowguard_tests::peers::MongoServer;
use tokio::io::{AsyncBufReadExt, BufReader};

const END: Duration = Duration::from_secs(10);
/// Tells the test below that it is the one that is killed.
const HOLDER: &str = "FLOWGUARD_TEST_HOLDS_PEERS";

#[tokio::test]
async fn a_peer_ends_when_it_is_dropped() {
    let server = MongoServer::start_shim().await;
    let processes = Processes::below(server.process().unwrap());
    drop(server);
    processes.all_end_within(END).await;
}

/// This test starts itself again as a process that holds peers, and kills that process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_end_with_a_process_that_is_killed() {
    if std::env::var_os(HOLDER).is_some() {
        return hold_peers().await;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "ends::peers_end_with_a_process_that_is_killed",
        "--nocapture",
    ]);
    command
        .env(HOLDER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command.process_group(0);
    let mut holder = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let mut held = Vec::new();
    while held.len() < 2 {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("it says which peers it holds");
        if let Some((_, process)) = line.split_once("holds peer ") {
            held.push(Processes::below(process.trim().parse().unwrap()));
        }
    }
    holder.kill().await.unwrap();
    for processes in held {
        processes.all_end_within(END).await;
    }
}

/// Holds two peers until it is killed, or its input ends.
async fn hold_peers() {
    let (ferretdb, shim) = tokio::join!(MongoServer::start_ferretdb(), MongoServer::start_shim());
    for server in [&ferretdb, &shim] {
        let line = format!("\nholds peer {}\n", server.process().unwrap());
        std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
    }
    let mut input = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::stdin(), &mut input)
        .await
        .unwrap();
}
