//! HAR 1.2: what a run's network did, written for other tools ([`record`]) without what is secret
//! ([`redact`]), and a recorded network that answers again ([`replay`]).

pub mod record;
pub mod redact;
pub mod replay;
