//! Files: what sessions have downloaded, what is uploaded to them, and extensions.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Multipart, Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use std::io::{Cursor, Write};

use super::super::{Extension, id, json as said, lock};
use super::{Answer, Refusal, Shared, absent, problem, sessions};

/// The one part of a form, with its name.
async fn file_of(mut form: Multipart) -> Result<(String, Bytes), Refusal> {
    let bad = |message: &str| problem(StatusCode::BAD_REQUEST, message);
    while let Some(part) = form.next_field().await.map_err(|error| bad(&error.body_text()))? {
        if part.name() == Some("file") {
            let name = part.file_name().unwrap_or("upload").to_owned();
            let bytes = part.bytes().await.map_err(|error| bad(&error.body_text()))?;
            return Ok((name, bytes));
        }
    }
    Err(bad("a form with one part, file"))
}

/// Puts a file into the folder that the session's browser runs in.
pub(super) async fn upload(State(emulator): Shared, Path(id): Path<String>, form: Multipart) -> Answer {
    sessions::find(&emulator, &id)?;
    let (name, bytes) = file_of(form).await?;
    let name = plain(&name);
    if let Some(folder) = emulator.folder_of(&id) {
        let written = std::fs::create_dir_all(folder.join("uploads"))
            .and_then(|()| std::fs::write(folder.join("uploads").join(&name), &bytes));
        written.map_err(|error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))?;
    }
    Ok(Json(json!({"message": format!("{name} was uploaded")})).into_response())
}

/// A ZIP of the files that are there whole, in the session's folder `downloads`; what is asked for while one is under way is
/// the rest.
pub(super) async fn downloads(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    sessions::find(&emulator, &id)?;
    let folder = emulator.folder_of(&id).map(|folder| folder.join("downloads"));
    let files = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<_> = files
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && path.extension().is_none_or(|end| end != "crdownload"))
        .collect();
    paths.sort();
    let files = paths.iter().filter_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, std::fs::read(path).ok()?))
    });
    let zip =
        zipped(files).map_err(|error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/zip")], zip).into_response())
}

/// A ZIP of these.
pub(super) fn zipped(files: impl Iterator<Item = (String, Vec<u8>)>) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default())?;
        zip.write_all(&bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A name without folders.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match name {
        "" | "." | ".." => "upload".to_owned(),
        _ => name.to_owned(),
    }
}

pub(super) async fn create_extension(State(emulator): Shared, form: Multipart) -> Answer {
    let (name, bytes) = file_of(form).await?;
    let is_zip = zip::ZipArchive::new(Cursor::new(bytes)).is_ok();
    if !is_zip && !emulator.answers_anything() {
        return Err(problem(StatusCode::BAD_REQUEST, "an extension is a ZIP"));
    }
    let (id, made) = (id(), emulator.clock.wall());
    let extension = Extension { name, made };
    let shown = said::extension(&id, &extension);
    lock(&emulator.extensions).insert(id, extension);
    Ok(Json(shown).into_response())
}

pub(super) async fn extension(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    if let Some(extension) = lock(&emulator.extensions).get(&id) {
        return Ok(Json(said::extension(&id, extension)).into_response());
    }
    if !emulator.answers_anything() {
        return Err(absent("extension"));
    }
    let imagined = Extension {
        name: "extension.zip".to_owned(),
        made: emulator.clock.wall(),
    };
    Ok(Json(said::extension(&id, &imagined)).into_response())
}

pub(super) async fn delete_extension(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    match lock(&emulator.extensions).remove(&id) {
        Some(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        None if emulator.answers_anything() => Ok(StatusCode::NO_CONTENT.into_response()),
        None => Err(absent("extension")),
    }
}
