//! `batch`: several steps on a page in one call.

use wasmtime::component::Resource;

use super::{Failed, LocatorHandle, StepsHandle};
use crate::bindings::batch::{self, Action};
use crate::state::HostState;
use flowguard_core::browser::calls::{
    Click, Expect, Fill, Focus, Hover, Press, RunBatch, SelectOption, SetChecked, Step, Target,
};
use flowguard_core::limits::MAX_BATCH_STEPS;

type Steps = Resource<StepsHandle>;

impl batch::Host for HostState {}

impl batch::HostSteps for HostState {
    async fn new(&mut self) -> wasmtime::Result<Steps> {
        Ok(self.table.push(StepsHandle::default())?)
    }

    async fn add(
        &mut self,
        steps: Steps,
        locator: Resource<LocatorHandle>,
        action: Action,
    ) -> wasmtime::Result<()> {
        let LocatorHandle { page, locator } = self.table.get(&locator)?.clone();
        let StepsHandle(all) = self.table.get_mut(&steps)?;
        // One too many is kept, so that the run refuses them; more would only take room.
        if all.len() <= MAX_BATCH_STEPS {
            all.push(step(Target { page, locator }, action));
        }
        Ok(())
    }

    async fn run(&mut self, steps: Steps) -> Result<(), Failed> {
        let call = RunBatch {
            steps: self.table.get(&steps)?.0.clone(),
        };
        let run = HostState::run(self)?;
        let work = |shown| run.browser.run_batch(&call, shown);
        let redo = |shown, done: &_| run.browser.show_batch(&call, shown, done);
        Ok(run.gate.call_and_redo(&call, work, redo).await?)
    }

    async fn drop(&mut self, steps: Steps) -> wasmtime::Result<()> {
        self.table.delete(steps)?;
        Ok(())
    }
}

fn step(target: Target, action: Action) -> Step {
    match action {
        Action::Click(options) => Step::Click(Click {
            target,
            options: options.into(),
        }),
        Action::Hover(options) => Step::Hover(Hover {
            target,
            options: options.into(),
        }),
        Action::Check(options) => Step::SetChecked(SetChecked {
            target,
            checked: true,
            options: options.into(),
        }),
        Action::Uncheck(options) => Step::SetChecked(SetChecked {
            target,
            checked: false,
            options: options.into(),
        }),
        Action::Fill((value, options)) => Step::Fill(Fill {
            target,
            value,
            options: options.into(),
        }),
        Action::Press((key, options)) => Step::Press(Press {
            target,
            key,
            options: options.into(),
        }),
        Action::Focus(options) => Step::Focus(Focus {
            target,
            options: options.into(),
        }),
        Action::SelectOption((choices, options)) => Step::SelectOption(SelectOption {
            target,
            choices: choices.into_iter().map(Into::into).collect(),
            options: options.into(),
        }),
        Action::Expect((what, options)) => Step::Expect(Expect {
            target,
            what: what.into(),
            options: options.into(),
        }),
    }
}
