//! Values that outlive the run, as bytes or text. Formats are the flow's own affair.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::storage as host;
use crate::failure::{OrFail, Result};
use crate::time;

/// A set of values by key, which belongs to the tenant and the component. The component asks for it in
/// `component!` under `buckets`.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(number: u32) -> Result {
/// let orders = Bucket::open("orders")?;
/// if let Some(last) = orders.get_string("last")? {
///     check_that("the order number grows", number > last.parse()?)?;
/// }
/// orders.set("last", number.to_string())?;
/// # Ok(())
/// # }
/// ```
pub struct Bucket(host::Bucket);

impl Bucket {
    /// Opens a bucket; it need not exist before.
    pub fn open(name: &str) -> Result<Self> {
        Ok(Self(host::Bucket::open(name)?))
    }

    /// The value, none where there is none or it has expired.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key)?)
    }

    /// The value as text; fails where it is not UTF-8.
    pub fn get_string(&self, key: &str) -> Result<Option<String>> {
        let Some(bytes) = self.get(key)? else {
            return Ok(None);
        };
        String::from_utf8(bytes)
            .map(Some)
            .or_fail(format_args!("the stored value is no text: {key}"))
    }

    /// Sets the value for good.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>) -> Result {
        Ok(self.0.set(key, value.as_ref(), None)?)
    }

    /// Sets the value; it expires after `lifetime`.
    pub fn set_for(&self, key: &str, value: impl AsRef<[u8]>, lifetime: Duration) -> Result {
        Ok(self
            .0
            .set(key, value.as_ref(), Some(time::milliseconds(lifetime)))?)
    }

    /// Removes the value; tells whether there was one.
    pub fn delete(&self, key: &str) -> Result<bool> {
        Ok(self.0.delete(key)?)
    }

    /// All keys that begin with `prefix`, in the order of their bytes.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        const PAGE: u32 = 1000;
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.0.list(prefix, cursor.as_deref(), PAGE)?;
            keys.extend(page.keys);
            if page.cursor.is_none() {
                return Ok(keys);
            }
            cursor = page.cursor;
        }
    }

    /// Adds to a counter and answers its new value; a missing key counts from 0.
    pub fn increment(&self, key: &str, delta: i32) -> Result<i64> {
        // The contract promises an integer within 2^53, which an f64 holds and an i64 takes whole.
        Ok(self.0.increment(key, delta)? as i64)
    }

    /// Sets the value to `new` (none removes it) if it is `expected` (none: absent) now; tells whether it did.
    pub fn compare_and_swap(&self, key: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<bool> {
        Ok(self.0.compare_and_swap(key, expected, new)?)
    }
}
