//! Assertions and readings on elements, and selecting, which answers too.

use flowguard_core::browser::calls::{
    AllTexts, AriaSnapshot, BoundingBox, Choice, Count, ElementState, Expect, IsInState, Read, Reading, Rect,
    SelectOption, Target, WaitFor,
};
use flowguard_core::browser::locator::Part;
use flowguard_core::failure::Failure;
use serde_json::{Value, json};

use super::super::case::Case;
use super::super::verdict::outcome_of;
use super::Ours;
use super::options::{acting, data, expecting, timeout};

/// As many elements are told apart where a case counts.
const NAMED: u32 = 12;

impl Ours {
    pub(super) async fn look_at(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        match case.kind() {
            "select" => {
                let choices: Vec<Choice> = data(&case.action["choices"])?;
                let call = SelectOption {
                    target,
                    choices,
                    options: acting(case)?,
                };
                let values = self.browser.select_option(&call).await?;
                Ok(json!(values))
            }
            "expect" => {
                let (what, options) = (data(&case.action["expectation"])?, expecting(case)?);
                let call = Expect {
                    target,
                    what,
                    options,
                };
                self.browser.expect(&call).await.map(|_| Value::Null)
            }
            "waitFor" => {
                let call = WaitFor {
                    target,
                    state: data(&case.action["state"])?,
                    timeout_ms: Some(timeout(case)),
                };
                self.browser.wait_for(&call).await.map(|()| Value::Null)
            }
            "count" => self.tell_apart(target, case).await,
            "tell" => self.tell(target, case).await,
            "elements" => self.elements(target, case).await,
            _ => self.read_from(target, case).await,
        }
    }

    async fn read_from(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        match case.kind() {
            "isVisible" => self.is(target, ElementState::Visible, case).await,
            "isInState" => self.is(target, data(&case.action["state"])?, case).await,
            "allInnerTexts" => self.all_texts(target, true).await,
            "allTextContents" => self.all_texts(target, false).await,
            "boundingBox" => {
                let timeout_ms = Some(timeout(case));
                let call = BoundingBox { target, timeout_ms };
                let rect = self.browser.bounding_box(&call).await?;
                Ok(rect.map_or(Value::Null, numbers))
            }
            "ariaSnapshot" => {
                let timeout_ms = Some(timeout(case));
                let call = AriaSnapshot { target, timeout_ms };
                self.browser.aria_snapshot(&call).await.map(Value::from)
            }
            "read" => {
                let read = self.read(target, data(&case.action)?, case).await?;
                Ok(json!(read))
            }
            other => panic!("{case}: nothing on an element is called {other}"),
        }
    }

    async fn is(&self, target: Target, state: ElementState, case: &Case) -> Result<Value, Failure> {
        let call = IsInState {
            target,
            state,
            timeout_ms: Some(timeout(case)),
        };
        self.browser.is_in_state(&call).await.map(Value::from)
    }

    async fn all_texts(&self, target: Target, rendered: bool) -> Result<Value, Failure> {
        let texts = self.browser.all_texts(&AllTexts { target, rendered }).await?;
        Ok(json!(texts))
    }

    /// How many, and which: the ids of the first ones, or their texts.
    async fn tell_apart(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        let (count, some) = self.some_of(&target, NAMED).await?;
        let mut elements = Vec::new();
        for one in some {
            let name = match self.id_of(one.clone(), case).await? {
                Some(id) => Some(id),
                None => self.read(one, Reading::TextContent, case).await?,
            };
            elements.push(name);
        }
        Ok(json!({"count": count, "elements": elements}))
    }

    /// The texts of all, and the ids of the first and the last: enough to know which, in few calls.
    async fn tell(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        let texts = self.all_texts(target.clone(), true).await?;
        let mut ids = Vec::new();
        let is_empty = texts.as_array().is_none_or(Vec::is_empty);
        for index in [0, -1].into_iter().filter(|_| !is_empty) {
            let locator = target.locator.then(Part::Nth { index });
            let page = target.page;
            ids.push(self.id_of(Target { page, locator }, case).await?);
        }
        Ok(json!({"texts": texts, "ids": ids}))
    }

    /// The first ones, each with its box and its states; the outcome in place of a state that it cannot have.
    async fn elements(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        let most: u32 = data(&case.action["most"])?;
        let (_, some) = self.some_of(&target, most).await?;
        let mut told = Vec::new();
        for one in some {
            let call = BoundingBox {
                target: one.clone(),
                timeout_ms: Some(timeout(case)),
            };
            let rect = self.browser.bounding_box(&call).await?;
            let mut element = json!({"id": self.id_of(one.clone(), case).await?});
            for (name, state) in [
                ("visible", ElementState::Visible),
                ("disabled", ElementState::Disabled),
                ("editable", ElementState::Editable),
                ("checked", ElementState::Checked),
            ] {
                let is = self.is(one.clone(), state, case).await;
                element[name] = is.unwrap_or_else(|failure| json!(outcome_of(failure.code)));
            }
            // What cannot be seen may have been laid out or not, as the browser likes.
            let seen = rect.filter(|_| element["visible"] == true);
            element["box"] = json!(seen.map(numbers));
            told.push(element);
        }
        Ok(json!(told))
    }

    /// How many the locator matches, and the first of them.
    async fn some_of(&self, target: &Target, most: u32) -> Result<(u32, Vec<Target>), Failure> {
        let call = Count {
            target: target.clone(),
        };
        let count = self.browser.count(&call).await?;
        let some = (0..count.min(most)).map(|index| Target {
            page: target.page,
            locator: target.locator.then(Part::Nth {
                index: i32::try_from(index).expect("a small number"),
            }),
        });
        Ok((count, some.collect()))
    }

    async fn id_of(&self, target: Target, case: &Case) -> Result<Option<String>, Failure> {
        let name = "id".to_owned();
        self.read(target, Reading::Attribute { name }, case).await
    }

    async fn read(&self, target: Target, reading: Reading, case: &Case) -> Result<Option<String>, Failure> {
        let call = Read {
            target,
            reading,
            timeout_ms: Some(timeout(case)),
        };
        self.browser.read(&call).await
    }
}

/// A box to a tenth of a pixel, written down: both sides compute, and floating point has an opinion of its own.
fn numbers(rect: Rect) -> Value {
    let number = |value: f64| ((value * 10.0 + 0.5).floor() / 10.0).to_string();
    json!([rect.x, rect.y, rect.width, rect.height].map(number))
}
