//! Reading keys and values, as attributes (`key = value`) and macros (`key: value`) write them.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, Meta, Result, Token};

/// One key, with its value where it has one.
pub(crate) struct Argument {
    pub(crate) key: Ident,
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.parse()?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { key, value })
    }
}

impl Argument {
    /// All arguments, each key at most once.
    pub(crate) fn parse_all(input: ParseStream<'_>) -> Result<Vec<Self>> {
        let arguments: Vec<Self> = Punctuated::<Self, Token![,]>::parse_terminated(input)?
            .into_iter()
            .collect();
        for (place, argument) in arguments.iter().enumerate() {
            if arguments[..place].iter().any(|other| other.key == argument.key) {
                return Err(argument.error("is given twice"));
            }
        }
        Ok(arguments)
    }

    /// The value, whatever it is.
    pub(crate) fn expression(self) -> Result<Expr> {
        match self.value {
            Some(value) => Ok(value),
            None => Err(self.error("needs a value")),
        }
    }

    /// The value as a list of expressions.
    pub(crate) fn list(self) -> Result<Vec<Expr>> {
        let message = format!("`{}` is a list: [\"a\", \"b\"]", self.key);
        match self.expression()? {
            Expr::Array(array) => Ok(array.elems.into_iter().collect()),
            other => Err(Error::new(other.span(), message)),
        }
    }

    /// The value as a list of texts.
    pub(crate) fn texts(self) -> Result<Vec<String>> {
        let key = self.key.clone();
        self.list()?
            .into_iter()
            .map(|item| Ok(text_of(&key, item)?.0))
            .collect()
    }

    /// The value as a text, and where it stands.
    pub(crate) fn text(self) -> Result<(String, Span)> {
        let key = self.key.clone();
        text_of(&key, self.expression()?)
    }

    /// A switch: true where it stands alone.
    pub(crate) fn switch(self) -> Result<bool> {
        match &self.value {
            None => Ok(true),
            Some(Expr::Lit(ExprLit {
                lit: Lit::Bool(on), ..
            })) => Ok(on.value),
            Some(other) => Err(Error::new(
                other.span(),
                format!("`{}` is true or false", self.key),
            )),
        }
    }

    /// The key is none of `known`.
    pub(crate) fn unknown(&self, known: &str) -> Error {
        self.error(&format!("is unknown; there are {known}"))
    }

    fn error(&self, what: &str) -> Error {
        Error::new(self.key.span(), format!("`{}` {what}", self.key))
    }
}

fn text_of(key: &Ident, value: Expr) -> Result<(String, Span)> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) => Ok((text.value(), text.span())),
        other => Err(Error::new(
            other.span(),
            format!("`{key}` takes a text in quotes"),
        )),
    }
}

/// The first paragraph of a doc comment, on one line.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(line), ..
            }) => Some(line.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines
        .skip_while(String::is_empty)
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Milliseconds of `300ms`, `45s`, `2m`. Whole numbers only: an attribute needs no more.
pub(crate) fn milliseconds((text, span): (String, Span)) -> Result<u32> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    match number
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
    {
        Some(limit @ 1..=3_600_000) => Ok(limit),
        _ => Err(Error::new(
            span,
            "a timeout is 1ms to 1h, written like 300ms, 45s or 2m",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_whole_numbers_with_a_unit() {
        let read = |text: &str| milliseconds((text.to_owned(), Span::call_site())).ok();
        assert_eq!(read("45s"), Some(45_000));
        assert_eq!(read("300ms"), Some(300));
        assert_eq!(read("60m"), Some(3_600_000));
        for text in ["", "45", "0s", "61m", "1.5s", "-1s", "s"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_paragraph_of_the_doc_comment_is_the_intent() {
        let item: syn::ItemFn = syn::parse_quote! {
            /// Buys one mug
            /// and pays by card.
            ///
            /// Needs a shop.
            fn checkout() {}
        };
        assert_eq!(first_paragraph(&item.attrs), "Buys one mug and pays by card.");
    }
}
