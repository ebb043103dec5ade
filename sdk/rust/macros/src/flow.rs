//! `#[flow]`: the function stays as it is, and a type of the same name, which lives beside it in the name
//! space of types, says what the flow is. `component!` finds the flow by that type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Result, ReturnType, Type};

use crate::arguments::{Argument, first_paragraph, milliseconds};

const KEYS: &str = "url, critical, tags, timeout, name, intent";

struct Description {
    name: String,
    intent: String,
    url: String,
    critical: bool,
    tags: Vec<String>,
    timeout: u32,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let inputs = argument_types(&function)?;
    let Description {
        name,
        intent,
        url,
        critical,
        tags,
        timeout,
    } = describe(arguments, &function)?;
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    // Spanned like the argument, so that a wrong type is reported where it stands.
    let values = inputs.iter().map(|kind| {
        quote::quote_spanned! {kind.span()=> <#kind as ::flowguard_sdk::FromRun>::from_run(#url, __context)?}
    });
    Ok(quote! {
        #[allow(clippy::needless_pass_by_value, reason = "a flow is given its page and its context")]
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "the type stands beside the function of its name")]
        #visibility struct #ident {}

        impl ::flowguard_sdk::Flow for #ident {
            fn info() -> ::flowguard_sdk::FlowInfo {
                ::flowguard_sdk::FlowInfo {
                    name: #name.into(),
                    intent: #intent.into(),
                    url: #url.into(),
                    critical: #critical,
                    tags: ::std::vec![#(#tags.into()),*],
                    timeout: ::flowguard_sdk::__private::timeout_of(#timeout),
                }
            }

            fn run(__context: &::flowguard_sdk::Context) -> ::flowguard_sdk::Result {
                #ident(#(#values),*)
            }
        }
    })
}

fn describe(arguments: TokenStream, function: &ItemFn) -> Result<Description> {
    let mut description = Description {
        name: function.sig.ident.to_string(),
        intent: first_paragraph(&function.attrs),
        url: String::new(),
        critical: false,
        tags: Vec::new(),
        timeout: 0,
    };
    for argument in Argument::parse_all.parse2(arguments)? {
        match argument.key.to_string().as_str() {
            "url" => description.url = argument.text()?.0,
            "critical" => description.critical = argument.switch()?,
            "tags" => description.tags = argument.texts()?,
            "timeout" => description.timeout = milliseconds(argument.text()?)?,
            "name" => description.name = name(argument)?,
            "intent" => description.intent = argument.text()?.0,
            _ => return Err(argument.unknown(KEYS)),
        }
    }
    Ok(description)
}

fn name(argument: Argument) -> Result<String> {
    let (name, span) = argument.text()?;
    match name.len() {
        1..=120 => Ok(name),
        _ => Err(Error::new(span, "a flow's name has 1 to 120 bytes")),
    }
}

fn argument_types(function: &ItemFn) -> Result<Vec<&Type>> {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        return Err(Error::new(
            word.span(),
            "a flow is a plain function: the host does the waiting",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "a flow has no type parameters",
        ));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(Error::new(
            signature.ident.span(),
            "a flow returns `Result`: write `-> Result`",
        ));
    }
    let types = signature.inputs.iter().map(|input| match input {
        FnArg::Typed(typed) => Ok(&*typed.ty),
        FnArg::Receiver(this) => Err(Error::new(
            this.span(),
            "a flow is a free function, without `self`",
        )),
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(arguments: TokenStream, item: TokenStream) -> String {
        expand(arguments, item).unwrap_err().to_string()
    }

    #[test]
    fn a_flow_is_described_by_its_attribute_and_its_comment() {
        let function: ItemFn = syn::parse_quote! {
            /// Buys one mug.
            fn checkout(page: Page) -> Result { Ok(()) }
        };
        let found = describe(
            quote!(url = "/", critical, tags = ["smoke", "checkout"], timeout = "45s"),
            &function,
        )
        .unwrap();
        assert_eq!(
            (found.name.as_str(), found.intent.as_str()),
            ("checkout", "Buys one mug.")
        );
        assert_eq!(
            (found.url.as_str(), found.critical, found.timeout),
            ("/", true, 45_000)
        );
        assert_eq!(found.tags, ["smoke", "checkout"]);
    }

    #[test]
    fn the_arguments_are_made_in_their_order() {
        let out = expand(
            quote!(),
            quote! { fn f(context: Context, page: Page) -> Result { Ok(()) } },
        );
        let out = out.unwrap().to_string();
        let (context, page) = (out.find("< Context as"), out.find("< Page as"));
        assert!(context.is_some() && context < page, "{out}");
    }

    #[test]
    fn mistakes_are_named() {
        let plain = quote! { fn f() -> Result { Ok(()) } };
        assert_eq!(
            error(quote!(critcal), plain.clone()),
            "`critcal` is unknown; there are url, critical, tags, timeout, name, intent"
        );
        assert_eq!(error(quote!(url), plain.clone()), "`url` needs a value");
        assert_eq!(
            error(quote!(url = 3), plain.clone()),
            "`url` takes a text in quotes"
        );
        assert_eq!(
            error(quote!(tags = "a"), plain.clone()),
            "`tags` is a list: [\"a\", \"b\"]"
        );
        assert_eq!(
            error(quote!(critical = 1), plain.clone()),
            "`critical` is true or false"
        );
        assert_eq!(
            error(quote!(url = "/", url = "/a"), plain.clone()),
            "`url` is given twice"
        );
        assert_eq!(
            error(quote!(timeout = "45"), plain),
            "a timeout is 1ms to 1h, written like 300ms, 45s or 2m"
        );
        assert_eq!(
            error(quote!(), quote! { async fn f() -> Result { Ok(()) } }),
            "a flow is a plain function: the host does the waiting"
        );
        assert_eq!(
            error(quote!(), quote! { fn f() {} }),
            "a flow returns `Result`: write `-> Result`"
        );
    }
}
