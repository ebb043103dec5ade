//! The shop over real HTTP, as the flows meet it: one visitor buys, others run into its bugs.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

use std::time::Duration;

use flowguard_shop::{Options, Shop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A visitor with a cookie of their own.
struct Visitor {
    host: String,
    cookie: Option<String>,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Visitor {
    fn of(shop: &Shop) -> Self {
        Self {
            host: shop.url().trim_start_matches("http://").to_owned(),
            cookie: None,
        }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "text/plain", "").await
    }

    async fn submit(&mut self, path: &str, form: &str) -> Answer {
        self.send("POST", path, "application/x-www-form-urlencoded", form)
            .await
    }

    async fn json(&mut self, method: &str, path: &str, json: &str) -> Answer {
        self.send(method, path, "application/json", json).await
    }

    async fn send(&mut self, method: &str, path: &str, media_type: &str, body: &str) -> Answer {
        let cookie = self
            .cookie
            .as_ref()
            .map_or_else(String::new, |cookie| format!("cookie: {cookie}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{cookie}content-type: {media_type}\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let answer = Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        };
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        answer
    }

    async fn fill_cart_and_address(&mut self) {
        self.submit("/product/blue-mug", "quantity=2").await;
        let address = "email=ada%40example.org&name=Ada&street=Pier+1&postcode=10115&city=Berlin&country=DE";
        let answer = self.submit("/checkout", address).await;
        assert_eq!(answer.header("location"), Some("/checkout/payment"));
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

const CARD: &str = r#"{"number":"4242 4242 4242 4242","expiry":"12/60","cvc":"123"}"#;

#[tokio::test]
async fn a_visitor_buys_two_mugs() {
    let shop = Shop::start(Options::default()).await.unwrap();
    let mut visitor = Visitor::of(&shop);

    let home = visitor.get("/").await;
    assert_eq!(home.status, 200);
    assert!(
        home.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'self'")
    );
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));

    let list = visitor.get("/api/products?category=mugs").await;
    assert!(list.body.contains(r#""name":"Blue mug""#), "{}", list.body);

    visitor.fill_cart_and_address().await;
    assert!(
        visitor
            .get("/cart")
            .await
            .body
            .contains(r#"data-testid="total">€29.90<"#)
    );
    assert!(visitor.get("/checkout/card").await.body.contains("Pay €29.90"));

    let refused = visitor.json("POST", "/api/pay", r#"{"number":"4242"}"#).await;
    assert_eq!(refused.status, 422);
    let paid = visitor.json("POST", "/api/pay", CARD).await;
    assert_eq!(paid.status, 200, "{}", paid.body);
    assert!(visitor.get("/thanks").await.body.contains("€29.90"));
    assert!(visitor.get("/cart").await.body.contains("Your cart is empty"));

    shop.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_address_is_told_field_by_field_and_escaped() {
    let shop = Shop::start(Options::default()).await.unwrap();
    let mut visitor = Visitor::of(&shop);
    visitor.submit("/product/blue-mug", "quantity=1").await;

    let answer = visitor.submit("/checkout", "email=%3Cscript%3E&name=Ada").await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains(r#"aria-describedby="email-error""#));
    assert!(answer.body.contains("&lt;script&gt;") && !answer.body.contains("<script>"));
    shop.stop().await.unwrap();
}

#[tokio::test]
async fn a_bug_stays_with_the_visitor_who_asked_for_it() {
    let shop = Shop::start(Options::default()).await.unwrap();
    let (mut unlucky, mut other) = (Visitor::of(&shop), Visitor::of(&shop));

    assert_eq!(unlucky.get("/?bug=total").await.status, 200);
    for visitor in [&mut unlucky, &mut other] {
        visitor.fill_cart_and_address().await;
    }
    assert!(
        unlucky
            .get("/cart")
            .await
            .body
            .contains(r#"data-testid="total">€25.00<"#)
    );
    assert!(
        other
            .get("/cart")
            .await
            .body
            .contains(r#"data-testid="total">€29.90<"#)
    );

    unlucky.get("/?bug=none").await;
    assert!(
        unlucky
            .get("/cart")
            .await
            .body
            .contains(r#"data-testid="total">€29.90<"#)
    );
    assert_eq!(unlucky.get("/?bug=nothing").await.status, 400);
    shop.stop().await.unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_the_list_that_never_arrives() {
    let options = Options {
        list_delay: Duration::ZERO,
        ..Options::default()
    };
    let shop = Shop::start(options).await.unwrap();
    let mut visitor = Visitor::of(&shop);
    visitor.get("/?bug=slow").await;

    let mut list = tokio::spawn(async move { visitor.get("/api/products").await.status });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut list).await;
    assert!(early.is_err(), "the list arrived: {early:?}");
    shop.stop().await.unwrap();
    assert_eq!(list.await.unwrap(), 503);
}
