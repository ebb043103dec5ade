//! The host call of the capability. Data only: it has the secret's name, and never its value.

use serde::Serialize;

use crate::browser::calls::{ActionOptions, Target};
use crate::gate::Call;
use crate::grant::Ask;

/// Has the host type a secret into a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FillSecret {
    /// Into what.
    pub target: Target,
    /// Which.
    pub name: String,
    /// How.
    pub options: ActionOptions,
}

impl Call for FillSecret {
    const OP: &'static str = "locator.fill-secret";
    type Answer = ();

    fn title(&self) -> String {
        format!("fill {} with the secret {:?}", self.target.locator, self.name)
    }

    fn ask(&self) -> Ask<'_> {
        Ask::Secret(&self.name)
    }
}
