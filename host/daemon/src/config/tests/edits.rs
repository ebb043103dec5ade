//! Edits of the file while a program runs, with the real file system.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

use super::super::{Configuration, Edit, Environment, FILE_FLAG, Flags, Request, told};

/// Longer than any event of a file system takes.
const LONGEST: Duration = Duration::from_secs(10);

struct Edited {
    file: PathBuf,
    configuration: Arc<Configuration>,
    folder: tempfile::TempDir,
}

impl Edited {
    fn begin(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("flowguard.toml");
        std::fs::write(&file, text).expect("writable");
        let configuration = Arc::new(of(&file));
        Self {
            file,
            configuration,
            folder,
        }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).expect("writable");
    }

    fn edit(&self, text: &str) -> Edit {
        self.write(text);
        self.configuration.reload()
    }

    fn workers(&self) -> Option<u32> {
        self.configuration
            .now()
            .config
            .run
            .workers
            .map(|workers| workers.0)
    }

    /// What an edit came to, without the folder.
    fn told(&self, edit: &Edit) -> String {
        let folder = format!("{}/", self.folder.path().display());
        told(edit).unwrap_or_default().replace(&folder, "")
    }
}

fn of(file: &Path) -> Configuration {
    let mut flags = Flags::default();
    flags.add(FILE_FLAG, Some(file));
    let environment = Environment::default();
    Configuration::load(Request { flags, environment }).expect("it is right")
}

#[test]
fn a_good_edit_counts_and_a_bad_one_keeps_the_last_good_one() {
    let edited = Edited::begin("[run]\nworkers = 1\n");
    let mut story = String::new();
    for text in [
        "[run]\nworkers = 2\n",
        "[run]\nworkers = 2\n",
        "[run]\nworkers = 2 # more\n",
        "[run]\nwrokers = 3\n",
        "[run]\nwrokers = 3\n",
        "[run]\nworkers = 2 # more\n",
        "log = \"info\"\n[store]\nuri = \"mongodb://a:hunter2@b\"\n",
        "log = \"info\"\n[store]\nuri = \"mongodb://a:hunter3@b\"\n",
        "log = \"info\"\n",
    ] {
        let edit = edited.edit(text);
        story.push_str(&format!("{:?} → {}\n", text, edited.told(&edit)));
        story.push_str(&format!(
            "    waits for a restart: {:?}\n",
            edited.configuration.waiting()
        ));
    }
    insta::assert_snapshot!("edits", story);
}

#[test]
fn a_file_that_is_gone_keeps_what_it_said() {
    let edited = Edited::begin("[run]\nworkers = 2\n");
    std::fs::remove_file(&edited.file).expect("it is there");
    let edit = edited.configuration.reload();
    assert!(matches!(edit, Edit::Refused(_)), "{edit:?}");
    assert_eq!(edited.workers(), Some(2));
    let status = edited.configuration.status();
    let mistakes = status["refused"]["mistakes"][0].as_str().expect("one");
    assert!(mistakes.contains("there is no such file"), "{mistakes}");
    assert_eq!(
        edited.told(&edited.edit("[run]\nworkers = 2\n")),
        "the configuration was read again: no value has changed"
    );
    assert!(edited.configuration.status()["refused"].is_null());
}

/// Waits until the watch has told an edit that was taken, and answers the workers then.
async fn taken(edited: &Edited, told: &mut mpsc::UnboundedReceiver<Edit>) -> Option<u32> {
    let taken = async {
        loop {
            match told.recv().await {
                Some(Edit::Taken(_)) => return,
                Some(_) => {}
                None => panic!("the watch ended"),
            }
        }
    };
    tokio::time::timeout(LONGEST, taken)
        .await
        .expect("the edit is heard");
    edited.workers()
}

#[tokio::test]
async fn edits_are_heard_however_the_file_is_written() {
    let edited = Edited::begin("[run]\nworkers = 1\n");
    // Between the first reading and the watch.
    edited.write("[run]\nworkers = 2\n");
    let (tell, mut told) = mpsc::unbounded_channel();
    let hears = move |edit| {
        let _ = tell.send(edit);
    };
    let _watch = edited.configuration.watch(hears).expect("it is watched");
    assert_eq!(taken(&edited, &mut told).await, Some(2));
    // In place.
    edited.write("[run]\nworkers = 3\n");
    assert_eq!(taken(&edited, &mut told).await, Some(3));
    // Replaced, as editors and deployments do.
    let other = edited.folder.path().join(".flowguard.toml.new");
    std::fs::write(&other, "[run]\nworkers = 4\n").expect("writable");
    std::fs::rename(&other, &edited.file).expect("the same folder");
    assert_eq!(taken(&edited, &mut told).await, Some(4));
    // Removed, and made again.
    std::fs::remove_file(&edited.file).expect("it is there");
    edited.write("[run]\nworkers = 5\n");
    assert_eq!(taken(&edited, &mut told).await, Some(5));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_turned_to_another_file_is_an_edit() {
    let folder = tempfile::tempdir().expect("a folder");
    for (version, workers) in [("v1", 1), ("v2", 2)] {
        let place = folder.path().join(version);
        std::fs::create_dir(&place).expect("fresh");
        std::fs::write(
            place.join("flowguard.toml"),
            format!("[run]\nworkers = {workers}\n"),
        )
        .expect("writable");
    }
    // As a volume of Kubernetes is: the file is a link through a link that is replaced.
    let (data, file) = (folder.path().join("..data"), folder.path().join("flowguard.toml"));
    std::os::unix::fs::symlink("v1", &data).expect("fresh");
    std::os::unix::fs::symlink("..data/flowguard.toml", &file).expect("fresh");
    let edited = Edited {
        configuration: Arc::new(of(&file)),
        file,
        folder,
    };
    let (tell, mut told) = mpsc::unbounded_channel();
    let hears = move |edit| {
        let _ = tell.send(edit);
    };
    let _watch = edited.configuration.watch(hears).expect("it is watched");
    let next = edited.folder.path().join("..data_tmp");
    std::os::unix::fs::symlink("v2", &next).expect("fresh");
    std::fs::rename(&next, &data).expect("the same folder");
    assert_eq!(taken(&edited, &mut told).await, Some(2));
}
