//! Where a flow left its recording, in words for its author.

use std::fmt;

/// Where a flow left its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// It made another call.
    OtherCall {
        /// The number of the recorded call.
        n: u32,
        /// What was recorded.
        expected: String,
        /// What was made.
        got: String,
    },
    /// It went on where the recorded attempt had ended.
    OneMore {
        /// The call's number.
        n: u32,
        /// What it was.
        got: String,
    },
    /// It ended where the recorded attempt went on.
    TooFew {
        /// The number of the first call that is missing.
        n: u32,
        /// What it was.
        expected: String,
        /// How many are missing.
        missing: usize,
    },
    /// What was done again came out differently.
    OtherAnswer {
        /// The call's number.
        n: u32,
        /// The call.
        title: String,
        /// The recorded answer.
        expected: String,
        /// The answer now.
        got: String,
    },
    /// A recorded answer is none that this call can have.
    Unreadable {
        /// The call's number.
        n: u32,
        /// The call.
        title: String,
        /// Why.
        why: String,
    },
    /// All calls were the same, and the verdict is not.
    OtherVerdict {
        /// The recorded verdict.
        expected: String,
        /// The verdict now.
        got: String,
    },
}

impl Divergence {
    /// The number of the recorded call that it is about; none where it is about the end.
    #[must_use]
    pub const fn call(&self) -> Option<u32> {
        match self {
            Self::OtherCall { n, .. }
            | Self::OneMore { n, .. }
            | Self::TooFew { n, .. }
            | Self::OtherAnswer { n, .. }
            | Self::Unreadable { n, .. } => Some(*n),
            Self::OtherVerdict { .. } => None,
        }
    }

    /// Whether the flow made a call there that it should not have made.
    #[must_use]
    pub const fn has_another_call(&self) -> bool {
        matches!(self, Self::OtherCall { .. } | Self::OneMore { .. })
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCall { n, expected, got } => write!(f, "call {n}: expected {expected}, got {got}"),
            Self::OneMore { n, got } => write!(f, "call {n}: the recorded run had ended, got {got}"),
            Self::TooFew { n, expected, missing } => {
                write!(
                    f,
                    "call {n}: expected {expected}, and the flow ended ({missing} recorded calls were not made)"
                )
            }
            Self::OtherAnswer {
                n,
                title,
                expected,
                got,
            } => {
                write!(
                    f,
                    "call {n}, {title}: the recorded answer was {expected}, now it is {got}"
                )
            }
            Self::Unreadable { n, title, why } => {
                write!(f, "call {n}, {title}: the recorded answer cannot be read: {why}")
            }
            Self::OtherVerdict { expected, got } => {
                write!(
                    f,
                    "the calls were the same, the verdict was not: expected {expected}, got {got}"
                )
            }
        }
    }
}
