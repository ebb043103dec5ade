//! The table of a comparison: what was measured of both, how they relate, and what was wanted.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

/// Lines with a figure for each of the two.
pub(crate) struct Table {
    title: &'static str,
    names: [&'static str; 2],
    rows: Vec<Row>,
}

/// One line.
pub(crate) struct Row {
    what: String,
    unit: &'static str,
    values: [f64; 2],
    target: Option<Target>,
}

enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Table {
    pub(crate) fn begin(title: &'static str, names: [&'static str; 2]) -> Self {
        Self {
            title,
            names,
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        let [ours, theirs] = self.names;
        println!("\n{:<48}{ours:>14}{theirs:>14}{:>9}  target", self.title, "ratio");
        for Row {
            what,
            unit,
            values: [ours, theirs],
            target,
        } in &self.rows
        {
            let ratio = ours / theirs;
            let target = match target {
                None => String::new(),
                Some(Target::AtMost(most)) => format!("≤ {most:.2}{}", missed(ratio > *most)),
                Some(Target::AtLeast(least)) => format!("≥ {least:.2}{}", missed(ratio < *least)),
            };
            let [ours, theirs] = [ours, theirs].map(|value| format!("{value:.1}{unit}"));
            println!("{what:<48}{ours:>14}{theirs:>14}{ratio:>9.2}  {target}");
        }
    }
}

const fn missed(is_missed: bool) -> &'static str {
    if is_missed { "  missed" } else { "" }
}

impl Row {
    pub(crate) fn new(what: &str, unit: &'static str, values: [f64; 2]) -> Self {
        Self {
            what: what.to_owned(),
            unit,
            values,
            target: None,
        }
    }

    pub(crate) fn ms(what: &str, values: [f64; 2]) -> Self {
        Self::new(what, " ms", values)
    }

    /// Ours should be at most so much of theirs.
    pub(crate) fn at_most(self, ratio: f64) -> Self {
        Self {
            target: Some(Target::AtMost(ratio)),
            ..self
        }
    }

    /// Ours should be at least so much of theirs.
    pub(crate) fn at_least(self, ratio: f64) -> Self {
        Self {
            target: Some(Target::AtLeast(ratio)),
            ..self
        }
    }
}
