//! `storage`: buckets.

use wasmtime::component::Resource;

use super::{BucketHandle, Failed};
use crate::bindings::storage::{self, Keys};
use crate::state::HostState;
use flowguard_core::storage::calls;

type Bucket = Resource<BucketHandle>;

impl storage::Host for HostState {}

impl HostState {
    fn bucket(&self, bucket: &Bucket) -> Result<String, Failed> {
        Ok(self.table.get(bucket)?.0.clone())
    }
}

impl storage::HostBucket for HostState {
    async fn open(&mut self, name: String) -> Result<Bucket, Failed> {
        let run = self.run()?;
        let call = calls::OpenBucket { name };
        run.gate.call(&call, run.storage.open(&call)).await?;
        Ok(self.table.push(BucketHandle(call.name))?)
    }

    async fn get(&mut self, bucket: Bucket, key: String) -> Result<Option<Vec<u8>>, Failed> {
        let call = calls::Get {
            bucket: self.bucket(&bucket)?,
            key,
        };
        let run = self.run()?;
        let value = run.gate.call(&call, run.storage.get(&call)).await?;
        Ok(value.map(Into::into))
    }

    async fn set(
        &mut self,
        bucket: Bucket,
        key: String,
        value: Vec<u8>,
        ttl: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::Set {
            bucket: self.bucket(&bucket)?,
            key,
            value: value.into(),
            ttl_ms: ttl,
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.storage.set(&call)).await?)
    }

    async fn delete(&mut self, bucket: Bucket, key: String) -> Result<bool, Failed> {
        let call = calls::Delete {
            bucket: self.bucket(&bucket)?,
            key,
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.storage.delete(&call)).await?)
    }

    async fn list(
        &mut self,
        bucket: Bucket,
        prefix: String,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Keys, Failed> {
        let call = calls::List {
            bucket: self.bucket(&bucket)?,
            prefix,
            cursor,
            limit,
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.storage.list(&call)).await?.into())
    }

    async fn increment(&mut self, bucket: Bucket, key: String, delta: i32) -> Result<f64, Failed> {
        let call = calls::Increment {
            bucket: self.bucket(&bucket)?,
            key,
            delta,
        };
        let run = self.run()?;
        let value = run.gate.call(&call, run.storage.increment(&call)).await?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "the store keeps counters within 53 bits"
        )]
        let value = value as f64;
        Ok(value)
    }

    async fn compare_and_swap(
        &mut self,
        bucket: Bucket,
        key: String,
        expected: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<bool, Failed> {
        let call = calls::CompareAndSwap {
            bucket: self.bucket(&bucket)?,
            key,
            expected: expected.map(Into::into),
            new: new.map(Into::into),
        };
        let run = self.run()?;
        Ok(run.gate.call(&call, run.storage.compare_and_swap(&call)).await?)
    }

    async fn drop(&mut self, bucket: Bucket) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}
