//! What holds of a run's browser: from what is asked for to what the capability is given.

use super::attempt::caller;
use super::{Ports, Subject};
use flowguard_core::browser::{BaselineScope, BrowserOptions, Wanted};

/// What holds for all pages of a run, and where its browser is to be.
pub(super) fn browser_options(subject: &Subject<'_>, ports: &Ports) -> BrowserOptions {
    let Subject { origin, request, .. } = *subject;
    let options = &request.options;
    let mut cloud = options.cloud.clone();
    cloud.types_secrets = !ports.secrets.given_to(&caller(subject)).is_empty();
    BrowserOptions {
        base_url: options.base_url.clone(),
        action_timeout: options.action_timeout,
        expect_timeout: options.expect_timeout,
        test_id_attributes: options.test_id_attributes.clone(),
        baselines: BaselineScope {
            component: origin.component.clone(),
            flow: request.flow.name.clone(),
            update: options.update_baselines,
        },
        records_har: options.records_har,
        screencast: options.screencast,
        wanted: Wanted {
            tenant: ports.tenant.clone(),
            flow: request.flow.name.clone(),
            place: options.place,
            cloud,
            tunnel: options.tunnel.clone(),
        },
    }
}
