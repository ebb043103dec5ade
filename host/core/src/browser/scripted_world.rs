//! The world around a scripted tab: it takes everything and shows nothing.

use async_trait::async_trait;
use std::time::Duration;

use super::context::{ClockOrder, ClockState, Cookie, Geolocation, Header, Media, OriginState, Permission};
use super::port::{Emulation, Outcome, PageScripts, PageWorld, Script, SiteData, Subject, TabError};

/// A world in which nothing happens.
pub(super) struct Still;

#[async_trait]
impl Emulation for Still {
    async fn set_geolocation(&self, _place: Option<Geolocation>) -> Result<(), TabError> {
        Ok(())
    }

    async fn grant(&self, _permissions: &[Permission], _origin: Option<&str>) -> Result<(), TabError> {
        Ok(())
    }

    async fn clear_permissions(&self) -> Result<(), TabError> {
        Ok(())
    }

    async fn set_offline(&self, _offline: bool) -> Result<(), TabError> {
        Ok(())
    }

    async fn set_extra_headers(&self, _headers: &[Header]) -> Result<(), TabError> {
        Ok(())
    }

    async fn add_init_script(&self, _script: &str) -> Result<(), TabError> {
        Ok(())
    }

    async fn set_clock(&self, _state: ClockState, _order: ClockOrder) -> Result<(), TabError> {
        Ok(())
    }
}

#[async_trait]
impl SiteData for Still {
    async fn cookies(&self) -> Result<Vec<Cookie>, TabError> {
        Ok(Vec::new())
    }

    async fn add_cookies(&self, _cookies: &[Cookie]) -> Result<(), TabError> {
        Ok(())
    }

    async fn clear_cookies(&self) -> Result<(), TabError> {
        Ok(())
    }

    async fn stored(&self, _indexed_db: bool) -> Result<Vec<OriginState>, TabError> {
        Ok(Vec::new())
    }

    async fn store(&self, _origins: &[OriginState]) -> Result<(), TabError> {
        Ok(())
    }
}

#[async_trait]
impl PageWorld for Still {
    async fn emulate_media(&self, _media: Media) -> Result<(), TabError> {
        Ok(())
    }

    async fn intercept_file_choosers(&self, _on: bool) -> Result<(), TabError> {
        Ok(())
    }
}

#[async_trait]
impl PageScripts for Still {
    async fn fault_of(&self, _script: &str) -> Result<Option<String>, TabError> {
        Ok(None)
    }

    async fn run_script(
        &self,
        _subject: &Subject,
        _script: &Script,
        _wait: Duration,
    ) -> Result<Outcome, TabError> {
        Ok(Outcome::Value("null".to_owned()))
    }

    async fn add_init_script(&self, _script: &str) -> Result<(), TabError> {
        Ok(())
    }
}
