//! Reading a template: the YAML around the keys. Bounded, for a guest writes it.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::key::{self, KeyProblem};
use super::{AriaNode, AriaRole, ChildrenMode};
use crate::failure::{Code, Failure};
use crate::limits::{MAX_ARIA_TEMPLATE_BYTES, MAX_ARIA_TEMPLATE_NODES};

/// Nodes in one another; the reader and the page's script walk them by recursion.
const DEEPEST: usize = 64;

/// Reads a template.
///
/// # Errors
/// [`Code::InvalidArgument`] with line and column where it is malformed.
pub(in crate::browser) fn read(template: &str) -> Result<AriaNode, Failure> {
    if template.len() > MAX_ARIA_TEMPLATE_BYTES {
        let message = format!(
            "an ARIA template may have {MAX_ARIA_TEMPLATE_BYTES} bytes: {}",
            template.len()
        );
        return Err(Failure::new(Code::InvalidArgument, message));
    }
    let mut reader = Reader {
        events: Parser::new_from_str(template),
        nodes: 0,
        depth: 0,
    };
    reader.document().map_err(|problem| {
        let Problem { line, column, why } = problem;
        Failure::new(
            Code::InvalidArgument,
            format!("the ARIA template is malformed at line {line}, column {column}: {why}"),
        )
    })
}

struct Problem {
    line: usize,
    column: usize,
    why: String,
}

