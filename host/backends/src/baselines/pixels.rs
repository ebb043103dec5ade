//! How two pictures are compared: pixel by pixel, by what people tell apart. Knows nothing of names and files.
//!
//! The difference of two colours is measured in YIQ (Kotsarenko and Ramos, "Measuring perceived color difference
//! using YIQ NTSC transmission color space in mobile applications", 2010). A pixel that differs is forgiven where
//! it is the blur of an edge (after Vyšniauskas, "Anti-aliased Pixel and Intensity Slope Detector", 2009), since
//! text is drawn a little differently from machine to machine.

use bytes::Bytes;
use flowguard_core::baseline::{BaselineError, Compared, Tolerance};
use flowguard_core::browser::Size;

/// Pixels of one picture at most: two of them, decoded, are 320 MB.
const MAX_PIXELS: u64 = 40_000_000;
/// The largest difference of two colours in YIQ, black and white.
const MAX_DELTA: f32 = 35_215.0;
/// Equal neighbours from which on a pixel lies in a plane and not on an edge.
const PLANE: usize = 3;

/// A decoded picture.
pub(super) struct Pixels {
    size: Size,
    /// Four bytes a pixel: red, green, blue, alpha.
    rgba: Vec<u8>,
}

/// A colour over white, 0 to 255 each.
#[derive(Clone, Copy, PartialEq)]
struct Color {
    r: f32,
    g: f32,
    b: f32,
}

impl Color {
    fn brightness(self) -> f32 {
        0.298_895 * self.r + 0.586_622 * self.g + 0.114_482 * self.b
    }

    /// How different two colours look, squared: 0 to [`MAX_DELTA`].
    fn delta(self, other: Self) -> f32 {
        let (r, g, b) = (self.r - other.r, self.g - other.g, self.b - other.b);
        let y = 0.298_895 * r + 0.586_622 * g + 0.114_482 * b;
        let i = 0.595_978 * r - 0.274_176 * g - 0.321_802 * b;
        let q = 0.211_470 * r - 0.522_617 * g + 0.311_147 * b;
        0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
    }
}

impl Pixels {
    /// Decodes a PNG, bounded.
    pub(super) fn decode(png: &[u8], what: &str) -> Result<Self, BaselineError> {
        let unreadable = |why: String| BaselineError::Unreadable {
            what: what.to_owned(),
            why,
        };
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(
            png::Transformations::EXPAND | png::Transformations::ALPHA | png::Transformations::STRIP_16,
        );
        let (width, height) = decoder
            .read_header_info()
            .map(|header| (header.width, header.height))
            .map_err(|error| unreadable(error.to_string()))?;
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(unreadable(format!(
                "it has {width} × {height} pixels; at most {MAX_PIXELS} are compared"
            )));
        }
        let mut reader = decoder
            .read_info()
            .map_err(|error| unreadable(error.to_string()))?;
        let length = reader.output_buffer_size().unwrap_or_default();
        let mut decoded = vec![0; length];
        let info = reader
            .next_frame(&mut decoded)
            .map_err(|error| unreadable(error.to_string()))?;
        decoded.truncate(info.buffer_size());
        let rgba = match info.color_type {
            png::ColorType::GrayscaleAlpha => decoded
                .chunks_exact(2)
                .flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]])
                .collect(),
            _ => decoded,
        };
        Ok(Self {
            size: Size { width, height },
            rgba,
        })
    }

    fn width(&self) -> usize {
        self.size.width as usize
    }

    fn height(&self) -> usize {
        self.size.height as usize
    }

    fn pixel(&self, x: usize, y: usize) -> &[u8] {
        let at = (y * self.width() + x) * 4;
        &self.rgba[at..at + 4]
    }

    fn color(&self, x: usize, y: usize) -> Color {
        let pixel = self.pixel(x, y);
        let alpha = f32::from(pixel[3]) / 255.0;
        let over_white = |value: u8| 255.0 + (f32::from(value) - 255.0) * alpha;
        Color {
            r: over_white(pixel[0]),
            g: over_white(pixel[1]),
            b: over_white(pixel[2]),
        }
    }

    /// The pixels around one, itself left out.
    fn around(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let columns = x.saturating_sub(1)..=(x + 1).min(self.width() - 1);
        let rows = y.saturating_sub(1)..=(y + 1).min(self.height() - 1);
        rows.flat_map(move |row| columns.clone().map(move |column| (column, row)))
            .filter(move |near| *near != (x, y))
    }

    /// Whether the pixel lies in a plane of its own colour; the picture's rim counts as one neighbour.
    fn is_in_plane(&self, x: usize, y: usize) -> bool {
        let is_at_rim = x == 0 || y == 0 || x + 1 == self.width() || y + 1 == self.height();
        let own = self.pixel(x, y);
        let equal = self
            .around(x, y)
            .filter(|(x, y)| self.pixel(*x, *y) == own)
            .count();
        equal + usize::from(is_at_rim) >= PLANE
    }

    /// Whether the pixel is the blur between a darker and a brighter plane, which both pictures have.
    fn is_blur_of_edge(&self, other: &Self, x: usize, y: usize) -> bool {
        let own = self.color(x, y).brightness();
        let (mut equal, mut darkest, mut brightest) = (0, (0.0, (x, y)), (0.0, (x, y)));
        for (column, row) in self.around(x, y) {
            let slope = self.color(column, row).brightness() - own;
            if slope == 0.0 {
                equal += 1;
            } else if slope < darkest.0 {
                darkest = (slope, (column, row));
            } else if slope > brightest.0 {
                brightest = (slope, (column, row));
            }
        }
        if equal >= PLANE || darkest.0 == 0.0 || brightest.0 == 0.0 {
            return false;
        }
        let is_plane_in_both = |(x, y)| self.is_in_plane(x, y) && other.is_in_plane(x, y);
        is_plane_in_both(darkest.1) || is_plane_in_both(brightest.1)
    }
}

