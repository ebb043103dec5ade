//! cassettes
