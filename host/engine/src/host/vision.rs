//! `vision`: judgement of images.

use wasmtime::component::Resource;

use super::{Failed, ImageHandle};
use crate::bindings::vision::{self, Extraction, JudgeOptions, Judgement};
use crate::state::HostState;
use flowguard_core::vision::{Extract, Judge};

impl vision::Host for HostState {
    async fn judge(
        &mut self,
        image: Resource<ImageHandle>,
        statement: String,
        options: JudgeOptions,
    ) -> Result<Judgement, Failed> {
        let image = self.table.get(&image)?.digest().clone();
        let JudgeOptions {
            min_confidence,
            soft,
            timeout,
        } = options;
        let call = Judge {
            image,
            statement,
            min_confidence,
            soft,
            timeout_ms: timeout,
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.vision.judge(&call)).await?.value.into())
    }

    async fn extract(
        &mut self,
        image: Resource<ImageHandle>,
        instruction: String,
        schema: String,
    ) -> Result<Extraction, Failed> {
        let image = self.table.get(&image)?.digest().clone();
        let call = Extract {
            image,
            instruction,
            schema,
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.vision.extract(&call)).await?.into())
    }
}
