//! The outside world of FlowGuard: browsers, stores, models, sinks. The only crate that knows a vendor.

pub mod baselines;
pub mod browser;
pub mod browserbase;
mod causes;
pub mod pool;
pub mod probes;
mod random;
pub mod secrets;
pub mod storage;
