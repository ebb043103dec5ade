//! The browser's words: queries, expectations, what is read.

use crate::bindings::browser;
use flowguard_core::browser::calls;
use flowguard_core::browser::locator::{Part, RoleQuery, Tristate};
use flowguard_core::browser::port::LoadState;

same_cases! {
    browser::LoadState => LoadState { Commit, DomContentLoaded, Load, NetworkIdle }
    browser::Tristate => Tristate { On, Off, Mixed }
    browser::ImageFormat => calls::ImageFormat { Png, Jpeg, Webp }
}

impl From<browser::Query> for Part {
    fn from(query: browser::Query) -> Self {
        use browser::Query;
        match query {
            Query::Role(query) => Self::Role(query.into()),
            Query::Text(text) => Self::Text { text: text.into() },
            Query::Label(text) => Self::Label { text: text.into() },
            Query::Placeholder(text) => Self::Placeholder { text: text.into() },
            Query::AltText(text) => Self::AltText { text: text.into() },
            Query::Title(text) => Self::Title { text: text.into() },
            Query::TestId(text) => Self::TestId { text: text.into() },
            Query::Css(selector) => Self::Css { selector },
            Query::Xpath(expression) => Self::Xpath { expression },
        }
    }
}

impl From<browser::RoleQuery> for RoleQuery {
    fn from(query: browser::RoleQuery) -> Self {
        Self {
            role: role_name(query.role),
            name: query.name.map(Into::into),
            description: query.description.map(Into::into),
            checked: query.checked.map(Into::into),
            disabled: query.disabled,
            expanded: query.expanded,
            level: query.level,
            pressed: query.pressed.map(Into::into),
            selected: query.selected,
            include_hidden: query.include_hidden,
        }
    }
}

/// ARIA's name of a role: the case's own, in lower case.
pub(super) fn role_name(role: browser::Role) -> String {
    format!("{role:?}")
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

impl From<browser::Filter> for Part {
    fn from(filter: browser::Filter) -> Self {
        match filter {
            browser::Filter::HasText(text) => Self::HasText { text: text.into() },
            browser::Filter::HasNotText(text) => Self::HasNotText { text: text.into() },
            browser::Filter::Visible(visible) => Self::Visible { visible },
        }
    }
}

impl From<browser::ScreenshotOptions> for calls::ShotOptions {
    fn from(options: browser::ScreenshotOptions) -> Self {
        use browser::ShotArea;
        Self {
            name: options.name,
            area: match options.area {
                ShotArea::Viewport => calls::Area::Viewport,
                ShotArea::FullPage => calls::Area::FullPage,
                ShotArea::Clip(rect) => calls::Area::Clip(rect.into()),
            },
            format: options.format.into(),
            quality: options.quality,
            freeze_animations: options.freeze_animations,
            hide_caret: options.hide_caret,
            omit_background: options.omit_background,
            css_scale: options.css_scale,
            mask: Vec::new(),
            mask_color: options.mask_color,
            style: options.style,
            timeout_ms: options.timeout,
        }
    }
}

impl From<browser::Likeness> for calls::Likeness {
    fn from(likeness: browser::Likeness) -> Self {
        let browser::Likeness {
            threshold,
            max_diff_pixels,
            max_diff_ratio,
        } = likeness;
        Self {
            threshold,
            max_diff_pixels,
            max_diff_ratio,
        }
    }
}

impl From<calls::Response> for browser::Response {
    fn from(calls::Response { url, status }: calls::Response) -> Self {
        Self {
            url,
            status: status.into(),
        }
    }
}

impl From<calls::Outline> for browser::Outline {
    fn from(outline: calls::Outline) -> Self {
        let items = |items: Vec<calls::OutlineItem>| items.into_iter().map(Into::into).collect();
        Self {
            links: items(outline.links),
            images: items(outline.images),
            text: outline.text,
        }
    }
}

impl From<calls::OutlineItem> for browser::OutlineItem {
    fn from(item: calls::OutlineItem) -> Self {
        let calls::OutlineItem {
            url,
            name,
            loaded,
            selector,
            visible,
        } = item;
        Self {
            url,
            name,
            loaded,
            selector,
            visible,
        }
    }
}