/// What one pixel says.
#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Same,
    Blur,
    Different,
}

/// Compares two pictures.
pub(super) fn compare(
    expected: &Pixels,
    actual: &Pixels,
    tolerance: Tolerance,
) -> Result<Compared, BaselineError> {
    if expected.size != actual.size {
        return Ok(Compared::Resized {
            expected: expected.size,
            actual: actual.size,
        });
    }
    if expected.rgba == actual.rgba {
        return Ok(Compared::Same);
    }
    #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
    let threshold = tolerance.threshold as f32;
    let limit = MAX_DELTA * threshold * threshold;
    let (width, height) = (expected.width(), expected.height());
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let differing = places
        .filter(|(x, y)| seen(expected, actual, *x, *y, limit) == Seen::Different)
        .count() as u64;
    let of = (width * height) as u64;
    if tolerance.allows(differing, of) {
        return Ok(Compared::Same);
    }
    let diff = draw(expected, actual, limit).map_err(|error| BaselineError::Unreadable {
        what: "the difference".to_owned(),
        why: error.to_string(),
    })?;
    Ok(Compared::Different {
        pixels: differing,
        of,
        diff,
    })
}

fn seen(expected: &Pixels, actual: &Pixels, x: usize, y: usize, limit: f32) -> Seen {
    if expected.pixel(x, y) == actual.pixel(x, y) {
        return Seen::Same;
    }
    if expected.color(x, y).delta(actual.color(x, y)) <= limit {
        return Seen::Same;
    }
    match expected.is_blur_of_edge(actual, x, y) || actual.is_blur_of_edge(expected, x, y) {
        true => Seen::Blur,
        false => Seen::Different,
    }
}

