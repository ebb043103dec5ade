//! `secrets`: texts that the host types and no guest reads.

use wasmtime::component::Resource;

use super::{Failed, LocatorHandle};
use crate::bindings::browser::ActionOptions;
use crate::bindings::secrets;
use crate::state::HostState;
use flowguard_core::secrets::calls::FillSecret;

impl secrets::Host for HostState {
    async fn fill_secret(
        &mut self,
        field: Resource<LocatorHandle>,
        name: String,
        options: ActionOptions,
    ) -> Result<(), Failed> {
        let call = FillSecret {
            target: self.target(&field)?,
            name,
            options: options.into(),
        };
        let run = self.run()?;
        Ok(run
            .gate
            .call(&call, run.secrets.fill(&run.browser, &call))
            .await?)
    }
}
