//! `telemetry`: steps, log lines, measurements, attachments.

use bytes::Bytes;
use wasmtime::component::Resource;

use super::{Failed, ImageHandle, SpanHandle};
use crate::bindings::telemetry::{self, Attribute, Level};
use crate::state::HostState;
use flowguard_core::artifact::Digest;
use flowguard_core::telemetry::{Attach, EndSpan, Log, Metric, SetAttribute, StartSpan};

fn pairs(attributes: Vec<Attribute>) -> Vec<(String, String)> {
    attributes
        .into_iter()
        .map(|Attribute { key, value }| (key, value))
        .collect()
}

impl telemetry::Host for HostState {
    async fn log(&mut self, level: Level, message: String, attributes: Vec<Attribute>) -> Result<(), Failed> {
        let run = self.run()?;
        let call = Log {
            level: level.into(),
            message,
            attributes: pairs(attributes),
        };
        let (telemetry, call) = (&run.telemetry, &call);
        Ok(run
            .gate
            .call_in_step(call, |step| async move { telemetry.log(call, step) })
            .await?)
    }

    async fn metric(&mut self, name: String, value: f64, attributes: Vec<Attribute>) -> Result<(), Failed> {
        let run = self.run()?;
        let call = Metric {
            name,
            value,
            attributes: pairs(attributes),
        };
        let (telemetry, call) = (&run.telemetry, &call);
        Ok(run
            .gate
            .call_in_step(call, |step| async move { telemetry.metric(call, step) })
            .await?)
    }

    async fn attach(&mut self, name: String, media_type: String, bytes: Vec<u8>) -> Result<(), Failed> {
        let run = self.run()?;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let call = Attach {
            name,
            media_type,
            digest: Digest::of(&bytes),
            bytes: length,
        };
        let bytes = Bytes::from(bytes);
        Ok(run
            .gate
            .call_in_step(&call, |step| run.telemetry.attach(&call, bytes, step))
            .await?)
    }

    async fn attach_image(&mut self, name: String, image: Resource<ImageHandle>) -> Result<(), Failed> {
        let ImageHandle(info) = self.table.get(&image)?.clone();
        let run = self.run()?;
        let call = Attach {
            name,
            media_type: info.media_type,
            digest: info.digest,
            bytes: info.bytes,
        };
        let (telemetry, call) = (&run.telemetry, &call);
        Ok(run
            .gate
            .call_in_step(call, |step| async move { telemetry.attach_kept(call, step) })
            .await?)
    }
}

impl telemetry::HostSpan for HostState {
    async fn start(
        &mut self,
        name: String,
        attributes: Vec<Attribute>,
    ) -> Result<Resource<SpanHandle>, Failed> {
        let run = self.run()?;
        let call = StartSpan {
            name,
            attributes: pairs(attributes),
        };
        let (telemetry, call) = (&run.telemetry, &call);
        let span = run
            .gate
            .call_in_step(call, |step| async move { telemetry.start_span(call, step) })
            .await?;
        Ok(self.table.push(SpanHandle(span))?)
    }

    async fn set_attribute(
        &mut self,
        span: Resource<SpanHandle>,
        attribute: Attribute,
    ) -> Result<(), Failed> {
        let SpanHandle(span) = *self.table.get(&span)?;
        let run = self.run()?;
        let call = SetAttribute {
            span,
            attribute: (attribute.key, attribute.value),
        };
        Ok(run
            .gate
            .call(&call, async { run.telemetry.set_attribute(&call) })
            .await?)
    }

    async fn end(&mut self, span: Resource<SpanHandle>, error: Option<String>) -> Result<(), Failed> {
        let SpanHandle(span) = *self.table.get(&span)?;
        let run = self.run()?;
        let call = EndSpan { span, error };
        let end = async {
            run.telemetry.end_span(&call);
            Ok(())
        };
        Ok(run.gate.call(&call, end).await?)
    }

    async fn drop(&mut self, span: Resource<SpanHandle>) -> wasmtime::Result<()> {
        let SpanHandle(span) = self.table.delete(span)?;
        if let Ok(run) = self.run() {
            // Ends it if nobody did; a step that has ended stays as it is.
            run.telemetry.end_span(&EndSpan { span, error: None });
        }
        Ok(())
    }
}