/// The picture that shows where two differ: what differs in red, forgiven blur in yellow, the rest pale.
fn draw(expected: &Pixels, actual: &Pixels, limit: f32) -> Result<Bytes, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, actual.size.width, actual.size.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    let mut rows = writer.stream_writer()?;
    for y in 0..actual.height() {
        let row: Vec<u8> = (0..actual.width())
            .flat_map(|x| match seen(expected, actual, x, y, limit) {
                Seen::Different => [230, 0, 38],
                Seen::Blur => [255, 200, 0],
                Seen::Same => [pale(actual.color(x, y).brightness()); 3],
            })
            .collect();
        std::io::Write::write_all(&mut rows, &row)?;
    }
    rows.finish()?;
    writer.finish()?;
    Ok(out.into())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a brightness is 0 to 255"
)]
fn pale(brightness: f32) -> u8 {
    (255.0 - (255.0 - brightness) * 0.15).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of letters: `#` black, `.` white, `-` the grey of an edge's blur, `r` red, `w` nearly white.
    fn picture(rows: &[&str]) -> Pixels {
        let pixel = |letter: char| match letter {
            '#' => [0, 0, 0, 255],
            '-' => [128, 128, 128, 255],
            'r' => [255, 0, 0, 255],
            'w' => [250, 250, 250, 255],
            _ => [255, 255, 255, 255],
        };
        Pixels {
            size: Size {
                width: rows[0].len() as u32,
                height: rows.len() as u32,
            },
            rgba: rows.iter().flat_map(|row| row.chars().flat_map(pixel)).collect(),
        }
    }

    fn differing(expected: &[&str], actual: &[&str], tolerance: Tolerance) -> u64 {
        match compare(&picture(expected), &picture(actual), tolerance).unwrap() {
            Compared::Same => 0,
            Compared::Different { pixels, .. } => pixels,
            Compared::Resized { .. } => u64::MAX,
        }
    }

    #[test]
    fn colours_that_people_tell_apart_differ() {
        let white = ["....", "....", "....", "...."];
        assert_eq!(differing(&white, &white, Tolerance::DEFAULT), 0);
        assert_eq!(
            differing(&white, &["....", ".w..", "....", "...."], Tolerance::DEFAULT),
            0
        );
        assert_eq!(
            differing(&white, &["....", ".r..", "....", "...."], Tolerance::DEFAULT),
            1
        );
        let exact = Tolerance {
            threshold: 0.0,
            ..Tolerance::DEFAULT
        };
        assert_eq!(differing(&white, &["....", ".w..", "....", "...."], exact), 1);
    }

    #[test]
    fn the_blur_of_an_edge_is_forgiven_a_moved_edge_is_not() {
        let edge = ["..####", "..####", "..####", "..####"];
        let blurred = ["..-###", "..-###", "..-###", "..-###"];
        let moved = ["....##", "....##", "....##", "....##"];
        assert_eq!(differing(&edge, &blurred, Tolerance::DEFAULT), 0);
        assert_eq!(differing(&edge, &moved, Tolerance::DEFAULT), 8);
    }

    #[test]
    fn a_tolerance_lets_pixels_differ() {
        let (white, spotted) = (["....", "....", "....", "...."], ["r...", "....", "....", "...r"]);
        let with = |max_pixels, max_ratio| Tolerance {
            max_pixels,
            max_ratio,
            ..Tolerance::DEFAULT
        };
        assert_eq!(differing(&white, &spotted, with(1, 0.0)), 2);
        assert_eq!(differing(&white, &spotted, with(2, 0.0)), 0);
        assert_eq!(differing(&white, &spotted, with(0, 0.125)), 0);
        assert_eq!(differing(&white, &["..", ".."], with(u64::MAX, 1.0)), u64::MAX);
    }

    #[test]
    fn the_difference_is_drawn_and_can_be_read() {
        let (white, spotted) = (picture(&["....", "...."]), picture(&["r...", "...."]));
        let Compared::Different { diff, .. } = compare(&white, &spotted, Tolerance::DEFAULT).unwrap() else {
            panic!("they differ");
        };
        let drawn = Pixels::decode(&diff, "the difference").unwrap();
        assert_eq!(drawn.pixel(0, 0), [230, 0, 38, 255]);
        assert_eq!(drawn.pixel(1, 0), [255, 255, 255, 255]);
    }

    #[test]
    fn what_is_no_picture_is_told() {
        for broken in [&b""[..], b"GIF89a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"] {
            let error = Pixels::decode(broken, "baseline a.png")
                .err()
                .map(|error| error.to_string());
            let error = error.unwrap_or_default();
            assert!(
                error.starts_with("baseline a.png cannot be read as a PNG: "),
                "{error}"
            );
        }
    }

    /// A picture of 60,000 × 60,000 pixels is refused by its header, before anything is allocated for it.
    #[test]
    fn a_giant_picture_is_refused() {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 60_000, 60_000);
        encoder.set_color(png::ColorType::Grayscale);
        let written = encoder.write_header().map(drop);
        assert!(written.is_ok(), "{written:?}");
        let error = Pixels::decode(&bytes, "a picture")
            .err()
            .map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains("60000 × 60000"), "{error}");
    }
}
