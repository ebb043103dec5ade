//! `events` and `overlays`: what a page does besides what it shows, and what is done about it.

use wasmtime::component::Resource;

use super::{DownloadHandle, Failed, FileChooserHandle, LocatorHandle, PageHandle, WatcherHandle};
use crate::bindings::events::{self, DialogAnswer, DownloadState, Event, File, Kinds};
use crate::bindings::overlays::{self, HandlerOptions, Remedy};
use crate::state::HostState;
use flowguard_core::browser::calls;
use flowguard_core::browser::context::{Happening, Remedy as CoreRemedy};

type Page = Resource<PageHandle>;
type Watcher = Resource<WatcherHandle>;
type Download = Resource<DownloadHandle>;
type FileChooser = Resource<FileChooserHandle>;

impl HostState {
    /// The event with the handles that the guest needs to go on with it.
    fn event(&mut self, happening: Happening) -> Result<Event, Failed> {
        Ok(match happening {
            Happening::Popup { page } => Event::Popup(self.table.push(PageHandle(page))?),
            Happening::Dialog(dialog) => Event::Dialog(dialog.into()),
            Happening::Download { id, download } => {
                Event::Download(self.table.push(DownloadHandle { id, download })?)
            }
            Happening::FileChooser { id, multiple } => {
                Event::FileChooser(self.table.push(FileChooserHandle { id, multiple })?)
            }
            Happening::Console { level, text, place } => {
                Event::Console(events::ConsoleMessage { level, text, place })
            }
            Happening::PageError { text } => Event::PageError(text),
            Happening::Close => Event::Close,
            Happening::Crash => Event::Crash,
        })
    }

    fn download(&self, download: &Download) -> Result<u32, Failed> {
        Ok(self.table.get(download)?.id)
    }

    fn remedy(&self, remedy: Remedy) -> Result<CoreRemedy, Failed> {
        Ok(match remedy {
            Remedy::Click(locator) => {
                let LocatorHandle { page, locator } = self.table.get(&locator)?.clone();
                CoreRemedy::Click {
                    target: calls::Target { page, locator },
                }
            }
            Remedy::Press(key) => CoreRemedy::Press { key },
        })
    }
}

impl events::Host for HostState {
    async fn watch(&mut self, page: Page, what: Kinds) -> Result<Watcher, Failed> {
        let page = self.page(&page)?;
        let what = what.into();
        let id = through_gate!(self, watch, calls::Watch { page, what });
        Ok(self.table.push(WatcherHandle { id, what })?)
    }

    async fn handle_dialogs(
        &mut self,
        page: Page,
        answer: DialogAnswer,
        times: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::HandleDialogs {
            page: self.page(&page)?,
            answer: answer.into(),
            times,
        };
        through_gate!(self, handle_dialogs, call);
        Ok(())
    }
}

impl events::HostWatcher for HostState {
    async fn next(&mut self, watcher: Watcher, timeout: Option<u32>) -> Result<Event, Failed> {
        let WatcherHandle { id, what } = *self.table.get(&watcher)?;
        let call = calls::NextEvent {
            watch: id,
            what,
            timeout_ms: timeout,
        };
        let happening = through_gate!(self, next_event, call);
        self.event(happening)
    }

    async fn missed(&mut self, watcher: Watcher) -> Result<u32, Failed> {
        let watch = self.table.get(&watcher)?.id;
        Ok(through_gate!(self, missed_events, calls::MissedEvents { watch }))
    }

    async fn drop(&mut self, watcher: Watcher) -> wasmtime::Result<()> {
        let WatcherHandle { id, .. } = self.table.delete(watcher)?;
        if let Ok(run) = self.run() {
            run.browser.end_watch(id).await;
        }
        Ok(())
    }
}

impl events::HostDownload for HostState {
    async fn suggested_filename(&mut self, download: Download) -> wasmtime::Result<String> {
        Ok(self.table.get(&download)?.download.suggested_filename.clone())
    }

    async fn url(&mut self, download: Download) -> wasmtime::Result<String> {
        Ok(self.table.get(&download)?.download.url.clone())
    }

    async fn state(&mut self, download: Download) -> Result<DownloadState, Failed> {
        let download = self.download(&download)?;
        Ok(through_gate!(self, download_state, calls::ReadDownload { download }).into())
    }

    async fn wait(&mut self, download: Download, timeout: Option<u32>) -> Result<u32, Failed> {
        let call = calls::WaitForDownload {
            download: self.download(&download)?,
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, wait_for_download, call))
    }

    async fn bytes(&mut self, download: Download, timeout: Option<u32>) -> Result<Vec<u8>, Failed> {
        let call = calls::DownloadBytes {
            download: self.download(&download)?,
            timeout_ms: timeout,
        };
        let digest = through_gate!(self, download_bytes, call);
        Ok(self.run()?.browser.kept_bytes(&digest).await?.to_vec())
    }

    async fn keep(&mut self, download: Download, timeout: Option<u32>) -> Result<String, Failed> {
        let call = calls::KeepDownload {
            download: self.download(&download)?,
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, keep_download, call).as_str().to_owned())
    }

    async fn cancel(&mut self, download: Download) -> Result<(), Failed> {
        let download = self.download(&download)?;
        through_gate!(self, cancel_download, calls::CancelDownload { download });
        Ok(())
    }

    async fn drop(&mut self, download: Download) -> wasmtime::Result<()> {
        self.table.delete(download)?;
        Ok(())
    }
}

impl events::HostFileChooser for HostState {
    async fn multiple(&mut self, chooser: FileChooser) -> wasmtime::Result<bool> {
        Ok(self.table.get(&chooser)?.multiple)
    }

    async fn set_files(&mut self, chooser: FileChooser, files: Vec<File>) -> Result<(), Failed> {
        let call = calls::ChooseFiles {
            chooser: self.table.get(&chooser)?.id,
            files: files.into_iter().map(Into::into).collect(),
        };
        through_gate!(self, choose_files, call);
        Ok(())
    }

    async fn drop(&mut self, chooser: FileChooser) -> wasmtime::Result<()> {
        self.table.delete(chooser)?;
        Ok(())
    }
}

impl overlays::Host for HostState {
    async fn add_handler(
        &mut self,
        page: Page,
        overlay: Resource<LocatorHandle>,
        remedies: Vec<Remedy>,
        options: HandlerOptions,
    ) -> Result<u32, Failed> {
        let HandlerOptions { times, no_wait_after } = options;
        let LocatorHandle { page: of, locator } = self.table.get(&overlay)?.clone();
        let remedies = remedies.into_iter().map(|remedy| self.remedy(remedy));
        let call = calls::AddLocatorHandler {
            page: self.page(&page)?,
            overlay: calls::Target { page: of, locator },
            remedies: remedies.collect::<Result<_, _>>()?,
            times,
            no_wait_after,
        };
        Ok(through_gate!(self, add_locator_handler, call))
    }

    async fn remove_handler(&mut self, page: Page, which: u32) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let call = calls::RemoveLocatorHandler { page, handler: which };
        through_gate!(self, remove_locator_handler, call);
        Ok(())
    }
}