type Read<T> = Result<T, Problem>;

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    nodes: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// The one list of the document. A list of one node stands for that node.
    fn document(&mut self) -> Read<AriaNode> {
        let mut top = AriaRole {
            role: "fragment".to_owned(),
            ..AriaRole::default()
        };
        match self.next()? {
            (Event::SequenceStart(..), _) => self.children(&mut top)?,
            (_, span) => {
                return Err(problem(
                    span.start,
                    "a list was expected: lines that begin with `- `",
                ));
            }
        }
        if let (Event::DocumentStart(_), span) = self.next()? {
            return Err(problem(span.start, "a template is one document"));
        }
        let is_plain = matches!(top.mode, None | Some(ChildrenMode::Contain));
        match (top.children.len(), is_plain) {
            (1, true) => Ok(top.children.remove(0)),
            _ => Ok(AriaNode::Role(Box::new(top))),
        }
    }

    /// The items of a list that has begun.
    fn children(&mut self, parent: &mut AriaRole) -> Read<()> {
        self.depth += 1;
        loop {
            let (event, span) = self.next()?;
            if self.depth > DEEPEST {
                let why = format!("nested too deeply: at most {DEEPEST}");
                return Err(problem(span.start, &why));
            }
            match event {
                Event::SequenceEnd => break,
                Event::Scalar(text, style, ..) => {
                    let node = self.node(&text, style, span)?;
                    parent.children.push(AriaNode::Role(Box::new(node)));
                }
                Event::MappingStart(..) => self.entries(parent)?,
                _ => return Err(problem(span.start, "an item is a node, `- button \"Pay\"`")),
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// The entries of a mapping that has begun: a node with its content, a text, or a property of the parent.
    fn entries(&mut self, parent: &mut AriaRole) -> Read<()> {
        loop {
            let (key, style, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(()),
                (Event::Scalar(key, style, ..), span) => (key, style, span),
                (_, span) => return Err(problem(span.start, "a key is a text")),
            };
            match key.as_ref() {
                "text" => {
                    self.count(span)?;
                    let (text, _) = self.text()?;
                    parent.children.push(AriaNode::Text { text });
                }
                "/children" => parent.mode = Some(self.mode()?),
                "/url" => parent.url = Some(self.text()?.0),
                "/placeholder" => parent.placeholder = Some(self.text()?.0),
                other if other.starts_with('/') => {
                    let why = format!("not a property: {other}; there are /children, /url, /placeholder");
                    return Err(problem(span.start, &why));
                }
                _ => {
                    let mut node = self.node(&key, style, span)?;
                    self.content(&mut node)?;
                    parent.children.push(AriaNode::Role(Box::new(node)));
                }
            }
        }
    }

    /// What follows a node's colon: its text, or its children.
    fn content(&mut self, node: &mut AriaRole) -> Read<()> {
        match self.next()? {
            (Event::SequenceStart(..), _) => self.children(node),
            (Event::Scalar(text, style, ..), span) => {
                if is_nothing(&text, style) {
                    return Err(problem(
                        span.start,
                        "a text or a list was expected after the colon",
                    ));
                }
                self.count(span)?;
                let text = text.into_owned();
                node.children.push(AriaNode::Text { text });
                Ok(())
            }
            (_, span) => Err(problem(
                span.start,
                "a node's content is a text or a list: begin its lines with `- `",
            )),
        }
    }

    fn mode(&mut self) -> Read<ChildrenMode> {
        let (mode, span) = self.text()?;
        match mode.as_str() {
            "contain" => Ok(ChildrenMode::Contain),
            "equal" => Ok(ChildrenMode::Equal),
            "deep-equal" => Ok(ChildrenMode::DeepEqual),
            _ => Err(problem(
                span.start,
                "/children is `contain`, `equal` or `deep-equal`",
            )),
        }
    }

    fn text(&mut self) -> Read<(String, Span)> {
        match self.next()? {
            (Event::Scalar(text, style, ..), span) if !is_nothing(&text, style) => {
                Ok((text.into_owned(), span))
            }
            (_, span) => Err(problem(span.start, "a text was expected")),
        }
    }

    fn node(&mut self, text: &str, style: ScalarStyle, span: Span) -> Read<AriaRole> {
        self.count(span)?;
        key::read(text).map_err(|KeyProblem { at, why }| {
            let quote = usize::from(style != ScalarStyle::Plain);
            let start = problem(span.start, &why);
            Problem {
                column: start.column + at + quote,
                ..start
            }
        })
    }

    fn count(&mut self, span: Span) -> Read<()> {
        self.nodes += 1;
        match self.nodes > MAX_ARIA_TEMPLATE_NODES {
            true => Err(problem(
                span.start,
                &format!("a template may have {MAX_ARIA_TEMPLATE_NODES} nodes"),
            )),
            false => Ok(()),
        }
    }

    /// The next event that says something. An alias would let a small text stand for a large tree.
    fn next(&mut self) -> Read<(Event<'t>, Span)> {
        loop {
            match self.events.next() {
                Some(Ok((Event::Nothing | Event::StreamStart | Event::DocumentEnd, _))) => {}
                Some(Ok((Event::DocumentStart(_), _))) if self.nodes == 0 => {}
                Some(Ok((Event::Alias(_), span))) => {
                    return Err(problem(span.start, "aliases are not known here"));
                }
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    return Err(problem(*error.marker(), &format!("not YAML: {}", error.info())));
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }
}

fn is_nothing(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null")
}

fn problem(at: Marker, why: &str) -> Problem {
    Problem {
        line: at.line().max(1),
        column: at.col() + 1,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(template: &str) -> serde_json::Value {
        serde_json::to_value(read(template).expect(template)).expect("plain data")
    }

    fn refused(template: &str) -> String {
        let failure = read(template).expect_err(template);
        assert_eq!(failure.code, Code::InvalidArgument);
        failure.message
    }

    #[test]
    fn a_list_of_one_node_is_that_node() {
        assert_eq!(
            parsed("- button \"Pay\" [disabled]\n"),
            json!({"kind": "role", "role": "button", "name": {"kind": "exact", "value": "Pay"},
                   "disabled": true, "children": []})
        );
    }

    #[test]
    fn children_texts_and_properties_are_read() {
        let template = "
            - list:
              - /children: equal
              - listitem: One
              - listitem:
                - link /Tw+o/:
                  - /url: \"/two\"
            - text: the end
        ";
        assert_eq!(
            parsed(template),
            json!({"kind": "role", "role": "fragment", "children": [
                {"kind": "role", "role": "list", "mode": "equal", "children": [
                    {"kind": "role", "role": "listitem", "children": [{"kind": "text", "text": "One"}]},
                    {"kind": "role", "role": "listitem", "children": [
                        {"kind": "role", "role": "link", "name": {"kind": "pattern", "source": "Tw+o", "flags": ""},
                         "url": "/two", "children": []},
                    ]},
                ]},
                {"kind": "text", "text": "the end"},
            ]})
        );
    }

    #[test]
    fn a_node_whose_children_are_exact_stays_below_the_top() {
        let top = parsed("- /children: equal\n- button\n");
        assert_eq!(
            (&top["role"], &top["mode"]),
            (&json!("fragment"), &json!("equal"))
        );
    }

    #[test]
    fn a_malformed_template_says_where() {
        let cases = [
            ("button", "line 1, column 1: a list was expected"),
            ("", "a list was expected"),
            ("- list:\n  - buton \"x\"", "line 2, column 5: not an ARIA role"),
            ("- 'button [chekced]'", "line 1, column 12: not a state"),
            ("- list:\n  button: x", "line 1, column 7: a text or a list"),
            ("- list:\n    button: x", "line 2, column 5: a node's content"),
            ("- /children: some", "line 1, column 14: /children is"),
            ("- /href: x", "line 1, column 3: not a property: /href"),
            ("- button: \"a", "not YAML"),
            ("- &a button\n- *a", "aliases are not known"),
            ("- button:", "a text or a list was expected"),
            ("- text:", "a text was expected"),
            ("- - button", "line 1, column 3: an item is a node"),
            ("- button\n---\n- link", "one document"),
        ];
        for (template, expected) in cases {
            let message = refused(template);
            assert!(message.contains(expected), "{template:?}: {message}");
        }
    }

    #[test]
    fn a_template_that_grows_without_end_is_refused() {
        let many = "- link\n".repeat(MAX_ARIA_TEMPLATE_NODES + 1);
        assert!(refused(&many).contains("nodes"));
        let deep: String = (0..=DEEPEST)
            .map(|n| format!("{}- list:\n", "  ".repeat(n)))
            .collect();
        assert!(refused(&format!("{deep}{}- link", "  ".repeat(DEEPEST + 1))).contains("nested too deeply"));
        assert!(refused(&" ".repeat(MAX_ARIA_TEMPLATE_BYTES + 1)).contains("bytes"));
    }
}
