//! The attributes and macros of the Rust SDK. They write only what an author could write by hand against
//! `flowguard-sdk`; nothing here knows the contract.

mod arguments;
mod assertion;
mod component;
mod flow;

use proc_macro::TokenStream;

/// Makes a function a flow. The doc comment is its intent, the function's name its name.
///
/// All arguments are optional: `url = "/"` (where the `page` argument is sent), `critical`,
/// `tags = ["smoke"]`, `timeout = "45s"`, `name = "…"`, `intent = "…"`.
#[proc_macro_attribute]
pub fn flow(arguments: TokenStream, item: TokenStream) -> TokenStream {
    flow::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes the crate a component that holds flows.
///
/// `component! { flows: [checkout, returns], hosts: ["shop.example"], buckets: ["carts"], plugins: ["content"] }`
///
/// `flows` is needed, the rest optional; `name` and `version` are those of the package unless given.
#[proc_macro]
pub fn component(input: TokenStream) -> TokenStream {
    component::expand(input.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes the crate a component that is a custom assertion. The function takes a `PageView` and the
/// parameters (`&str`, JSON) and returns `Result<Verdict>`; its doc comment is the summary.
///
/// All arguments are optional: `name = "…"`, `schema = include_str!("params.json")` (JSON Schema of the
/// parameters), `external_hosts` (asks to fetch addresses beyond the page's own host).
#[proc_macro_attribute]
pub fn assertion(arguments: TokenStream, item: TokenStream) -> TokenStream {
    assertion::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
