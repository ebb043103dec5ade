//! ARIA roles and their names.

use std::fmt;
use std::str::FromStr;

pub use crate::bindings::flow::flowguard::plugin::browser::Role;

macro_rules! roles {
    ($($role:ident = $name:literal),+ $(,)?) => {
        /// Every role, in the order of the contract.
        pub const ROLES: &[Role] = &[$(Role::$role),+];

        impl Role {
            /// The name as ARIA writes it: `columnheader`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$role => $name),+
                }
            }
        }
    };
}

roles! {
    Alert = "alert", Alertdialog = "alertdialog", Application = "application", Article = "article",
    Banner = "banner", Blockquote = "blockquote", Button = "button", Caption = "caption", Cell = "cell",
    Checkbox = "checkbox", Code = "code", Columnheader = "columnheader", Combobox = "combobox",
    Complementary = "complementary", Contentinfo = "contentinfo", Definition = "definition",
    Deletion = "deletion", Dialog = "dialog", Directory = "directory", Document = "document",
    Emphasis = "emphasis", Feed = "feed", Figure = "figure", Form = "form", Generic = "generic",
    Grid = "grid",
    Gridcell = "gridcell", Group = "group", Heading = "heading", Img = "img", Insertion = "insertion",
    Link = "link", List = "list", Listbox = "listbox", Listitem = "listitem", Log = "log", Main = "main", Mark = "mark",
    Marquee = "marquee", Math = "math", Menu = "menu", Menubar = "menubar", Menuitem = "menuitem",
    Menuitemcheckbox = "menuitemcheckbox", Menuitemradio = "menuitemradio", Meter = "meter",
    Navigation = "navigation", None = "none", Note = "note", Option = "option", Paragraph = "paragraph",
    Presentation = "presentation", Progressbar = "progressbar", Radio = "radio", Radiogroup = "radiogroup",
    Region = "region", Row = "row", Rowgroup = "rowgroup", Rowheader = "rowheader",
    Scrollbar = "scrollbar", Search = "search", Searchbox = "searchbox", Separator = "separator",
    Slider = "slider", Spinbutton = "spinbutton", Status = "status", Strong = "strong",
    Subscript = "subscript", Superscript = "superscript", Switch = "switch", Tab = "tab", Table = "table",
    Tablist = "tablist", Tabpanel = "tabpanel", Term = "term", Textbox = "textbox", Time = "time",
    Timer = "timer", Toolbar = "toolbar", Tooltip = "tooltip", Tree = "tree", Treegrid = "treegrid",
    Treeitem = "treeitem",
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no role of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        ROLES
            .iter()
            .copied()
            .find(|role| role.name() == name)
            .ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_aria() {
        assert_eq!(Role::Columnheader.to_string(), "columnheader");
        assert_eq!(Role::List.to_string(), "list");
        assert_eq!("option".parse(), Ok(Role::Option));
        assert_eq!("Button".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn every_role_of_the_contract_is_listed_once_and_in_order() {
        assert_eq!(ROLES.first(), Some(&Role::Alert));
        assert_eq!(ROLES.last(), Some(&Role::Treeitem));
        for (place, role) in ROLES.iter().enumerate() {
            assert_eq!(*role as usize, place, "{role}");
            assert_eq!(role.name().parse(), Ok(*role));
            assert_eq!(format!("{role:?}").to_lowercase(), format!("role::{role}"));
        }
    }
}
