//! The host calls of the storage capability.

use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::gate::Call;
use crate::grant::Ask;

/// A page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The keys.
    pub keys: Vec<String>,
    /// Where the next page begins.
    pub cursor: Option<String>,
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $op:literal -> $answer:ty; title $this:ident => $title:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name {
            /// The bucket; the grant must name it.
            pub bucket: String,
            $($(#[$field_doc])* pub $field: $type),*
        }

        impl Call for $name {
            const OP: &'static str = $op;
            const TOUCHES: bool = false;
            type Answer = $answer;
            fn title(&self) -> String { let $this = self; $title }
            fn ask(&self) -> Ask<'_> { Ask::Bucket(&self.bucket) }
        }
    )*};
}

/// Opens a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenBucket {
    /// Its name.
    pub name: String,
}

impl Call for OpenBucket {
    const OP: &'static str = "bucket.open";
    const SHOWN: bool = false;
    const TOUCHES: bool = false;
    type Answer = ();

    fn title(&self) -> String {
        format!("open bucket {}", self.name)
    }

    fn ask(&self) -> Ask<'_> {
        Ask::Bucket(&self.name)
    }
}

calls! {
    /// Reads a value.
    Get {
        /// The key.
        key: String,
    } "bucket.get" -> Option<Content>; title call => format!("read {} of {}", call.key, call.bucket);

    /// Sets a value.
    Set {
        /// The key.
        key: String,
        /// The value.
        value: Content,
        /// Time to live.
        ttl_ms: Option<u32>,
    } "bucket.set" -> (); title call => format!("set {} of {}", call.key, call.bucket);

    /// Removes a value.
    Delete {
        /// The key.
        key: String,
    } "bucket.delete" -> bool; title call => format!("delete {} of {}", call.key, call.bucket);

    /// Lists keys.
    List {
        /// What they begin with.
        prefix: String,
        /// Where to go on.
        cursor: Option<String>,
        /// How many.
        limit: u32,
    } "bucket.list" -> Keys; title call => format!("list {}* of {}", call.prefix, call.bucket);

    /// Adds to a counter.
    Increment {
        /// The key.
        key: String,
        /// How much.
        delta: i32,
    } "bucket.increment" -> i64; title call => format!("add {} to {} of {}", call.delta, call.key, call.bucket);

    /// Sets a value if it is as expected.
    CompareAndSwap {
        /// The key.
        key: String,
        /// What it must be now.
        expected: Option<Content>,
        /// What it shall be.
        new: Option<Content>,
    } "bucket.compare-and-swap" -> bool; title call => format!("swap {} of {}", call.key, call.bucket);
}
