//! What happens, as it happens: server-sent events (WHATWG HTML, 9.2), and a page's pictures as a stream of parts.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

use crate::live_runs::{Heard, LiveRun};

const BOUNDARY: &str = "flowguard-picture";

/// How a run goes on, from where the listener was.
pub(super) fn of_run(run: Arc<LiveRun>, last_id: &str) -> Response {
    let from = (run, Heard::parse(last_id));
    let events = stream::unfold(from, |(run, mut heard)| async move {
        let events = run.next(&mut heard).await?;
        Some((framed(&events, &heard.id()), (run, heard)))
    });
    Sse::new(stream_of(events))
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// Events that were told together share an id: whoever comes back has heard all of them, or none.
fn framed(events: &[impl Serialize], id: &str) -> Vec<Event> {
    let event = |event| Event::default().data(serde_json::to_string(event).unwrap_or_default());
    let mut framed: Vec<Event> = events.iter().map(event).collect();
    if let Some(last) = framed.pop() {
        framed.push(last.id(id));
    }
    framed
}

fn stream_of(
    events: impl stream::Stream<Item = Vec<Event>> + Send,
) -> impl stream::Stream<Item = Result<Event, Infallible>> + Send {
    use futures::StreamExt;
    events.flat_map(|events| stream::iter(events.into_iter().map(Ok)))
}

/// A page's pictures, each in the place of the one before, until the run ends.
pub(super) fn pictures(run: Arc<LiveRun>) -> Response {
    let parts = stream::unfold((run, None), |(run, looking)| async move {
        let mut looking = match looking {
            Some(looking) => looking,
            None => look(&run).await?,
        };
        let shown = tokio::select! {
            biased;
            shown = next(&mut looking) => shown?,
            () = run.over() => return None,
        };
        Some((Ok::<_, Infallible>(part(&shown)), (run, Some(looking))))
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response()
}

type Pictures = watch::Receiver<Option<Bytes>>;

/// The pictures of a run, from the one that is there already.
async fn look(run: &LiveRun) -> Option<Pictures> {
    let mut pictures = run.ledger().await?.picture.subscribe();
    pictures.mark_changed();
    Some(pictures)
}

async fn next(pictures: &mut Pictures) -> Option<Bytes> {
    loop {
        pictures.changed().await.ok()?;
        if let Some(shown) = pictures.borrow_and_update().clone() {
            return Some(shown);
        }
    }
}

fn part(jpeg: &Bytes) -> Bytes {
    let mut part = format!(
        "--{BOUNDARY}\r\ncontent-type: image/jpeg\r\ncontent-length: {}\r\n\r\n",
        jpeg.len()
    )
    .into_bytes();
    part.extend_from_slice(jpeg);
    part.extend_from_slice(b"\r\n");
    part.into()
}
