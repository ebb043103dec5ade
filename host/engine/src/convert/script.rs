//! The words of scripts and files.

use crate::bindings::{files, script};
use flowguard_core::browser::calls;

same_cases! {
    script::Tag => calls::Tag { Script, Module, Style }
}

impl From<script::TagSource> for calls::TagSource {
    fn from(source: script::TagSource) -> Self {
        match source {
            script::TagSource::Content(text) => Self::Content(text),
            script::TagSource::Url(url) => Self::Url(url),
        }
    }
}

impl From<files::DroppedData> for calls::DroppedData {
    fn from(files::DroppedData { media_type, value }: files::DroppedData) -> Self {
        Self { media_type, value }
    }
}

impl From<files::DropOptions> for calls::DropOptions {
    fn from(options: files::DropOptions) -> Self {
        Self {
            timeout_ms: options.timeout,
            force: options.force,
            trial: options.trial,
            position: options.position.map(Into::into),
        }
    }
}
