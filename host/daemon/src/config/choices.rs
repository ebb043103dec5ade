//! Settings of a few words.

use super::value::choice;
use flowguard_core::run::Environment;

choice! {
    /// Which tables of `[profiles]` are laid over the rest.
    Profile {
        /// A person's machine.
        Development = "development",
        /// A rehearsal.
        Staging = "staging",
        /// Where it counts.
        Production = "production",
    }
}

choice! {
    /// Where browsers are.
    Mode {
        /// On this machine.
        Local = "local",
        /// In Browserbase's cloud.
        Cloud = "cloud",
    }
}

choice! {
    /// Where a run is made: it is kept with its result.
    Surroundings {
        /// By a person.
        Local = "local",
        /// By a CI system.
        Ci = "ci",
        /// By a schedule.
        Production = "production",
    }
}

choice! {
    /// Where secrets are kept.
    SecretPlace {
        /// In variables of the environment.
        Environment = "environment",
        /// In AWS Secrets Manager.
        Aws = "aws",
    }
}

choice! {
    /// Who answers what pictures show.
    VisionProvider {
        /// Anthropic's models.
        Anthropic = "anthropic",
    }
}

choice! {
    /// Where Browserbase's browsers are.
    Region {
        /// Oregon.
        UsWest = "us-west-2",
        /// Virginia.
        UsEast = "us-east-1",
        /// Frankfurt.
        EuCentral = "eu-central-1",
        /// Singapore.
        ApSoutheast = "ap-southeast-1",
    }
}

impl From<Surroundings> for Environment {
    fn from(surroundings: Surroundings) -> Self {
        match surroundings {
            Surroundings::Local => Self::Local,
            Surroundings::Ci => Self::Ci,
            Surroundings::Production => Self::Production,
        }
    }
}
