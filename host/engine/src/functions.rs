//! Compiled functions, kept in memory by what they were compiled from: a component of which one line changed
//! compiles only the functions that the line is in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use flowguard_core::limits::MAX_COMPILED_FUNCTIONS_BYTES;

/// The functions that were compiled so far; all are forgotten where they become too many.
#[derive(Default)]
pub(crate) struct CompiledFunctions(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    functions: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
}

impl fmt::Debug for CompiledFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompiledFunctions")
    }
}

impl wasmtime::CacheStore for CompiledFunctions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.functions.get(key).map(|code| Cow::Owned(code.clone()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = key.len() + value.len();
        if kept.bytes + bytes > MAX_COMPILED_FUNCTIONS_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.functions.insert(key.to_vec(), value);
        true
    }
}
