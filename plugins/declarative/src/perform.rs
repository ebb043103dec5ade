//! Performing the steps of a flow: each is one call of the SDK, or a few.

mod around;

use flowguard_sdk::{
    CustomAssertion, Failure, Image, JudgeOptions, Locator, Page, Result, ScreenshotOptions, at_line, attach,
    by_index, by_value, log_with, metric, step,
};

use crate::file::Flow;
use crate::step::{Action, Choice, Screenshot, Step};
use crate::target::Target;
use crate::template::Params;

/// Runs a flow of the file, from the page that it begins on.
pub(crate) fn run_flow(file: &str, flow: &Flow, params: &Params) -> Result {
    let page = match &flow.context {
        Some(context) => {
            at(file, context.line);
            context
                .open_page()
                .map_err(|failure| failure.context(format_args!("{file}:{}", context.line)))?
        }
        None => Page::open()?,
    };
    if let Some((_, url)) = &flow.url {
        page.goto(&url.fill(params)?)?;
    }
    Run { file, page, params }.steps(&flow.steps)
}

/// What follows was asked for in this line.
fn at(file: &str, line: usize) {
    at_line(file, u32::try_from(line).unwrap_or(0));
}

struct Run<'r> {
    file: &'r str,
    page: Page,
    params: &'r Params,
}

