//! The macro that declares host calls, and what the declarations share. No call is declared here.

use super::ExpectOptions;
use crate::browser::expectation::Expectation;
use crate::failure::Failure;
use crate::gate::Soft;

/// Declares host calls: name, fields, operation, answer, title, and where they differ from the default,
/// what they ask for, what they cost, that they only look, and what in them is secret.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $op:literal -> $answer:ty; title $this:ident => $title:expr;
        $(@ask $ask:expr;)? $(@charge $charge:expr;)? $(@soft $soft:expr;)? $(@touches $touches:literal;)? $(@secrets $secrets:expr;)?)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        impl Call for $name {
            const OP: &'static str = $op;
            type Answer = $answer;
            $(const TOUCHES: bool = $touches;)?
            fn title(&self) -> String { let $this = self; $title }
            $(fn ask(&self) -> Ask<'_> { let $this = self; let _ = $this; $ask })?
            $(fn charge(&self) -> Charge { $charge })?
            $(fn secrets(&self) -> Vec<&str> { let $this = self; $secrets })?
            $(fn soft_failure(answer: &Self::Answer) -> Option<&Failure> { $soft(answer) })?
        }
    )*};
}
pub(crate) use calls;

pub(super) fn soft<T>(answer: &Soft<T>) -> Option<&Failure> {
    answer.failure.as_ref()
}

pub(super) fn expectation_title(
    subject: &dyn std::fmt::Display,
    what: &Expectation,
    options: &ExpectOptions,
) -> String {
    let not = if options.negated { "not " } else { "" };
    format!("expect {subject} {not}to {what}")
}

pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
