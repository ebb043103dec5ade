//! What a context may be made to believe, and what is refused.

use super::*;

fn refused(options: &ContextOptions) -> String {
    let failure = options.check().expect_err("it is refused");
    assert_eq!(failure.code, Code::InvalidArgument);
    failure.message
}

#[test]
fn what_is_in_range_is_taken() {
    let options = ContextOptions {
        viewport: Some(Size {
            width: 390,
            height: 844,
        }),
        device_scale_factor: Some(3.0),
        locale: Some("zh-Hant-TW".to_owned()),
        time_zone: Some("America/Argentina/Buenos_Aires".to_owned()),
        geolocation: Some(Geolocation {
            latitude: -90.0,
            longitude: 180.0,
            accuracy: 0.0,
        }),
        extra_headers: vec![Header {
            name: "X-Tenant".to_owned(),
            value: Secret::new("a b".to_owned()),
        }],
        base_url: Some("https://shop.example/de/".to_owned()),
        ..ContextOptions::default()
    };
    assert_eq!(options.check(), Ok(()));
    assert_eq!(ContextOptions::default().check(), Ok(()));
}

#[test]
fn places_beyond_earth_are_refused() {
    for (latitude, longitude, accuracy) in [
        (90.1, 0.0, 0.0),
        (0.0, -180.5, 0.0),
        (0.0, 0.0, -1.0),
        (f64::NAN, 0.0, 0.0),
    ] {
        let place = Geolocation {
            latitude,
            longitude,
            accuracy,
        };
        assert_eq!(
            place.check().expect_err("refused").code,
            Code::InvalidArgument,
            "{place:?}"
        );
    }
}

#[test]
fn malformed_names_are_refused() {
    for locale in ["", "e", "en_GB", "en-", "english-languages"] {
        let options = ContextOptions {
            locale: Some(locale.to_owned()),
            ..ContextOptions::default()
        };
        assert!(refused(&options).starts_with("a locale is"), "{locale}");
    }
    for zone in ["", "Europe Berlin", "Europe/Berlin\n"] {
        let options = ContextOptions {
            time_zone: Some(zone.to_owned()),
            ..ContextOptions::default()
        };
        assert!(refused(&options).starts_with("a time zone is"), "{zone}");
    }
    for base in ["shop.example", "/shop"] {
        let options = ContextOptions {
            base_url: Some(base.to_owned()),
            ..ContextOptions::default()
        };
        assert!(refused(&options).starts_with("a base URL is"), "{base}");
    }
}

#[test]
fn a_refused_header_does_not_show_its_value() {
    for (name, value) in [("", "x"), ("a b", "x"), ("a:", "x"), ("token", "hunter2\r\nx: y")] {
        let header = Header {
            name: name.to_owned(),
            value: Secret::new(value.to_owned()),
        };
        let failure = check_headers(&[header]).expect_err("refused");
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }
}

#[test]
fn origins_are_written_as_browsers_write_them() {
    assert_eq!(
        check_origin("https://Shop.example:443/cart").as_deref(),
        Ok("https://shop.example")
    );
    for origin in ["shop.example", "about:blank", "data:text/html,x", ""] {
        assert!(check_origin(origin).is_err(), "{origin}");
    }
}

#[test]
fn media_keep_what_is_left_open() {
    let dark = Media {
        color_scheme: Some(ColorScheme::Dark),
        ..Media::default()
    };
    let print = Media {
        media_type: Some(MediaType::Print),
        ..Media::default()
    };
    let both = print.over(dark);
    assert_eq!(both.color_scheme, Some(ColorScheme::Dark));
    assert_eq!(both.media_type, Some(MediaType::Print));
    assert_eq!(dark.to_string(), "color scheme dark");
}
