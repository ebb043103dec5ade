//! Pages to read: about the shop, and the short answers to what went wrong or right.

use maud::{Markup, html};

use super::layout::page;
use crate::cart::{FREE_SHIPPING_FROM, SHIPPING};
use crate::session::{Bug, Session};

/// About the shop. The bug `content` shows it as somebody's unfinished draft.
pub(crate) fn about(session: &Session) -> Markup {
    let is_draft = session.bug == Some(Bug::Content);
    let main = html! {
        article.prose {
            h1 { "About Harbour Goods" }
            img src="/assets/workshop.svg" alt="A potter's wheel by a window" width="640" height="260";
            p {
                "We began in 2009 with one kiln and a market stall. Today eleven workshops make what we sell, "
                "and we still visit each of them twice a year."
            }
            h2 { "How we choose" }
            p {
                "A thing is on our shelves when one of us has used it every day for a month. Have a look at the "
                a href="/product/blue-mug" { "blue mug" } ", the first that passed."
            }
            @if is_draft { (draft()) }
            h2 #shipping { "Shipping and returns" }
            p {
                "We ship to Germany, France and the Netherlands for " (SHIPPING) ", and for nothing from "
                (FREE_SHIPPING_FROM) " on. You can send things back for thirty days, used or not."
            }
            p { "Questions? " a href="/account" { "Sign in" } " and write to us from there." }
        }
    };
    page(session, "About us", &["shop.js", "search.js"], &main)
}

fn draft() -> Markup {
    html! {
        h2 { "Our story" }
        p { "Lorem ipsum dolor sit amet, consectetur adipiscing elit." }
        img src="/assets/team.svg" alt="The team" width="320" height="180";
        p { a href="/careers" { "Work with us" } }
    }
}

/// What the newsletter's form answers without a script.
pub(crate) fn newsletter_result(session: &Session, accepted: bool) -> Markup {
    let main = html! {
        @if accepted {
            h1 { "Subscribed" }
            p { "The next letter is yours." }
        } @else {
            h1 { "That is no email address" }
            p { "Go back and enter one such as ada@example.org." }
        }
        p { a.button href="/" { "Back to the shop" } }
    };
    page(session, "Newsletter", &["shop.js", "search.js"], &main)
}

/// For addresses that lead nowhere.
pub(crate) fn missing(session: &Session) -> Markup {
    let main = html! {
        h1 { "Nothing here" }
        p { "The page may have moved. " a href="/" { "Back to the shop" } }
    };
    page(session, "Not found", &["shop.js", "search.js"], &main)
}
