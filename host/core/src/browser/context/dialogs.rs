//! How dialogs are answered: by rules said beforehand, since a flow cannot be asked while it acts.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::browser::PageId;
use crate::browser::calls::HandleDialogs;
use crate::browser::session::Browser;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_DIALOG_RULES, MAX_TEXT_BYTES};

/// The kind of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the web's own names of dialogs")]
pub enum DialogKind {
    Alert,
    Confirm,
    Prompt,
    Beforeunload,
}

impl DialogKind {
    /// As the web names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Confirm => "confirm",
            Self::Prompt => "prompt",
            Self::Beforeunload => "beforeunload",
        }
    }
}

/// A dialog of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// Its kind.
    pub kind: DialogKind,
    /// Its message.
    pub message: String,
    /// What a prompt suggests.
    pub default_value: String,
    /// The address of the frame that shows it.
    pub url: String,
    /// Whether it was accepted.
    pub accepted: bool,
}

/// How a dialog is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum DialogAnswer {
    /// OK; a prompt gets what it suggests.
    Accept,
    /// OK, with a text.
    AcceptWith {
        /// The text.
        text: String,
    },
    /// Cancel.
    Dismiss,
    /// Cancel, and the run fails.
    Fail,
}

impl fmt::Display for DialogAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::AcceptWith { .. } => "accept with a text",
            Self::Dismiss => "dismiss",
            Self::Fail => "fail at",
        })
    }
}

/// What the browser is told about a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogReply {
    /// OK or Cancel.
    pub accept: bool,
    /// The text of a prompt.
    pub text: Option<String>,
}

/// The rules of a run's pages.
#[derive(Debug, Default)]
pub(in crate::browser) struct DialogRules(Mutex<HashMap<PageId, Vec<Rule>>>);

#[derive(Debug)]
struct Rule {
    answer: DialogAnswer,
    left: Option<u32>,
}

impl DialogRules {
    /// The answer to the page's next dialog; none where no rule is left.
    pub(in crate::browser) fn take(&self, page: PageId) -> Option<DialogAnswer> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = all.get_mut(&page)?;
        let rule = rules.last_mut()?;
        let answer = rule.answer.clone();
        if let Some(left) = &mut rule.left {
            *left -= 1;
            if *left == 0 {
                rules.pop();
            }
        }
        Some(answer)
    }

    fn add(&self, call: &HandleDialogs) -> Result<(), Failure> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = all.entry(call.page).or_default();
        if call.times.is_none() {
            // It answers all that come: the rules before it never get their turn again.
            rules.clear();
        }
        if rules.len() >= MAX_DIALOG_RULES {
            let message = format!("a page has at most {MAX_DIALOG_RULES} rules for dialogs");
            return Err(Failure::new(Code::OverBudget, message));
        }
        rules.push(Rule {
            answer: call.answer.clone(),
            left: call.times,
        });
        Ok(())
    }
}

/// What a rule means for this dialog. Without one, it is dismissed; leaving a page is allowed.
pub(in crate::browser) fn reply(answer: Option<&DialogAnswer>, dialog: &Dialog) -> DialogReply {
    let (accept, text) = match answer {
        None => (dialog.kind == DialogKind::Beforeunload, None),
        Some(DialogAnswer::Accept) => (true, Some(dialog.default_value.clone())),
        Some(DialogAnswer::AcceptWith { text }) => (true, Some(text.clone())),
        Some(DialogAnswer::Dismiss | DialogAnswer::Fail) => (false, None),
    };
    let is_prompt = dialog.kind == DialogKind::Prompt;
    DialogReply {
        accept,
        text: text.filter(|_| is_prompt),
    }
}

impl Browser {
    /// Says how the page's next dialogs are answered.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed or the rule is for no dialog at all.
    pub async fn handle_dialogs(&self, call: &HandleDialogs) -> Result<(), Failure> {
        self.tab(call.page)?;
        if call.times == Some(0) {
            return Err(Failure::new(
                Code::InvalidArgument,
                "a rule is for 1 dialog or more",
            ));
        }
        if let DialogAnswer::AcceptWith { text } = &call.answer
            && text.len() > MAX_TEXT_BYTES
        {
            let message = format!(
                "the text of a prompt may have {MAX_TEXT_BYTES} bytes: {}",
                text.len()
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        self.events.dialogs.add(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(answer: DialogAnswer, times: Option<u32>) -> HandleDialogs {
        HandleDialogs {
            page: 1,
            answer,
            times,
        }
    }

    fn prompt() -> Dialog {
        Dialog {
            kind: DialogKind::Prompt,
            message: "Name?".to_owned(),
            default_value: "Ada".to_owned(),
            url: String::new(),
            accepted: false,
        }
    }

    #[test]
    fn the_latest_rule_counts_until_it_is_used_up() {
        let rules = DialogRules::default();
        assert_eq!(rules.take(1), None);
        rules.add(&rule(DialogAnswer::Accept, None)).expect("a rule");
        rules.add(&rule(DialogAnswer::Dismiss, Some(2))).expect("a rule");
        let taken: Vec<_> = (0..4).filter_map(|_| rules.take(1)).collect();
        assert_eq!(
            taken,
            [
                DialogAnswer::Dismiss,
                DialogAnswer::Dismiss,
                DialogAnswer::Accept,
                DialogAnswer::Accept
            ]
        );
        assert_eq!(rules.take(2), None);
    }

    #[test]
    fn rules_do_not_pile_up() {
        let rules = DialogRules::default();
        for _ in 0..MAX_DIALOG_RULES {
            rules.add(&rule(DialogAnswer::Accept, Some(1))).expect("a rule");
        }
        let refused = rules.add(&rule(DialogAnswer::Accept, Some(1)));
        assert_eq!(refused.map_err(|f| f.code), Err(Code::OverBudget));
        for _ in 0..MAX_DIALOG_RULES * 2 {
            rules.add(&rule(DialogAnswer::Accept, None)).expect("a rule");
        }
    }

    #[test]
    fn a_prompt_gets_a_text_and_leaving_is_allowed_without_a_rule() {
        let accepted = |text: &str| DialogReply {
            accept: true,
            text: Some(text.to_owned()),
        };
        let with = DialogAnswer::AcceptWith {
            text: "Grace".to_owned(),
        };
        assert_eq!(reply(Some(&DialogAnswer::Accept), &prompt()), accepted("Ada"));
        assert_eq!(reply(Some(&with), &prompt()), accepted("Grace"));
        let leaving = Dialog {
            kind: DialogKind::Beforeunload,
            ..prompt()
        };
        assert!(reply(None, &leaving).accept);
        assert!(!reply(None, &prompt()).accept);
        assert_eq!(reply(Some(&with), &leaving).text, None);
    }
}
