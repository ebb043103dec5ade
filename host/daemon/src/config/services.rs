//! The keys of services that FlowGuard speaks to: models, browsers in the cloud, observability. They have the variables that
//! people set for these services anyway.

use url::Url;

use super::address::HostName;
use super::choices::{Region, VisionProvider};
use super::key::{Effect, Key, Section, first, optional, section};
use super::read::Reader;
use super::value::{Ratio, Setting, Within};
use flowguard_backends::probes::{Agent, Stats};
use flowguard_core::secrets::Secret;

section! {
    /// Who answers what pictures show.
    Vision in "vision" {
        /// The provider: `anthropic`
        provider: VisionProvider = "provider" {
            variable: "FLOWGUARD_VISION_PROVIDER",
            default: VisionProvider::Anthropic, effect: Restart,
        }
        /// The model
        model: Option<String> = "model" {
            variable: "FLOWGUARD_VISION_MODEL",
            default: None, effect: Restart,
        }
        /// The key of the provider's API
        key: Option<Secret> = "key" {
            variable: "ANTHROPIC_API_KEY",
            default: None, effect: Restart,
        }
        /// Where the provider is asked
        endpoint: Option<Url> = "endpoint" {
            variable: "FLOWGUARD_VISION_ENDPOINT",
            default: None, otherwise: "`https://api.anthropic.com`", effect: Restart,
        }
    }
}

section! {
    /// Browsers in Browserbase's cloud.
    Browserbase in "browserbase" {
        /// The key of Browserbase's API
        key: Option<Secret> = "key" {
            variable: "BROWSERBASE_API_KEY",
            default: None, effect: Restart,
        }
        /// The project
        project: Option<String> = "project" {
            variable: "BROWSERBASE_PROJECT_ID",
            default: None, effect: Restart,
        }
        /// Where browsers are started: `us-west-2`, `us-east-1`, `eu-central-1` or `ap-southeast-1`
        region: Option<Region> = "region" {
            variable: "BROWSERBASE_REGION",
            default: None, otherwise: "Browserbase's own choice", effect: Restart,
        }
        /// Where Browserbase is asked
        endpoint: Option<Url> = "endpoint" {
            variable: "BROWSERBASE_BASE_URL",
            default: None, otherwise: "`https://api.browserbase.com`", effect: Restart,
        }
    }
}

section! {
    /// Arize Phoenix, which shows traces of model calls.
    Phoenix in "phoenix" {
        /// Where Phoenix is, for example `http://localhost:6006`
        endpoint: Option<Url> = "endpoint" {
            variable: "PHOENIX_ENDPOINT",
            default: None, effect: Restart,
        }
        /// The key of Phoenix's API
        key: Option<Secret> = "key" {
            variable: "PHOENIX_API_KEY",
            default: None, effect: Restart,
        }
    }
}

section! {
    /// Datadog, by its own variables.
    Datadog in "datadog" {
        /// The service that spans and metrics are told under
        service: String = "service" {
            variable: "DD_SERVICE",
            default: "flowguard".to_owned(), effect: Restart,
        }
        /// The environment that spans and metrics are told under
        env: Option<String> = "env" {
            variable: "DD_ENV",
            default: None, effect: Restart,
        }
        /// The version that spans and metrics are told under
        version: Option<String> = "version" {
            variable: "DD_VERSION",
            default: None, effect: Restart,
        }
        /// Tags of all spans and metrics, each `key:value`
        tags: Vec<String> = "tags" {
            variable: "DD_TAGS",
            default: Vec::new(), effect: Restart,
        }
        /// The host of the Agent, for traces on port 8126 and DogStatsD on 8125
        agent_host: Option<HostName> = "agent-host" {
            variable: "DD_AGENT_HOST",
            default: None, effect: Restart,
        }
        /// Where the Agent takes traces, instead of `agent-host`
        trace_agent_url: Option<Agent> = "trace-agent-url" {
            variable: "DD_TRACE_AGENT_URL",
            default: None, effect: Restart,
        }
        /// Where DogStatsD takes metrics, instead of `agent-host`
        dogstatsd_url: Option<Stats> = "dogstatsd-url" {
            variable: "DD_DOGSTATSD_URL",
            default: None, effect: Restart,
        }
        /// Whether spans are sent
        trace_enabled: bool = "trace-enabled" {
            variable: "DD_TRACE_ENABLED",
            default: true, effect: Restart,
        }
        /// The part of traces that is kept
        trace_sample_rate: Option<Ratio> = "trace-sample-rate" {
            variable: "DD_TRACE_SAMPLE_RATE",
            default: None, otherwise: "the Agent decides", effect: Restart,
        }
        /// Rules for the part of traces that is kept, as Datadog's JSON
        trace_sampling_rules: Option<String> = "trace-sampling-rules" {
            variable: "DD_TRACE_SAMPLING_RULES",
            default: None, effect: Restart,
        }
        /// Traces in a second at most
        trace_rate_limit: Within<1, 1_000_000> = "trace-rate-limit" {
            variable: "DD_TRACE_RATE_LIMIT",
            default: Within(100), effect: Restart,
        }
        /// The headers that carry a trace on, in Datadog's words
        trace_propagation_style: Vec<String> = "trace-propagation-style" {
            variable: "DD_TRACE_PROPAGATION_STYLE",
            default: Vec::new(), otherwise: "Datadog's own choice", effect: Restart,
        }
        /// Whether spans of a trace that goes on are sent before its end
        trace_partial_flush_enabled: bool = "trace-partial-flush-enabled" {
            variable: "DD_TRACE_PARTIAL_FLUSH_ENABLED",
            default: true, effect: Restart,
        }
        /// Spans that wait before some are sent early
        trace_partial_flush_min_spans: Within<1, 100_000> = "trace-partial-flush-min-spans" {
            variable: "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS",
            default: Within(300), effect: Restart,
        }
        /// Whether Datadog's library tells Datadog about itself
        instrumentation_telemetry_enabled: bool = "instrumentation-telemetry-enabled" {
            variable: "DD_INSTRUMENTATION_TELEMETRY_ENABLED",
            default: false, effect: Restart,
        }
        /// The key of Datadog's API
        api_key: Option<Secret> = "api-key" {
            variable: "DD_API_KEY",
            default: None, effect: Restart,
        }
        /// Datadog's site, for example `datadoghq.eu`
        site: HostName = "site" {
            variable: "DD_SITE",
            default: HostName("datadoghq.com".to_owned()), effect: Restart,
        }
    }
}
