//! The demonstration: the example flows against the shop.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::run::{check, root, say};
use crate::{guests, setup};

/// Sets up, builds, starts the shop, runs the flows, says where the report is.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::components_and_browser()?;
    setup::programs()?;
    let programs = guests::target_folder(&guests::metadata()?)?.join("debug");
    let shop = Shop::start(&programs.join("flowguard-shop"))?;
    say(&format!("the shop is at {}", shop.address));
    let report = root().join("report");
    let mut flowguard = Command::new(programs.join("flowguard"));
    flowguard
        .current_dir(root())
        .args(["run", "flows", "--base-url", &shop.address]);
    flowguard
        .arg("--reporter=list")
        .arg(format!("--reporter=html={}", report.display()));
    let outcome = check(&mut flowguard);
    say(&format!(
        "open {} in a browser",
        report.join("index.html").display()
    ));
    outcome
}

/// The shop, for as long as it is needed.
struct Shop {
    process: Child,
    address: String,
}

impl Shop {
    fn start(program: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} did not start", program.display()))?;
        let stdout = process
            .stdout
            .take()
            .context("the shop's output cannot be read")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let shop = Self {
            process,
            address: line.trim().to_owned(),
        };
        if !shop.address.starts_with("http") {
            bail!("the shop did not say where it is: {:?}", shop.address);
        }
        Ok(shop)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
