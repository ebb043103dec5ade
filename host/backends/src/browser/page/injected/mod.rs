//! The script that works inside every page: selectors, states, waiting, assertions. It is written in plain
//! JavaScript, split by subject, and joined here in the order in which the parts build on each other. It
//! knows the protocol with the host and never the host's policy: what is allowed is decided before a call.

/// The whole script, to be installed into an isolated world of every new document.
pub(super) const SOURCE: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("dom.js"),
    include_str!("text.js"),
    include_str!("roles.js"),
    include_str!("names.js"),
    include_str!("state.js"),
    include_str!("cssparser.js"),
    include_str!("css.js"),
    include_str!("selectors.js"),
    include_str!("suggest.js"),
    include_str!("leaving.js"),
    include_str!("places.js"),
    include_str!("pointer.js"),
    include_str!("frames.js"),
    include_str!("drag.js"),
    include_str!("watch.js"),
    include_str!("input.js"),
    include_str!("secrets.js"),
    include_str!("validity.js"),
    include_str!("aria_tree.js"),
    include_str!("aria_match.js"),
    include_str!("snapshot.js"),
    include_str!("matchers.js"),
    include_str!("events.js"),
    include_str!("content.js"),
    include_str!("expect.js"),
    include_str!("read.js"),
    include_str!("screenshot.js"),
    include_str!("closed.js"),
    include_str!("hand.js"),
    include_str!("files.js"),
    include_str!("tags.js"),
    include_str!("protocol.js"),
    "})();\n"
);

#[cfg(test)]
mod tests {
    /// The browser keeps a text with any other character in two bytes each, and takes longer to read it: 3 ms of
    /// processor time for a page and its first document.
    #[test]
    fn the_script_is_ascii() {
        assert!(super::SOURCE.is_ascii());
    }
}
