//! Globs against what Playwright 1.65 says of the same pair, and the patterns that are refused.

use super::*;
use crate::failure::Code;

fn by(url: UrlMatch) -> Result<Matcher, Failure> {
    let base = Url::parse("http://shop.test:4000/app/").expect("address");
    let wanted = RequestMatch {
        url,
        ..RequestMatch::default()
    };
    Matcher::new(&wanted, Some(&base))
}

fn glob(glob: &str) -> Result<Matcher, Failure> {
    by(UrlMatch::Glob {
        glob: glob.to_owned(),
    })
}

fn pattern(source: &str, flags: &str) -> Result<Matcher, Failure> {
    by(UrlMatch::Pattern {
        source: source.to_owned(),
        flags: flags.to_owned(),
    })
}

#[test]
fn globs_mean_what_playwright_means_by_them() {
    // Written by Playwright's own function, with the same base URL.
    let said = [
        ("**/api/*", "http://shop.test:4000/api/x", true),
        ("**/api/*", "http://shop.test:4000/api/x/y", false),
        ("**/api/**", "http://shop.test:4000/api/x/y", true),
        ("*.js", "http://a/b.js", false),
        ("**/*.js", "https://localhost:8080/foo.js", true),
        ("https://**/*.js", "https://localhost:8080/c.js", true),
        ("**/*.css", "https://localhost:8080/foo.js", false),
        (
            "http://localhost:8080/simple/path.js",
            "http://localhost:8080/simple/path.js",
            true,
        ),
        ("**/{a,b}.js", "https://localhost:8080/a.js", true),
        ("**/{a,b}.js", "https://localhost:8080/c.js", false),
        ("**/*.{png,jpg}", "https://h/c.jpeg", false),
        ("**/*.{png,jpg}", "https://h/c.jpg", true),
        ("**/api?page=1", "http://h/api?page=1", true),
        ("**/api?page=1", "http://h/apixpage=1", false),
        ("**/a[b]c", "http://h/abc", false),
        ("**/a[b]c", "http://h/a[b]c", true),
        ("/cart", "http://shop.test:4000/cart", true),
        ("cart", "http://shop.test:4000/app/cart", true),
        ("./cart/*", "http://shop.test:4000/app/cart/1", true),
        ("../x", "http://shop.test:4000/x", true),
        ("/cart?id=*", "http://shop.test:4000/cart?id=7", true),
        ("HTTP://SHOP.test:4000/Cart", "http://shop.test:4000/Cart", true),
        ("http*://**/x", "https://q/x", true),
        ("http://*.Test/x", "http://a.test/x", true),
        ("http://{A,b}.test/X", "http://a.test/X", true),
        ("**", "about:blank", true),
        ("", "http://any/", true),
        ("http://h/a**", "http://h/a/b", true),
        ("http://h/**/z", "http://h/z", true),
        ("http://h/**/z", "http://h/a/b/z", true),
        ("http://h/x**/z", "http://h/xa/b/z", true),
        ("/a\\*b", "http://shop.test:4000/a*b", true),
        ("**/a\\?b", "http://h/a?b", true),
        ("/a,b", "http://shop.test:4000/a,b", true),
        ("data:text/*", "data:text/html", true),
        ("http://h", "http://h/", true),
        ("http://h/a b", "http://h/a%20b", true),
        ("/x\\\\?y=1", "http://shop.test:4000/x?y=1", true),
        ("**/q?a={1,2}", "http://h/q?a=2", true),
        ("/q?a={1,2}&*", "http://shop.test:4000/q?a=2&b", true),
        ("***/x", "http://h/a/x", true),
        ("/**/e.js", "http://shop.test:4000/e.js", true),
    ];
    for (text, url, expected) in said {
        let matcher = glob(text).expect("well formed");
        assert_eq!(matcher.matches_url(url), expected, "{text} on {url}");
    }
}

#[test]
fn a_malformed_pattern_is_refused_at_once() {
    for text in ["**/{a,{b}}", "a}", "{a"] {
        assert_eq!(glob(text).expect_err(text).code, Code::InvalidArgument);
    }
    let long = "a".repeat(MAX_URL_BYTES + 1);
    assert!(glob(&long).is_err());
    for (source, flags) in [
        ("(", ""),
        ("a", "g"),
        ("(?=a)", ""),
        (r"(a)\1", ""),
        ("a{5000}{5000}", ""),
    ] {
        let failure = pattern(source, flags).expect_err(source);
        assert_eq!(failure.code, Code::InvalidArgument, "{}", failure.message);
    }
}

#[test]
fn a_pattern_is_found_anywhere_in_the_address() {
    assert!(
        pattern(r"/API/\d+$", "i")
            .expect("good")
            .matches_url("http://h/api/12")
    );
    assert!(
        !pattern(r"/API/\d+$", "")
            .expect("good")
            .matches_url("http://h/api/12")
    );
    assert!(
        pattern(r"https?:\/\/h\/", "u")
            .expect("good")
            .matches_url("http://h/x")
    );
}

#[test]
fn method_kind_and_headers_restrict_too() {
    let wanted = RequestMatch {
        methods: vec!["post".to_owned()],
        resource_types: vec![ResourceType::Fetch, ResourceType::Xhr],
        headers: vec![HeaderMatch {
            name: "content-type".to_owned(),
            value: TextMatch::Substring {
                value: "JSON".to_owned(),
            },
        }],
        ..RequestMatch::default()
    };
    let matcher = Matcher::new(&wanted, None).expect("well formed");
    let json = [Header::new("Content-Type", "application/json")];
    assert!(matcher.matches("http://h/", "POST", ResourceType::Xhr, &json));
    assert!(!matcher.matches("http://h/", "GET", ResourceType::Xhr, &json));
    assert!(!matcher.matches("http://h/", "POST", ResourceType::Image, &json));
    assert!(!matcher.matches("http://h/", "POST", ResourceType::Xhr, &[]));
}
