//! `types`: images, and the one conversion of a failure.

use wasmtime::component::Resource;

use super::{Failed, ImageHandle};
use crate::bindings::types;
use crate::state::HostState;
use flowguard_core::browser::calls::ReadImage;

impl types::Host for HostState {
    fn convert_failure(&mut self, error: Failed) -> wasmtime::Result<types::Failure> {
        match error {
            Failed::Failure(failure) => Ok(failure.into()),
            Failed::Stop(error) => Err(error),
        }
    }
}

impl types::HostImage for HostState {
    async fn info(&mut self, image: Resource<ImageHandle>) -> wasmtime::Result<types::ImageInfo> {
        Ok(self.table.get(&image)?.0.clone().into())
    }

    async fn bytes(&mut self, image: Resource<ImageHandle>) -> Result<Vec<u8>, Failed> {
        let ImageHandle(info) = self.table.get(&image)?.clone();
        let run = self.run()?;
        let call = ReadImage {
            digest: info.digest,
            bytes: info.bytes,
        };
        let mut bytes = None;
        let read = async {
            bytes = Some(run.browser.image_bytes(&call).await?);
            Ok(call.digest.clone())
        };
        let digest = run.gate.call(&call, read).await?;
        // In a replay the gate answered with the digest alone: the bytes are kept under it.
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => {
                run.browser
                    .image_bytes(&ReadImage {
                        digest,
                        bytes: call.bytes,
                    })
                    .await?
            }
        };
        Ok(bytes.to_vec())
    }

    async fn drop(&mut self, image: Resource<ImageHandle>) -> wasmtime::Result<()> {
        self.table.delete(image)?;
        Ok(())
    }
}
