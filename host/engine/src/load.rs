//! From bytes to a component that can be run: checked against the contract, compiled or taken from the
//! cache, linked ahead of time.

use std::sync::Arc;
use wasmtime::component::types::ComponentItem;

use crate::bindings::{AssertionPre, FlowPre};
use crate::config::Engine;
use crate::state::HostState;
use flowguard_core::artifact::Digest;
use flowguard_core::cassette::CONTRACT_VERSION;
use flowguard_core::limits;

const PACKAGE: &str = "flowguard:plugin/";
const FLOWS: &str = "flows";
const CHECKS: &str = "checks";
/// WASI 0.2 packages that a guest may import; nothing is behind most of them.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// Why bytes are no component that can be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// They are too many.
    #[error(
        "the file has {bytes} bytes, and a component at most {}: leave out debug information or assets",
        limits::MAX_COMPONENT_BYTES
    )]
    TooLarge {
        /// How many.
        bytes: u64,
    },
    /// They are no WebAssembly.
    #[error("this is no WebAssembly: build the flow for wasm32-wasip2 and name the .wasm file")]
    NotWasm,
    /// They are a core module.
    #[error(
        "this is a core WebAssembly module, not a component: build for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    NotComponent,
    /// Wasmtime refuses them.
    #[error("this component is not valid: {0}")]
    Invalid(String),
    /// They import what no world offers.
    #[error(
        "it imports {import}, which no world of FlowGuard offers: a flow reaches the outside only through {PACKAGE}*"
    )]
    ForeignImport {
        /// The interface.
        import: String,
    },
    /// They were built for another contract.
    #[error(
        "it was built for contract version {found}, and this host speaks {CONTRACT_VERSION}: rebuild it with this version's SDK, or use a FlowGuard of its own version"
    )]
    OtherContract {
        /// The version.
        found: String,
    },
    /// They export neither world.
    #[error(
        "it exports neither {PACKAGE}{FLOWS} nor {PACKAGE}{CHECKS}: it holds no flow and no custom assertion"
    )]
    NoWorld,
    /// They do not fit the contract.
    #[error("it does not fit the contract: {0}")]
    Mismatch(String),
}

/// A component that holds flows.
pub struct FlowComponent {
    /// Its content.
    pub digest: Digest,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    pub(crate) pre: FlowPre<HostState>,
}

/// A component that is a custom assertion.
pub struct AssertionComponent {
    /// Its content.
    pub digest: Digest,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    pub(crate) pre: AssertionPre<HostState>,
}

/// A component of either world.
#[derive(Clone)]
pub enum Component {
    /// It holds flows.
    Flow(Arc<FlowComponent>),
    /// It is a custom assertion.
    Assertion(Arc<AssertionComponent>),
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flow(flow) => write!(f, "flow component {}", flow.digest.short()),
            Self::Assertion(assertion) => write!(f, "assertion component {}", assertion.digest.short()),
        }
    }
}

impl Engine {
    /// Loads a component. Compiling takes CPU time; it is done on a thread where that is allowed.
    ///
    /// # Errors
    /// Says what is wrong with the bytes, and what to do.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Component, LoadError> {
        let engine = self.clone();
        let loaded = tokio::task::spawn_blocking(move || engine.load_blocking(&bytes)).await;
        loaded.unwrap_or_else(|error| Err(LoadError::Invalid(format!("compiling it failed: {error}"))))
    }

    fn load_blocking(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        check_shape(bytes)?;
        let digest = Digest::of(bytes);
        let compiled = self.compiled(bytes, &digest)?;
        let contract = Contract::of(self.wasmtime(), &compiled)?;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch(one_line(&error));
        let Contract { imports, holds_flows } = contract;
        if holds_flows {
            let pre = self.prepare_flow(&compiled).map_err(mismatch)?;
            Ok(Component::Flow(Arc::new(FlowComponent { digest, imports, pre })))
        } else {
            let pre = self.prepare_assertion(&compiled).map_err(mismatch)?;
            Ok(Component::Assertion(Arc::new(AssertionComponent {
                digest,
                imports,
                pre,
            })))
        }
    }

    fn compiled(&self, bytes: &[u8], digest: &Digest) -> Result<wasmtime::component::Component, LoadError> {
        if let Some(code) = self.cache().get(self.wasmtime(), digest) {
            #[expect(
                unsafe_code,
                reason = "the cache proved with its key that this program wrote these bytes"
            )]
            // SAFETY: the bytes are a serialised component of this engine's configuration: the keyed hash
            // shows that `put` below wrote them, and the file's name holds the engine's compatibility hash.
            let kept = unsafe { wasmtime::component::Component::deserialize(self.wasmtime(), code) };
            match kept {
                Ok(component) => return Ok(component),
                Err(error) => tracing::warn!(%error, "compiled code was not accepted; it is compiled anew"),
            }
        }
        let compiled = wasmtime::component::Component::from_binary(self.wasmtime(), bytes)
            .map_err(|error| LoadError::Invalid(one_line(&error)))?;
        if let Ok(code) = compiled.serialize() {
            self.cache().put(self.wasmtime(), digest, &code);
        }
        Ok(compiled)
    }
}

/// The first eight bytes tell a component from a core module, and both from anything else.
fn check_shape(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.len() > limits::MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge {
            bytes: bytes.len() as u64,
        });
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(LoadError::NotComponent),
        _ => Err(LoadError::NotWasm),
    }
}

/// What a component imports, and which world it exports.
struct Contract {
    imports: Vec<String>,
    holds_flows: bool,
}

impl Contract {
    fn of(engine: &wasmtime::Engine, component: &wasmtime::component::Component) -> Result<Self, LoadError> {
        let shape = component.component_type();
        let mut imports = Vec::new();
        for (name, _) in shape.imports(engine) {
            check_import(name)?;
            imports.push(name.to_owned());
        }
        let mut holds_flows = None;
        for (name, item) in shape.exports(engine) {
            let Some((interface, version)) = of_package(name) else {
                continue;
            };
            check_version(version)?;
            if matches!(item.ty, ComponentItem::ComponentInstance(_)) {
                match interface {
                    FLOWS => holds_flows = Some(true),
                    CHECKS => holds_flows = holds_flows.or(Some(false)),
                    _ => {}
                }
            }
        }
        let holds_flows = holds_flows.ok_or(LoadError::NoWorld)?;
        Ok(Self { imports, holds_flows })
    }
}

fn check_import(name: &str) -> Result<(), LoadError> {
    if let Some((_, version)) = of_package(name) {
        return check_version(version);
    }
    if WASI.iter().any(|package| name.starts_with(package)) && name.contains("@0.2.") {
        return Ok(());
    }
    Err(LoadError::ForeignImport {
        import: name.to_owned(),
    })
}

/// Interface and version of a name in FlowGuard's own package.
fn of_package(name: &str) -> Option<(&str, &str)> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some((interface, version))
}

/// Versions of the same 0.x line fit together; see `docs/contract.md`.
fn check_version(found: &str) -> Result<(), LoadError> {
    let line = |version: &str| version.rsplit_once('.').map(|(line, _)| line.to_owned());
    if line(found) == line(CONTRACT_VERSION) {
        return Ok(());
    }
    Err(LoadError::OtherContract {
        found: found.to_owned(),
    })
}

fn one_line(error: &wasmtime::Error) -> String {
    let mut text: Vec<String> = error.chain().map(ToString::to_string).collect();
    text.dedup();
    text.join(": ").replace('\n', " ")
}
