//! The page that the ten-step flow works on.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

const PAGE: &str = r#"<!doctype html><html lang="en"><title>Form</title>
<form onsubmit="event.preventDefault(); said.textContent = `Thank you, ${first.value}`">
<label>First name <input id="first"></label> <label>Last name <input></label>
<label>Email <input type="email"></label> <label>City <input></label>
<label>Country <select><option>France<option>United Kingdom</select></label>
<label><input type="checkbox"> Newsletter</label> <label><input type="checkbox"> Terms</label>
<button>Send</button></form><p role="status" id="said"></p></html>"#;

/// A resource of the page: a line of a style sheet that changes nothing.
const SHEET: &str = "/* nothing is styled here */\n";

/// Serves the page, with so many style sheets; its address.
pub(crate) async fn serve(resources: usize) -> String {
    let links = (0..resources).map(|number| format!("<link rel=stylesheet href=/sheet/{number}>"));
    let page = PAGE.replace("</title>", &format!("</title>{}", links.collect::<String>()));
    let sheet = || async { ([("content-type", "text/css")], SHEET.repeat(150)) };
    let app = Router::new()
        .route("/", get(async move || Html(page)))
        .route("/sheet/{number}", get(sheet));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}
