//! `#[assertion]`: a function as the exports of the world `assertion`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::{Error, Expr, ItemFn, Result, parse_quote};

use crate::arguments::{Argument, first_paragraph};

const KEYS: &str = "name, schema, external_hosts";

struct Description {
    name: String,
    summary: String,
    schema: Expr,
    external_hosts: bool,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    if function.sig.inputs.len() != 2 {
        let message = "an assertion takes the page and its parameters: (page: PageView<'_>, params: &str)";
        return Err(Error::new_spanned(&function.sig, message));
    }
    let Description {
        name,
        summary,
        schema,
        external_hosts,
    } = describe(arguments, &function)?;
    let ident = &function.sig.ident;
    Ok(quote! {
        #function

        const _: () = {
            struct Declared;

            impl ::flowguard_sdk::Assertion for Declared {
                const NAME: &'static str = #name;
                const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
                const SUMMARY: &'static str = #summary;
                const SCHEMA: &'static str = #schema;
                const EXTERNAL_HOSTS: bool = #external_hosts;

                fn check(
                    page: ::flowguard_sdk::PageView<'_>,
                    params: &str,
                ) -> ::flowguard_sdk::Result<::flowguard_sdk::Verdict> {
                    #ident(page, params)
                }
            }

            ::flowguard_sdk::export_assertion!(Declared);
        };
    })
}

fn describe(arguments: TokenStream, function: &ItemFn) -> Result<Description> {
    let mut description = Description {
        name: function.sig.ident.to_string(),
        summary: first_paragraph(&function.attrs),
        schema: parse_quote!("{\"type\":\"object\"}"),
        external_hosts: false,
    };
    for argument in Argument::parse_all.parse2(arguments)? {
        match argument.key.to_string().as_str() {
            "name" => description.name = argument.text()?.0,
            "schema" => description.schema = argument.expression()?,
            "external_hosts" => description.external_hosts = argument.switch()?,
            _ => return Err(argument.unknown(KEYS)),
        }
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_described_by_its_attribute_and_its_comment() {
        let function: ItemFn = syn::parse_quote! {
            /// Finds dead links.
            fn content(page: PageView<'_>, params: &str) -> Result<Verdict> { todo() }
        };
        let found = describe(
            quote!(schema = include_str!("params.json"), external_hosts),
            &function,
        )
        .unwrap();
        assert_eq!(
            (found.name.as_str(), found.summary.as_str()),
            ("content", "Finds dead links.")
        );
        assert!(found.external_hosts);
        assert!(matches!(found.schema, Expr::Macro(_)));
    }

    #[test]
    fn a_missing_argument_is_named() {
        let error = expand(
            quote!(),
            quote! { fn content(page: PageView<'_>) -> Result<Verdict> { todo() } },
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "an assertion takes the page and its parameters: (page: PageView<'_>, params: &str)"
        );
    }
}
