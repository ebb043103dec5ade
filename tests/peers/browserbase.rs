//! Browserbase's own contract tests, against the emulator. They say themselves how many there are.

use flowguard_tests::Flowguard;
use flowguard_tests::peers::browserbase_contract;

#[tokio::test]
async fn the_emulator_passes_the_contract_tests_of_the_official_python_sdk() {
    let emulator = Flowguard::new().emulate(["--answer-anything"]).await;
    let said = browserbase_contract(emulator.address()).await;
    let (counts, _) = said.split_once(" in ").expect("a count and a time");
    assert_eq!(counts, "454 passed, 6 skipped");
    emulator.ends().await;
}
