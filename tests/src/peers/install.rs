//! Peers are installed once for all processes of the machine, in exactly the versions that the files in
//! `tests/peers` name: a lock file lets one process install while others wait, and a marker that is written last
//! says that an installation is whole. Where the files change, the installation is another one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use flowguard_core::artifact::Digest;

use super::guarded::{self, Guarded};
use crate::paths::root;

/// A first installation downloads some hundred packages.
const LONGEST: Duration = Duration::from_secs(600);
/// Written last: a folder without it was left half done.
const MARKER: &str = "installed";

/// The folder of a Python environment with what `tests/peers/REQUIREMENTS` pins.
pub(super) fn python(name: &str, requirements: &str) -> PathBuf {
    let pinned = sources().join(requirements);
    once(name, std::slice::from_ref(&pinned), |folder| {
        let mut venv = guarded::command("python3");
        venv.args(["-m", "venv"]).arg(folder);
        let python =
            "install Python 3.11 or newer with its venv module (Debian: apt-get install python3-venv)";
        finish(name, venv, python);
        let mut pip = guarded::command(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
        ]);
        pip.arg("--requirement").arg(&pinned);
        finish(name, pip, "see whether pip reaches its package index");
    })
}

/// The folder of a package's source archive, fetched with this environment's pip.
pub(super) fn source(name: &str, requirements: &str, environment: &Path, archive: &str) -> PathBuf {
    let pinned = sources().join(requirements);
    let folder = once(
        &format!("{name}-source"),
        std::slice::from_ref(&pinned),
        |folder| {
            let python = environment.join("bin/python");
            let mut pip = guarded::command(&python);
            pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
            pip.args(["--no-deps", "--no-binary", ":all:", archive, "--dest"])
                .arg(folder);
            finish(name, pip, "see whether pip reaches its package index");
            let packed = only(folder);
            let mut unpack = guarded::command(&python);
            unpack
                .args(["-m", "tarfile", "--filter", "data", "-e"])
                .arg(&packed)
                .arg(folder);
            finish(name, unpack, "the archive is not as expected");
            fs::remove_file(packed).expect("the cache folder is writable");
        },
    );
    only(&folder)
}

/// What a folder holds, the marker aside.
fn only(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths
        .find(|path| path.file_name().is_none_or(|name| name != MARKER))
        .expect("something is in it")
}

/// The program that the Go module in `tests/peers/NAME` builds.
pub(super) fn go(name: &str, module: &str) -> PathBuf {
    let module = sources().join(module);
    let files = ["main.go", "go.mod", "go.sum"].map(|file| module.join(file));
    let folder = once(name, &files, |folder| {
        let mut build = guarded::command("go");
        build
            .args(["build", "-buildvcs=false", "-o"])
            .arg(folder.join(name))
            .arg(".");
        build.current_dir(&module).env("CGO_ENABLED", "0");
        let go = "install Go 1.24 or newer (from 1.21 on Go fetches the version it needs by itself)";
        finish(name, build, go);
    });
    folder.join(name)
}

fn sources() -> PathBuf {
    root().join("tests/peers")
}

/// The folder of an installation, made by `install` where it is not there yet.
fn once(name: &str, made_from: &[PathBuf], install: impl FnOnce(&Path)) -> PathBuf {
    let home = cache();
    fs::create_dir_all(&home).expect("the cache folder can be made");
    let folder = home.join(format!("{name}-{}", version(made_from)));
    if folder.join(MARKER).is_file() {
        return folder;
    }
    // Released by the operating system when this process ends, however it ends.
    let lock = File::create(home.join(format!("{name}.lock"))).expect("the cache folder is writable");
    lock.lock().expect("the cache folder can hold locks");
    if !folder.join(MARKER).is_file() {
        say(&format!("installing {name}, a peer of the tests"));
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what was left half done can be removed");
        }
        fs::create_dir_all(&folder).expect("the cache folder is writable");
        install(&folder);
        fs::write(folder.join(MARKER), "").expect("the cache folder is writable");
    }
    folder
}

/// Where all programs of this user keep what can be made again.
fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let base = base
        .or_else(home)
        .expect("HOME or XDG_CACHE_HOME says where a cache may be");
    base.join("flowguard/peers")
}

/// What an installation is made from, in short.
fn version(files: &[PathBuf]) -> String {
    let mut all = Vec::new();
    for file in files {
        let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.extend_from_slice(Digest::of(&text).as_str().as_bytes());
    }
    Digest::of(&all).short().to_owned()
}

fn finish(name: &str, command: Command, advice: &str) {
    if let Err(why) = Guarded::start(name, command).ended(LONGEST) {
        panic!("{name}, a peer of the tests, could not be installed: {advice}: {why}");
    }
}

fn say(what: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("tests: {what}\n").as_bytes());
}
