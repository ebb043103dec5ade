//! Typing a secret of the host into a field. Where it may be typed is decided in the page, in the one call that types
//! it: nothing can happen between the look and the typing.

use serde_json::json;

use crate::browser::session::Browser;
use crate::failure::{Code, Failure};
use crate::secrets::Secret;
use crate::secrets::calls::FillSecret;

impl Browser {
    /// Fills a field with a secret, where the origin of its frame is one of these.
    ///
    /// # Errors
    /// [`Code::Denied`] where it is another; [`Code::WrongElement`] where it is no field for text; [`Code::Timeout`]
    /// where it never becomes ready.
    pub(crate) async fn fill_secret(
        &self,
        call: &FillSecret,
        secret: &Secret,
        origins: &[String],
    ) -> Result<(), Failure> {
        let FillSecret {
            target,
            name,
            options,
        } = call;
        // Pictures that are taken from here on do not show it.
        let _typing = self.veil.raise(target.page, secret.reveal());
        // The port hands the value to the frame that holds the field alone, once that has said that it may have it.
        let action = json!({"kind": "fillSecret", "origins": origins, "withheld": secret.reveal()});
        let mut job = self.action_job(target, options.timeout_ms, options.force)?;
        match job.perform_done(&action).await {
            Ok(done) => {
                if done["inFrame"] == true {
                    self.veil.is_in_frames(target.page);
                }
                Ok(())
            }
            Err(failure) if failure.code == Code::Denied => {
                tracing::warn!(secret = %name, why = %failure.message, "a secret was not typed");
                Err(crate::secrets::denial(name))
            }
            Err(failure) => Err(failure),
        }
    }
}
