//! What is kept of a session: logs, and pictures of its documents as they were loaded, which stand for the service's film.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;

use super::super::fault::{Wrong, is_due};
use super::super::pages::{Page, Picture, milliseconds};
use super::super::sessions::Session;
use super::super::{Emulator, json as said};
use super::files::zipped;
use super::{Answer, Refusal, Shared, absent, problem, sessions};

/// Seconds for which a picture is shown.
const SHOWN_S: u32 = 1;

pub(super) async fn logs(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    sessions::find(&emulator, &id)?;
    let logs = emulator
        .pages_of(&id)
        .map(|pages| pages.logs())
        .unwrap_or_default();
    let shown: Vec<Value> = logs.iter().map(|log| said::log(&id, log)).collect();
    Ok(Json(shown).into_response())
}

/// The addresses that were shown, as rrweb's events of type 4 (`Meta`).
pub(super) async fn events(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    sessions::find(&emulator, &id)?;
    let pages = pages(&emulator, &id);
    let pictures = pages.iter().flat_map(|page| &page.pictures);
    let shown: Vec<Value> = pictures
        .map(|picture| {
            let data = json!({"href": picture.url});
            json!({"data": data, "sessionId": id, "timestamp": picture.at_ms, "type": 4})
        })
        .collect();
    Ok(Json(shown).into_response())
}

fn pages(emulator: &Emulator, id: &str) -> Vec<Page> {
    emulator.pages_of(id).map(|pages| pages.all()).unwrap_or_default()
}

/// Whether a recording can be had.
fn check(emulator: &Emulator, session: &Session) -> Result<(), Refusal> {
    if emulator.answers_anything() {
        return Ok(());
    }
    if is_due(&emulator.options.faults, Wrong::RecordingFails) {
        return Err(problem(
            StatusCode::BAD_GATEWAY,
            "the recording service does not answer",
        ));
    }
    if session.status.is_live() {
        return Err(problem(StatusCode::CONFLICT, "the session still runs"));
    }
    if !session.asked.is_recorded {
        return Err(problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the session was not recorded",
        ));
    }
    match pages(emulator, &session.id).is_empty() {
        true => Err(absent("recording")),
        false => Ok(()),
    }
}

pub(super) async fn request(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let session = sessions::find(&emulator, &id)?;
    check(&emulator, &session)?;
    // What is asked for has to be made first, and can be fetched at a later look.
    let state = match emulator.request_recordings(&id) {
        true => FilmState::Pending,
        false => FilmState::Completed,
    };
    let answer = Json(films(&emulator, &session, state));
    Ok((StatusCode::ACCEPTED, answer).into_response())
}

pub(super) async fn downloads(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let session = sessions::find(&emulator, &id)?;
    check(&emulator, &session)?;
    let state = match emulator.has_requested_recordings(&id) {
        true => FilmState::Completed,
        false => FilmState::NotRequested,
    };
    Ok(Json(films(&emulator, &session, state)).into_response())
}

/// How far the films of a session are.
#[derive(Clone, Copy)]
enum FilmState {
    NotRequested,
    Pending,
    Completed,
}

fn films(emulator: &Emulator, session: &Session, state: FilmState) -> Value {
    let films: Vec<Value> = (0..pages(emulator, &session.id).len())
        .map(|page| {
            let page_id = page.to_string();
            match state {
                FilmState::NotRequested => return json!({"pageId": page_id, "status": "NOT_REQUESTED"}),
                FilmState::Pending => return json!({"pageId": page_id, "status": "PENDING"}),
                FilmState::Completed => {}
            }
            let (id, key) = (&session.id, &session.key);
            json!({
                "pageId": page_id,
                "status": "COMPLETED",
                "completedAt": said::moment(session.updated),
                "downloadUrl": format!("{}/recordings/{id}/{page}?key={key}", emulator.api),
            })
        })
        .collect();
    json!({"downloads": films})
}

pub(super) async fn replays(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    sessions::find(&emulator, &id)?;
    let now = milliseconds(emulator.clock.wall());
    let all = pages(&emulator, &id);
    let shown: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(number, page)| {
            json!({
                "pageId": number.to_string(),
                "url": page.url,
                "startTimeMs": page.opened_ms,
                "endTimeMs": page.closed_ms.unwrap_or(now),
            })
        })
        .collect();
    Ok(Json(json!({"pageCount": all.len(), "pages": shown})).into_response())
}

/// A page's pictures as an HLS playlist of images.
pub(super) async fn playlist(State(emulator): Shared, Path((id, page)): Path<(String, String)>) -> Answer {
    let session = sessions::find(&emulator, &id)?;
    let page_number: usize = page.parse().map_err(|_| absent("page"))?;
    let all = pages(&emulator, &id);
    let pictures = match all.get(page_number) {
        Some(page) => page.pictures.len(),
        None if emulator.answers_anything() => 0,
        None => return Err(absent("page")),
    };
    let mut list =
        format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{SHOWN_S}\n#EXT-X-IMAGES-ONLY\n");
    for picture in 0..pictures {
        let (api, key) = (&emulator.api, &session.key);
        let _ = writeln!(
            list,
            "#EXTINF:{SHOWN_S},\n{api}/recordings/{id}/{page}/{picture}?key={key}"
        );
    }
    list.push_str("#EXT-X-ENDLIST\n");
    Ok(([(header::CONTENT_TYPE, "application/vnd.apple.mpegurl")], list).into_response())
}

#[derive(Deserialize)]
pub(super) struct Key {
    #[serde(default)]
    key: String,
}

impl Key {
    /// The session that it opens.
    pub(super) fn opens(&self, emulator: &Emulator, id: &str) -> Result<Session, Refusal> {
        let session = sessions::find(emulator, id)?;
        match session.key == self.key {
            true => Ok(session),
            false => Err(absent("session")),
        }
    }
}

fn pictures(emulator: &Emulator, id: &str, page: usize, key: &Key) -> Result<Vec<Picture>, Refusal> {
    key.opens(emulator, id)?;
    let mut all = pages(emulator, id);
    match page < all.len() {
        true => Ok(all.swap_remove(page).pictures),
        false => Err(absent("page")),
    }
}

/// A ZIP of a page's pictures, each with its moment in its name, and of where they were taken.
pub(super) async fn film(
    State(emulator): Shared,
    Path((id, page)): Path<(String, usize)>,
    Query(key): Query<Key>,
) -> Answer {
    let pictures = pictures(&emulator, &id, page, &key)?;
    let addresses: Vec<Value> = pictures
        .iter()
        .map(|picture| json!({"timestamp": picture.at_ms, "url": picture.url}))
        .collect();
    let addresses = ("pages.json".to_owned(), json!(addresses).to_string().into_bytes());
    let files = pictures
        .iter()
        .map(|picture| (format!("{}.jpg", picture.at_ms), picture.jpeg.to_vec()));
    let zip = zipped(std::iter::once(addresses).chain(files))
        .map_err(|error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/zip")], zip).into_response())
}

pub(super) async fn picture(
    State(emulator): Shared,
    Path((id, page, picture)): Path<(String, usize, usize)>,
    Query(key): Query<Key>,
) -> Answer {
    let pictures = pictures(&emulator, &id, page, &key)?;
    let picture = pictures.get(picture).ok_or_else(|| absent("picture"))?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], picture.jpeg.clone()).into_response())
}
