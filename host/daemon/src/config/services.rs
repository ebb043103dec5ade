//! The keys of services that FlowGuard speaks to: models, browsers in the cloud, observability. They have the variables that
//! people set for these services anyway.

use url::Url;

use super::address::HostName;
use super::choices::{Mode, Region, VisionProvider};
use super::key::{Effect, Key, Section, first, optional, section};
use super::read::Reader;
use super::value::{Dollars, Ratio, Setting, WindowSize, Within};
use flowguard_backends::probes::{Agent, Stats};
use flowguard_core::limits::MAX_CLOUD_SESSIONS;
use flowguard_core::secrets::Secret;
use std::time::Duration;

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
        /// Whether Browserbase records its sessions
        recording: Option<bool> = "recording" {
            variable: "FLOWGUARD_CLOUD_RECORDING",
            default: None, otherwise: "Browserbase's own choice, which is true", effect: Restart,
        }
        /// Whether recordings of sessions are kept here too, among the artifacts
        archive: bool = "archive" {
            variable: "FLOWGUARD_CLOUD_ARCHIVE",
            default: true, effect: Restart,
        }
        /// Sessions that are kept ready from the first use of the cloud on
        sessions_min: Within<0, MAX_CLOUD_SESSIONS> = "sessions-min" {
            variable: "FLOWGUARD_CLOUD_SESSIONS_MIN",
            default: Within(0), effect: Restart,
        }
        /// Sessions at once: not more than the plan has
        sessions_max: Within<1, MAX_CLOUD_SESSIONS> = "sessions-max" {
            variable: "FLOWGUARD_CLOUD_SESSIONS_MAX",
            default: Within(3), effect: Restart,
        }
        /// How old a session gets
        lifetime: Duration = "lifetime" {
            variable: "FLOWGUARD_CLOUD_LIFETIME",
            default: Duration::from_secs(30 * 60), effect: Restart,
        }
        /// How long a session is kept that no run uses
        idle: Duration = "idle" {
            variable: "FLOWGUARD_CLOUD_IDLE",
            default: Duration::from_secs(5 * 60), effect: Restart,
        }
        /// Runs that a session serves, one after the other and of one tenant
        uses: Within<1, 1_000> = "uses" {
            variable: "FLOWGUARD_CLOUD_USES",
            default: Within(50), effect: Restart,
        }
        /// How long a run waits for a session
        patience: Duration = "patience" {
            variable: "FLOWGUARD_CLOUD_PATIENCE",
            default: Duration::from_secs(60), effect: Restart,
        }
        /// Dollars that a minute of a session costs
        minute_price: Dollars = "minute-price" {
            variable: "FLOWGUARD_CLOUD_MINUTE_PRICE",
            default: Dollars(0), effect: Restart,
        }
        /// Addresses that browsers in the cloud reach through this machine, for example `http://localhost:3000`
        tunnel: Vec<Url> = "tunnel" {
            variable: "FLOWGUARD_TUNNEL", flag: "--tunnel",
            default: Vec::new(), effect: NextRun,
        }
        /// How often it is looked for sessions that no host uses any more
        reaper_period: Duration = "reaper-period" {
            variable: "FLOWGUARD_CLOUD_REAPER_PERIOD",
            default: Duration::from_secs(60), effect: Restart,
        }
    }
}

section! {
    /// How one flow uses browsers in the cloud, by the flow's name.
    CloudFlow in "browserbase.flow.NAME" {
        /// Where this flow's browser is: `local` or `cloud`
        mode: Option<Mode> = "mode" {
            default: None, otherwise: "`cloud` for a critical flow in CI where `browserbase.key` is set, else `local`", effect: NextRun,
        }
        /// Where its browser runs
        region: Option<Region> = "region" {
            default: None, otherwise: "`browserbase.region`", effect: NextRun,
        }
        /// Whether its traffic goes through Browserbase's proxies
        proxies: bool = "proxies" {
            default: false, effect: NextRun,
        }
        /// Whether sites are to take its browser for a person's
        verified: bool = "verified" {
            default: false, effect: NextRun,
        }
        /// The context of Browserbase that its browser begins with; no other run uses that session
        context: Option<String> = "context" {
            default: None, effect: NextRun,
        }
        /// Whether what the run leaves is kept in that context
        persist: bool = "persist" {
            default: false, effect: NextRun,
        }
        /// The size of its window
        window: Option<WindowSize> = "window" {
            default: None, otherwise: "Browserbase's own choice", effect: NextRun,
        }
        /// Whether Browserbase records it
        recording: Option<bool> = "recording" {
            default: None, otherwise: "`browserbase.recording`", effect: NextRun,
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
