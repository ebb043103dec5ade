//! What a page is told of the system besides the user agent's text: client hints that say the same as it.

use chromiumoxide::cdp::browser_protocol::emulation::UserAgentMetadata;

/// The client hints that fit a user agent.
pub(super) fn metadata(agent: &str, is_mobile: bool) -> UserAgentMetadata {
    let version = |after: &str| {
        let rest = agent.split_once(after).map_or("", |(_, rest)| rest);
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'));
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let (platform, platform_version, is_arm) = if agent.contains("Android ") {
        ("Android", version("Android "), true)
    } else if agent.contains("iPhone OS ") {
        ("iOS", version("iPhone OS "), true)
    } else if agent.contains("iPad; CPU OS ") {
        ("iOS", version("iPad; CPU OS "), true)
    } else if agent.contains("Mac OS X ") {
        ("macOS", version("Mac OS X "), !agent.contains("Intel"))
    } else if agent.contains("Windows NT ") {
        ("Windows", version("Windows NT "), false)
    } else {
        ("Linux", String::new(), false)
    };
    let architecture = if is_arm || agent.contains("ARM") {
        "arm"
    } else {
        "x86"
    };
    UserAgentMetadata {
        brands: None,
        full_version_list: None,
        platform: platform.to_owned(),
        platform_version,
        architecture: architecture.to_owned(),
        model: String::new(),
        mobile: is_mobile,
        bitness: None,
        wow64: None,
        form_factors: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_say_what_the_user_agent_says() {
        let cases = [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
                ("iOS", "17_5", "arm"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36",
                ("Android", "14", "arm"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
                ("Windows", "10.0", "x86"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
                ("macOS", "10_15_7", "x86"),
            ),
            ("Mozilla/5.0 (X11; Linux x86_64)", ("Linux", "", "x86")),
        ];
        for (agent, expected) in cases {
            let hints = metadata(agent, false);
            let said = (
                hints.platform.as_str(),
                hints.platform_version.as_str(),
                hints.architecture.as_str(),
            );
            assert_eq!(said, expected, "{agent}");
        }
    }
}
