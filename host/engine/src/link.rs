//! Which interfaces exist, for each world. What is not named here, no guest can reach.

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::{Assertion, Flow};
use crate::state::HostState;

/// What a flow component may import.
pub(crate) fn flow(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    // WASI 0.2 with nothing behind it: several languages cannot do without the imports.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Flow::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// What a custom assertion may import.
pub(crate) fn assertion(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Assertion::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    Ok(linker)
}
