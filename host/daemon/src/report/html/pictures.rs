//! Screenshots and other attachments. A picture's bytes are in the page once; what shows it names its digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowguard_core::artifact::Attachment;
use maud::{Markup, html};

use super::super::files::{File, Files};
use super::super::{Report, words};
use super::Text;

/// Bytes of a text that is shown where it was attached.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// The media types that are shown as pictures; a guest's own words never get into an address.
fn picture_type(attachment: &Attachment) -> Option<&'static str> {
    let known = ["image/png", "image/jpeg", "image/webp", "image/gif"];
    known.into_iter().find(|known| *known == attachment.media_type)
}

fn is_text(attachment: &Attachment) -> bool {
    attachment.media_type.starts_with("text/") || attachment.media_type == "application/json"
}

/// An attachment where it was made: a picture, a text, or what is known of it.
pub(super) fn shown(attachment: &Attachment, files: &Files) -> Markup {
    let name = if attachment.name.is_empty() {
        "screenshot"
    } else {
        &attachment.name
    };
    captioned(attachment, name, files)
}

/// An attachment under this name.
pub(super) fn captioned(attachment: &Attachment, name: &str, files: &Files) -> Markup {
    match files.get(&attachment.digest) {
        Some(File::Read(_)) if picture_type(attachment).is_some() => html! {
            figure {
                a.shot href={ "#p-" (attachment.digest) } { span.alt { (Text(name)) } }
                figcaption { (Text(name)) }
            }
        },
        Some(File::Read(bytes)) if is_text(attachment) && bytes.len() <= MAX_TEXT_BYTES => html! {
            details.file {
                summary { (Text(name)) (size(attachment)) }
                pre { (Text(&String::from_utf8_lossy(bytes))) }
            }
        },
        Some(File::Missing(why)) => named(name, attachment, why),
        _ => named(name, attachment, "not shown here: it is in the artifact store"),
    }
}

fn named(name: &str, attachment: &Attachment, why: &str) -> Markup {
    html! {
        p.file {
            (Text(name)) (size(attachment)) " "
            code { (attachment.digest.short()) }
            span.place { (Text(why)) }
        }
    }
}

fn size(attachment: &Attachment) -> Markup {
    html! { " " span.number { (Text(&attachment.media_type)) ", " (words::bytes(attachment.bytes.into())) } }
}

/// All pictures, each once.
pub(super) fn store(report: &Report, files: &Files) -> Markup {
    let pictures = report.attachments().into_iter().filter_map(|attachment| {
        match (picture_type(attachment), files.get(&attachment.digest)) {
            (Some(media_type), Some(File::Read(bytes))) => Some((attachment, media_type, bytes)),
            _ => None,
        }
    });
    html! {
        section #pictures aria-label="Pictures" {
            noscript { h2 { "Pictures" } }
            @for (attachment, media_type, bytes) in pictures {
                noscript id={ "p-" (attachment.digest) } data-type=(media_type) {
                    figure {
                        figcaption { (Text(&attachment.name)) }
                        img alt=(Text(&attachment.name)) src={ "data:" (media_type) ";base64," (STANDARD.encode(bytes)) };
                    }
                }
            }
        }
    }
}