impl Run<'_> {
    fn steps(&self, steps: &[Step]) -> Result {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&self, step: &Step) -> Result {
        at(self.file, step.line);
        match &step.action {
            // The line of the step inside says more than that of the group.
            Action::Group(name, steps) => self.group(&name.fill(self.params)?, steps),
            Action::Popup { .. } | Action::Download { .. } | Action::Upload { .. } | Action::Retry { .. } => {
                self.with_inner(step)
            }
            action => self.perform(action).map_err(|failure| self.at(step, failure)),
        }
    }

    fn at(&self, step: &Step, failure: Failure) -> Failure {
        failure.context(format_args!("{}:{}", self.file, step.line))
    }

    fn group(&self, name: &str, steps: &[Step]) -> Result {
        step(name, || self.steps(steps))
    }

    fn perform(&self, action: &Action) -> Result {
        let (page, params) = (&self.page, self.params);
        match action {
            Action::Goto(url, options) => page.goto_with(&url.fill(params)?, *options).map(drop),
            Action::Reload(options) => page.reload_with(*options).map(drop),
            Action::Back(options) => page.go_back_with(*options).map(drop),
            Action::Forward(options) => page.go_forward_with(*options).map(drop),
            Action::Close => page.close(),
            Action::Click(target, options) => self.locate(target)?.click_with(*options),
            Action::Tap(target, options) => self.locate(target)?.tap_with(*options),
            Action::Drag(source, target, options) => {
                let target = self.locate(target)?;
                self.locate(source)?.drag_to_with(&target, *options)
            }
            Action::Hover(target, options) => self.locate(target)?.hover_with(*options),
            Action::Check(target, options) => self.locate(target)?.check_with(*options),
            Action::Uncheck(target, options) => self.locate(target)?.uncheck_with(*options),
            Action::FillSecret(target, name, options) => self
                .locate(target)?
                .fill_secret_with(name.fill(params)?, *options),
            Action::Fill(target, text, options) => {
                self.locate(target)?.fill_with(text.fill(params)?, *options)
            }
            Action::Clear(target, options) => self.locate(target)?.fill_with("", *options),
            Action::Type(text, None, _) => page.keyboard().type_text(&text.fill(params)?),
            Action::Type(text, Some(target), options) => self
                .locate(target)?
                .press_sequentially_with(text.fill(params)?, *options),
            Action::Press(key, None, _) => page.press(&key.fill(params)?),
            Action::Press(key, Some(target), options) => {
                self.locate(target)?.press_with(&key.fill(params)?, *options)
            }
            Action::Focus(target, options) => self.locate(target)?.focus_with(*options),
            Action::Blur(target, options) => self.locate(target)?.blur_with(*options),
            Action::SelectText(target, options) => self.locate(target)?.select_text_with(*options),
            Action::ScrollIntoView(target, options) => self.locate(target)?.scroll_into_view_with(*options),
            Action::Select(target, choices, options) => {
                let choices = choices
                    .iter()
                    .map(|choice| self.choice(choice))
                    .collect::<Result<Vec<_>>>()?;
                self.locate(target)?
                    .select_options_with(choices, *options)
                    .map(drop)
            }
            Action::WaitFor(target, state, None) => self.locate(target)?.wait_for(*state),
            Action::WaitFor(target, state, Some(limit)) => {
                self.locate(target)?.wait_for_within(*state, *limit)
            }
            Action::WaitForUrl(url, None) => page.wait_for_url(url.fill(params)?),
            Action::WaitForUrl(url, Some(limit)) => page.wait_for_url_within(url.fill(params)?, *limit),
            Action::WaitForLoadState(state, None) => page.wait_for_load_state(*state),
            Action::WaitForLoadState(state, Some(limit)) => page.wait_for_load_state_within(*state, *limit),
            Action::Screenshot(screenshot) => self.screenshot(screenshot),
            Action::Judge {
                statement,
                of,
                min_confidence,
                soft,
                timeout,
            } => {
                let statement = statement.fill(params)?;
                let mut options = JudgeOptions::new().min_confidence(*min_confidence);
                if *soft {
                    options = options.soft();
                }
                if let Some(limit) = timeout {
                    options = options.timeout(*limit);
                }
                let image = self.image(of.as_ref(), ScreenshotOptions::new().name(&statement))?;
                image.judge_with(&statement, options).map(drop)
            }
            Action::Viewport(width, height) => page.set_viewport_size(*width, *height),
            Action::Log(message, level) => log_with(*level, message.fill(params)?, &[]),
            Action::Metric(name, value) => metric(name, *value),
            Action::Attach {
                name,
                text,
                media_type,
            } => attach(&name.fill(params)?, media_type, text.fill(params)?),
            Action::Expect(expectation) => expectation.run(page, params),
            Action::Assert {
                name,
                params: with,
                soft,
                timeout,
            } => {
                let mut assertion = CustomAssertion::new(name).params(with.fill(params)?.to_string());
                if *soft {
                    assertion = assertion.soft();
                }
                if let Some(limit) = timeout {
                    assertion = assertion.timeout(*limit);
                }
                assertion.check(page).map(drop)
            }
            Action::Dialogs(answer, text, is_next) => self.dialogs(*answer, text.as_ref(), *is_next),
            Action::Overlay(overlay, remedy) => self.overlay(overlay, remedy),
            Action::Route(route) => self.route(route),
            Action::Clock(order) => self.clock(*order),
            Action::Popup { .. }
            | Action::Download { .. }
            | Action::Upload { .. }
            | Action::Retry { .. }
            | Action::Group(..) => Ok(()),
        }
    }

    fn locate(&self, target: &Target) -> Result<Locator> {
        target.locator(&self.page, self.params)
    }

    fn choice(&self, choice: &Choice) -> Result<flowguard_sdk::Choice> {
        Ok(match choice {
            Choice::Label(label) => flowguard_sdk::Choice::from(label.fill(self.params)?),
            Choice::Value(value) => by_value(value.fill(self.params)?),
            Choice::Index(index) => by_index(*index),
        })
    }

    fn screenshot(&self, screenshot: &Screenshot) -> Result {
        let mut options = ScreenshotOptions::new()
            .name(screenshot.name.fill(self.params)?)
            .format(screenshot.format);
        if screenshot.full_page {
            options = options.full_page();
        }
        if let Some(limit) = screenshot.timeout {
            options = options.timeout(limit);
        }
        self.image(screenshot.of.as_ref(), options).map(drop)
    }

    fn image(&self, of: Option<&Target>, options: ScreenshotOptions) -> Result<Image> {
        match of {
            Some(target) => self.locate(target)?.screenshot_with(options),
            None => self.page.screenshot_with(options),
        }
    }
}
