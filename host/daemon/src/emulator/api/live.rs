//! The live view: links to it, and a page that shows a session's pages as they are.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use maud::{DOCTYPE, PreEscaped, html};
use serde_json::{Value, json};

use super::super::Emulator;
use super::super::pages::Page;
use super::super::sessions::{Session, Status};
use super::recordings::Key;
use super::{Answer, Shared, absent, problem, sessions};

/// Asks for each picture again as soon as the last one is there, and for the page where it is another one.
const SCRIPT: &str = "
for (const picture of document.querySelectorAll('img')) {
  const address = picture.src;
  const again = () => setTimeout(() => { picture.src = address + '&at=' + Date.now(); }, 200);
  picture.onload = again;
  picture.onerror = () => setTimeout(() => location.reload(), 1000);
}
if (!document.querySelector('img')) setTimeout(() => location.reload(), 1000);
";
const STYLE: &str = "
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem; }
figure { margin: 1rem 0; }
figcaption { overflow-wrap: anywhere; }
img { max-width: 100%; border: 1px solid #8886; border-radius: 4px; background: #fff; }
small { opacity: .7; }
";

fn address(emulator: &Emulator, session: &Session) -> String {
    let (api, id, key) = (&emulator.api, &session.id, &session.key);
    format!("{api}/live/{id}?key={key}")
}

async fn pages_now(emulator: &Emulator, id: &str) -> Vec<Page> {
    match emulator.pages_of(id) {
        Some(pages) => pages.up_to_date().await,
        None => Vec::new(),
    }
}

pub(super) async fn urls(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let session = sessions::find(&emulator, &id)?;
    if session.status != Status::Running {
        return Err(problem(StatusCode::GONE, "the session has ended"));
    }
    let whole = address(&emulator, &session);
    let all = pages_now(&emulator, &id).await;
    let pages: Vec<Value> = all
        .iter()
        .enumerate()
        .filter(|(_, page)| page.closed_ms.is_none())
        .map(|(number, page)| {
            json!({
                "id": number.to_string(), "url": page.url, "title": page.title,
                "faviconUrl": format!("{}/favicon.ico", emulator.api),
                "debuggerUrl": whole, "debuggerFullscreenUrl": whole,
            })
        })
        .collect();
    let answer = json!({
        "debuggerUrl": whole, "debuggerFullscreenUrl": whole,
        "wsUrl": format!("{}/?signingKey={}", emulator.tunnel, session.key),
        "pages": pages,
    });
    Ok(Json(answer).into_response())
}

pub(super) async fn page(State(emulator): Shared, Path(id): Path<String>, Query(key): Query<Key>) -> Answer {
    let session = key.opens(&emulator, &id)?;
    let all = pages_now(&emulator, &id).await;
    let open = || {
        let open = all.iter().enumerate();
        open.filter(|(_, page)| page.closed_ms.is_none())
    };
    let is_running = session.status == Status::Running;
    let shown = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Session " (id) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Session " (id) }
                p { (session.status.as_str()) " · " (session.asked.region) }
                @if is_running {
                    @for (number, page) in open() {
                        figure {
                            figcaption { strong { (page.title) } " " small { (page.url) } }
                            img alt=(format!("Page {number} as it is")) src=(format!("/live/{id}/{number}?key={}", session.key));
                        }
                    }
                    @if open().next().is_none() { p { "No page is open." } }
                    script { (PreEscaped(SCRIPT)) }
                } @else {
                    p { "It has ended: there is nothing to see any more." }
                }
            }
        }
    };
    Ok(Html(shown.into_string()).into_response())
}

pub(super) async fn picture(
    State(emulator): Shared,
    Path((id, page)): Path<(String, usize)>,
    Query(key): Query<Key>,
) -> Answer {
    key.opens(&emulator, &id)?;
    let pages = emulator.pages_of(&id).ok_or_else(|| absent("page"))?;
    let jpeg = pages.picture(page).await.ok_or_else(|| absent("page"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, jpeg).into_response())
}
