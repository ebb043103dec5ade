//! A YAML document as a tree with places. Bounded: a hostile file is refused before it costs anything.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::problem::{Place, Problems};

/// Lists and mappings in one another.
const DEEPEST: usize = 48;
/// Values in a file, those that aliases repeat included.
const MOST: usize = 20_000;

/// A value of the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Rc<Value>,
    /// How many values it holds, itself included.
    size: usize,
    /// How deep it is; 1 for a scalar.
    height: usize,
}

#[derive(Debug)]
pub(crate) enum Value {
    /// A text, and whether it stood without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Entries in their order; keys are scalars and unique.
    Map(Vec<(Node, Node)>),
}

impl Node {
    fn new(place: Place, value: Value) -> Self {
        let children: Vec<&Self> = match &value {
            Value::Scalar { .. } => Vec::new(),
            Value::List(items) => items.iter().collect(),
            Value::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
        };
        let size = children
            .iter()
            .fold(1, |sum: usize, child| sum.saturating_add(child.size));
        let height = 1 + children.iter().map(|child| child.height).max().unwrap_or(0);
        Self {
            place,
            value: Rc::new(value),
            size,
            height,
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &*self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is written here: `key:` and no more.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&*self.value, Value::Scalar { text, plain: true } if text.is_empty() || text == "~" || text == "null")
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &*self.value {
            _ if self.is_nothing() => "nothing",
            Value::Scalar { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Reads the one document of a file. None where a problem was noted.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.take(event, span, problems)?,
            Err(error) => {
                return problems.none(place(*error.marker(), 1), format!("not YAML: {}", error.info()));
            }
        }
    }
    match builder.root {
        Some(root) => Some(root),
        None => problems.none(
            Place {
                line: 1,
                column: 1,
                length: 1,
            },
            "the file is empty; it needs `steps` or `flows`",
        ),
    }
}

/// Puts the parser's events together.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    total: usize,
    documents: usize,
    root: Option<Node>,
}

/// A list or a mapping whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    is_map: bool,
    items: Vec<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span, problems: &mut Problems) -> Option<()> {
        let here = place(span.start, span.len());
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return problems.none(here, "a file holds one document; put several flows under `flows`");
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.add(Node::new(here, value), anchor, problems)?;
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return problems.none(here, "an alias cannot stand inside its own anchor");
                };
                let node = Node {
                    place: here,
                    ..node.clone()
                };
                self.add(node, 0, problems)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(here, anchor, false, problems)?,
            Event::MappingStart(anchor, _) => self.begin(here, anchor, true, problems)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let anchor = open.anchor;
                    let node = open.close(problems)?;
                    // Its values were counted as they came.
                    self.total = self.total.saturating_sub(node.size - 1);
                    self.add(node, anchor, problems)?;
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn begin(&mut self, place: Place, anchor: usize, is_map: bool, problems: &mut Problems) -> Option<()> {
        if self.open.len() >= DEEPEST {
            return problems.none(place, format!("nested too deeply; at most {DEEPEST}"));
        }
        self.open.push(Open {
            place: Place { length: 1, ..place },
            anchor,
            is_map,
            items: Vec::new(),
        });
        Some(())
    }

    fn add(&mut self, node: Node, anchor: usize, problems: &mut Problems) -> Option<()> {
        self.total = self.total.saturating_add(node.size);
        if self.total > MOST {
            return problems.none(
                node.place,
                format!("too many values, with aliases counted; at most {MOST}"),
            );
        }
        if self.open.len() + node.height > DEEPEST + 1 {
            return problems.none(node.place, format!("nested too deeply; at most {DEEPEST}"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.root = Some(node),
        }
        Some(())
    }
}

impl Open {
    fn close(self, problems: &mut Problems) -> Option<Node> {
        if !self.is_map {
            return Some(Node::new(self.place, Value::List(self.items)));
        }
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut items = self.items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let Some(name) = key.text() else {
                return problems.none(key.place, format!("a key is a text, and this is {}", key.kind()));
            };
            if !seen.insert(name.to_owned()) {
                problems.note(key.place, format!("this key is given twice: {name}"));
            }
            entries.push((key, value));
        }
        Some(Node::new(self.place, Value::Map(entries)))
    }
}

fn place(marker: Marker, length: usize) -> Place {
    Place {
        line: marker.line().max(1),
        column: marker.col() + 1,
        length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(text: &str) -> String {
        let mut problems = Problems::default();
        assert!(
            parse(text, &mut problems).is_none() || !problems.is_empty(),
            "no problem in {text}"
        );
        problems.render("x.yaml", text)
    }

    #[test]
    fn values_know_their_places() {
        let mut problems = Problems::default();
        let root = parse("a: 1\nb:\n  - x\n  - \"y\"\n", &mut problems).unwrap();
        let Value::Map(entries) = &*root.value else {
            panic!("not a mapping")
        };
        let Value::List(items) = &*entries[1].1.value else {
            panic!("not a list")
        };
        assert_eq!(
            items[1].place,
            Place {
                line: 4,
                column: 5,
                length: 3
            }
        );
        assert!(matches!(&*items[1].value, Value::Scalar { text, plain: false } if text == "y"));
        assert_eq!(root.size, 7);
    }

    #[test]
    fn a_billion_laughs_are_refused() {
        let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for n in 1..10 {
            let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
            text.push_str(&format!("a{n}: &a{n} [{aliases}]\n"));
        }
        let shown = problems_of(&text);
        assert!(
            shown.contains("too many values, with aliases counted; at most 20000"),
            "{shown}"
        );
    }

    #[test]
    fn deep_nesting_is_refused_also_by_aliases() {
        for text in [
            "[".repeat(100),
            format!(
                "a: &a {}x{}\nb: {}*a{}",
                "[".repeat(40),
                "]".repeat(40),
                "[".repeat(20),
                "]".repeat(20)
            ),
        ] {
            let shown = problems_of(&text);
            assert!(shown.contains("nested too deeply; at most 48"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_document_is_told() {
        let cases = [
            "a: [1, 2\nb: 3\n",
            "",
            "a: 1\n---\nb: 2\n",
            "a: 1\nb: 2\na: 3\n",
            "a: &x [*x]\n",
            "[a]: 1\n",
        ];
        insta::assert_snapshot!(cases.map(problems_of).join("\n\n"));
    }
}
