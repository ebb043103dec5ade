//! `files`: files for elements.

use wasmtime::component::Resource;

use super::{Failed, LocatorHandle};
use crate::bindings::events::File;
use crate::bindings::files::{self, DropOptions, DroppedData};
use crate::state::HostState;
use flowguard_core::browser::calls;

type Loc = Resource<LocatorHandle>;

impl files::Host for HostState {
    async fn set_input_files(
        &mut self,
        input: Loc,
        files: Vec<File>,
        timeout_ms: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::SetInputFiles {
            target: self.target(&input)?,
            files: files.into_iter().map(Into::into).collect(),
            timeout_ms,
        };
        through_gate!(self, set_input_files, call);
        Ok(())
    }

    async fn drop(
        &mut self,
        target: Loc,
        files: Vec<File>,
        data: Vec<DroppedData>,
        options: DropOptions,
    ) -> Result<(), Failed> {
        let call = calls::DropFiles {
            target: self.target(&target)?,
            files: files.into_iter().map(Into::into).collect(),
            data: data.into_iter().map(Into::into).collect(),
            options: options.into(),
        };
        through_gate!(self, drop_files, call);
        Ok(())
    }
}
