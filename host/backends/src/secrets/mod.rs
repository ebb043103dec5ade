//! Where secrets come from: AWS Secrets Manager in production, environment and `.env` in development. Never a value in
//! an error or a log.

mod aws;
mod environment;

pub use aws::{AccessKey, AwsOptions, AwsSecrets};
pub use environment::EnvironmentSecrets;
