//! `component!`: the list of a crate's flows and of what they need, as the exports of the world `flow`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::{Error, Expr, ExprPath, Result};

use crate::arguments::Argument;

const KEYS: &str = "flows, hosts, buckets, plugins, name, version";

#[derive(Default)]
struct Parts {
    flows: Vec<ExprPath>,
    hosts: Vec<String>,
    buckets: Vec<String>,
    plugins: Vec<String>,
    name: Option<String>,
    version: Option<String>,
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let Parts {
        flows,
        hosts,
        buckets,
        plugins,
        name,
        version,
    } = parse(input)?;
    let name = name.map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), |name| quote!(#name));
    let version = version.map_or_else(
        || quote!(::core::env!("CARGO_PKG_VERSION")),
        |version| quote!(#version),
    );
    Ok(quote! {
        const _: () = {
            const FLOWS: &[::flowguard_sdk::__private::FlowEntry] =
                &[#(::flowguard_sdk::__private::FlowEntry::of::<#flows>()),*];

            struct Flows;

            impl ::flowguard_sdk::Component for Flows {
                fn describe(
                    _source: ::core::option::Option<::flowguard_sdk::Source>,
                ) -> ::flowguard_sdk::Result<::flowguard_sdk::Description> {
                    let needs = ::flowguard_sdk::Needs {
                        hosts: ::std::vec![#(#hosts.into()),*],
                        buckets: ::std::vec![#(#buckets.into()),*],
                        plugins: ::std::vec![#(#plugins.into()),*],
                    };
                    ::flowguard_sdk::__private::describe_flows(#name, #version, FLOWS, needs)
                }

                fn run(flow: &str, context: ::flowguard_sdk::Context) -> ::flowguard_sdk::Result {
                    ::flowguard_sdk::__private::run_flow(FLOWS, flow, &context)
                }
            }

            ::flowguard_sdk::export_component!(Flows);
        };
    })
}

fn parse(input: TokenStream) -> Result<Parts> {
    let mut parts = Parts::default();
    for argument in Argument::parse_all.parse2(input)? {
        match argument.key.to_string().as_str() {
            "flows" => parts.flows = argument.list()?.into_iter().map(path).collect::<Result<_>>()?,
            "hosts" => parts.hosts = argument.texts()?,
            "buckets" => parts.buckets = argument.texts()?,
            "plugins" => parts.plugins = argument.texts()?,
            "name" => parts.name = Some(argument.text()?.0),
            "version" => parts.version = Some(argument.text()?.0),
            _ => return Err(argument.unknown(KEYS)),
        }
    }
    if parts.flows.is_empty() {
        let message = "list the functions with `#[flow]`: flows: [checkout, returns]";
        return Err(Error::new(Span::call_site(), message));
    }
    Ok(parts)
}

fn path(item: Expr) -> Result<ExprPath> {
    match item {
        Expr::Path(path) => Ok(path),
        other => Err(Error::new_spanned(
            other,
            "`flows` lists functions by name: flows: [checkout]",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_and_needs_are_listed() {
        let parts =
            parse(quote!(flows: [checkout, cart::returns], buckets: ["carts"], version: "1.2.3")).unwrap();
        assert_eq!(parts.flows.len(), 2);
        assert_eq!(parts.buckets, ["carts"]);
        assert_eq!(parts.version.as_deref(), Some("1.2.3"));
        assert!(parts.hosts.is_empty() && parts.name.is_none());
    }

    #[test]
    fn name_and_version_come_from_the_package() {
        let out = expand(quote!(flows: [checkout])).unwrap().to_string();
        assert!(
            out.contains("\"CARGO_PKG_NAME\"") && out.contains("\"CARGO_PKG_VERSION\""),
            "{out}"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let error = |input: TokenStream| parse(input).err().map(|error| error.to_string());
        assert_eq!(
            error(quote!(buckets: ["a"])).as_deref(),
            Some("list the functions with `#[flow]`: flows: [checkout, returns]")
        );
        assert_eq!(
            error(quote!(flows: ["checkout"])).as_deref(),
            Some("`flows` lists functions by name: flows: [checkout]")
        );
        assert_eq!(
            error(quote!(flow: [checkout])).as_deref(),
            Some("`flow` is unknown; there are flows, hosts, buckets, plugins, name, version")
        );
    }
}
