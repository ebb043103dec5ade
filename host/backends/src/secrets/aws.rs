//! AWS Secrets Manager: one secret, whose value is a JSON object of names and texts. Errors are told apart by their
//! code, never by the status, which proxies and look-alikes choose otherwise. The version is always named: the one that
//! is current.

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_secretsmanager::config::{ConfigBag, Credentials, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;
use std::time::Duration;

use crate::causes::causes;
use flowguard_core::limits::MAX_SECRET_SET_BYTES;
use flowguard_core::secrets::{Secret, SecretSet, SecretSource, SourceError};

/// The version that is in force. Without it a server answers what it thinks best.
const CURRENT: &str = "AWSCURRENT";
/// Bytes of an answer: a set with all its signs escaped, and what is said of it.
const MAX_ANSWER_BYTES: usize = 6 * MAX_SECRET_SET_BYTES + (16 << 10);
/// Tries of one fetch.
const TRIES: u32 = 3;

/// Codes of what goes over by itself.
const TRANSIENT: [&str; 12] = [
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceErrorException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
];
/// What a throttled request may also be called.
const TOO_MANY: [&str; 3] = ["TooManyRequestsException", "ThrottledException", "SlowDown"];

/// Which secret, and where.
#[derive(Clone, Debug)]
pub struct AwsOptions {
    /// The secret's name or ARN.
    pub secret: String,
    /// The region, instead of what AWS's own configuration says.
    pub region: Option<String>,
    /// Where the service is, instead of AWS's own address.
    pub endpoint: Option<String>,
    /// The key, instead of what AWS's own tools find.
    pub access_key: Option<AccessKey>,
    /// The time of one try. A fetch makes at most three, and takes at most three times as long.
    pub timeout: Duration,
}

/// A key of AWS.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// What it signs with.
    pub secret: Secret,
}

impl AwsOptions {
    /// This secret, with everything else as AWS's own configuration has it.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            region: None,
            endpoint: None,
            access_key: None,
            timeout: Duration::from_secs(5),
        }
    }
}

/// Secrets of AWS Secrets Manager.
#[derive(Debug)]
pub struct AwsSecrets {
    client: Client,
    secret: String,
}

impl AwsSecrets {
    /// Reads AWS's own configuration; nothing is fetched yet.
    pub async fn new(options: AwsOptions) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(options.timeout)
            .read_timeout(options.timeout)
            .operation_attempt_timeout(options.timeout)
            .operation_timeout(options.timeout * TRIES)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES));
        if let Some(region) = options.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(AccessKey { id, secret }) = options.access_key {
            loader =
                loader.credentials_provider(Credentials::new(id, secret.reveal(), None, None, "flowguard"));
        }
        let shared = loader.load().await;
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&shared).interceptor(BoundedAnswer);
        if let Some(endpoint) = options.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(config.build()),
            secret: options.secret,
        }
    }
}

#[async_trait]
impl SecretSource for AwsSecrets {
    async fn fetch(&self) -> Result<SecretSet, SourceError> {
        let request = self.client.get_secret_value().secret_id(&self.secret);
        let answer = request
            .version_stage(CURRENT)
            .send()
            .await
            .map_err(|error| judged(&error))?;
        match answer.secret_string() {
            Some(text) => SecretSet::from_json(text),
            None => Err(SourceError::Malformed(
                "its value is binary, and no JSON object".to_owned(),
            )),
        }
    }

    fn place(&self) -> String {
        format!("AWS Secrets Manager, secret {:?}", self.secret)
    }
}

/// What an error of the SDK means for whoever has secrets from before.
fn judged(error: &SdkError<GetSecretValueError, HttpResponse>) -> SourceError {
    match error {
        SdkError::ServiceError(answer) => {
            let message = answer.err().message().unwrap_or("without a reason");
            let shown: String = message.chars().take(300).collect();
            match (answer.err().code(), answer.raw().status().as_u16()) {
                (Some(code), _) if TRANSIENT.contains(&code) || TOO_MANY.contains(&code) => {
                    SourceError::Transient(format!("{code}: {shown}"))
                }
                (Some(code), _) => SourceError::Denied(format!("{code}: {shown}")),
                // Nobody of AWS has answered. What refuses is not asked again with what it gave before.
                (None, status @ (401 | 403)) => SourceError::Denied(format!("status {status}, and no code")),
                (None, 200..300) => SourceError::Malformed(unread()),
                (None, status) => SourceError::Transient(format!("status {status}, and no code")),
            }
        }
        SdkError::ResponseError(_) => SourceError::Malformed(unread()),
        // No request was made: a region or an address is missing.
        SdkError::ConstructionFailure(_) => SourceError::Denied(causes(error)),
        SdkError::TimeoutError(_) => SourceError::Transient("no answer in time".to_owned()),
        _ => SourceError::Transient(causes(error)),
    }
}

fn unread() -> String {
    format!("the answer is none of AWS's, or larger than {MAX_ANSWER_BYTES} bytes")
}

/// Reads no more of an answer than one can have.
#[derive(Debug)]
struct BoundedAnswer;

impl Intercept for BoundedAnswer {
    fn name(&self) -> &'static str {
        "BoundedAnswer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(whole, MAX_ANSWER_BYTES));
        Ok(())
    }
}
