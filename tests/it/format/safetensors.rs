//! safetensors: refused exactly where the reference parser refuses, and parser differentials named.

use std::fmt::Write as _;

use safetensors::SafeTensors;
use weighbridge::fact::{Fact, Unread};

use crate::support::{
    fixture::{anomalies, facts, told},
    random::Random,
    safetensors::file,
};

const NAME: &str = "x.safetensors";

/// Why reading stopped, if it did.
fn refusal(bytes: &[u8]) -> Option<Unread> {
    facts(bytes.to_vec(), NAME)
        .into_iter()
        .find_map(|o| match o.fact {
            Fact::Unread(unread) => Some(unread),
            _ => None,
        })
}

/// The reference parser refuses; adding up ranges near 2^64 panics in builds that check, which is no acceptance.
fn reference_refuses(bytes: &[u8]) -> bool {
    let bytes = bytes.to_vec();
    let hook = std::panic::catch_unwind(move || SafeTensors::read_metadata(&bytes).is_err());
    hook.unwrap_or(true)
}

fn agrees(bytes: &[u8]) -> bool {
    let theirs = reference_refuses(bytes);
    let ours = refusal(bytes);
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(
        theirs,
        ours.is_some(),
        "reference refuses: {theirs}, ours: {ours:?}, on {shown}"
    );
    if let Some(ours) = ours {
        // Without anything like a header at the front it is called unknown instead.
        let header = bytes
            .get(8..)
            .and_then(|rest| rest.iter().find(|b| !b.is_ascii_whitespace()));
        if header == Some(&b'{') {
            assert!(matches!(ours, Unread::Malformed(_)), "{ours:?} on {shown}");
        }
    }
    theirs
}

#[test]
fn a_clean_file_has_nothing_to_report() {
    let bytes = file(
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   "#,
        8,
    );
    assert_eq!(told(&bytes, NAME), "[] is safetensors");
}

#[test]
fn the_broken_rule_is_named() {
    let entry = |shape: &str, range: &str| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{range}}}}}"#)
    };
    let cases = [
        ("hole", file(&entry("[1]", "[4,8]"), 8)),
        ("size", file(&entry("[3]", "[0,8]"), 8)),
        (
            "overflow",
            file(&entry("[9223372036854775807,4]", "[0,8]"), 8),
        ),
        ("backwards", file(&entry("[1]", "[8,4]"), 8)),
        ("trailing", file(&entry("[1]", "[0,4]"), 9)),
        ("short", file(&entry("[1]", "[0,4]"), 3)),
        ("length", [&[0xff; 8], b"{\"".as_slice()].concat()),
        ("json", file("{\"a\":}", 0)),
        (
            "overlap",
            file(
                r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
                6,
            ),
        ),
        (
            "bits",
            file(
                r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#,
                1,
            ),
        ),
    ];
    let mut said = String::new();
    for (case, bytes) in cases {
        assert!(reference_refuses(&bytes), "{case}");
        let Some(Unread::Malformed(how)) = refusal(&bytes) else {
            panic!("{case} is not malformed")
        };
        writeln!(said, "{case}: {how}").unwrap();
    }
    insta::assert_snapshot!(said, @"
    hole: tensor `a`: a hole before it, from 0 to 4
    size: tensor `a`: dtype and shape need 12 bytes, its range has 8
    overflow: tensor `a`: the product of its shape overflows
    backwards: tensor `a`: its byte range 8..4 ends before it begins
    trailing: the tensors end at 66, the file 5 bytes later
    short: the data of all tensors needs 4 bytes, 3 are left
    length: a header of 18446744073709551615 bytes; 100000000 is the most
    json: the header's JSON: expected value at line 1 column 6
    overlap: tensor `b`: its bytes from 2 overlap those before, which end at 4
    bits: tensor `a`: 12 bits are no whole number of bytes
    ");
}

#[test]
fn what_the_reference_lets_pass_is_an_anomaly() {
    let one = r#""a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
    for (kind, header) in [
        ("duplicate-tensor", format!("{{{one},{one}}}")),
        (
            "duplicate-key",
            r#"{"__metadata__":{"k":"1","k":"2"}}"#.into(),
        ),
        (
            "unknown-key",
            r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}"#.into(),
        ),
        ("unusual-entry", r#"{"a":["U8",[0],[0,0]]}"#.into()),
        (
            "unusual-entry",
            r#"{"a":{"dtype":{"U8":null},"shape":[0],"data_offsets":[0,0]}}"#.into(),
        ),
        ("unusual-padding", format!("\n{{{one}}}")),
        ("unusual-padding", format!("{{{one}}}\t")),
    ] {
        let bytes = file(&header, 0);
        assert!(!agrees(&bytes), "{header}");
        assert_eq!(anomalies(&bytes, NAME), [kind], "{header}");
    }
}

#[test]
fn something_else_of_that_name_is_not_passed() {
    for bytes in [
        &b"\x80\x04N."[..],
        b"",
        b"PK\x05\x06",
        b"not a tensor at all",
    ] {
        assert!(refusal(bytes).is_some() || told(bytes, NAME).contains("is pickle"));
    }
}

/// Headers that are nearly right: every part of one is sometimes another.
fn header(random: &mut Random) -> (String, usize) {
    let mut entries = Vec::new();
    let mut at = 0_usize;
    for i in 0..random.below(4) {
        let (dtype, bits) = *random.pick(&[
            ("F32", 32),
            ("U8", 8),
            ("F4", 4),
            ("F6_E2M3", 6),
            ("BF16", 16),
            ("C64", 64),
            ("F8_E8M0", 8),
            ("BOOL", 8),
        ]);
        let shape: Vec<usize> = (0..random.below(3)).map(|_| random.below(5)).collect();
        let size = (shape.iter().product::<usize>() * bits).div_ceil(8);
        let (mut start, mut end) = (at.to_string(), (at + size).to_string());
        at += size;
        let mut shape = format!("{shape:?}");
        let mut dtype = format!("\"{dtype}\"");
        let mut name = format!("t{i}");
        let mut more = String::new();
        match random.below(24) {
            0 => {
                start = (*random.pick(&[
                    "1",
                    "-1",
                    "0.0",
                    "-0",
                    "1e0",
                    "null",
                    "\"0\"",
                    "18446744073709551615",
                ]))
                .into();
            }
            1 => {
                end = (*random.pick(&[
                    "0",
                    "9",
                    "1.0",
                    "18446744073709551615",
                    "18446744073709551616",
                    "18446744073709551600",
                ]))
                .into();
            }
            2 => {
                shape = (*random.pick(&[
                    "[]",
                    "null",
                    "{}",
                    "[1,]",
                    "[[1]]",
                    "[4294967296,4294967296]",
                    "[0,9223372036854775808,4]",
                    "\"\"",
                ]))
                .into();
            }
            3 => {
                dtype = (*random.pick(&[
                    "\"F33\"",
                    "{\"U8\":null}",
                    "{\"U8\":{}}",
                    "{\"U8\":[]}",
                    "{\"U8\":1}",
                    "{}",
                    "null",
                    "3",
                    "[\"U8\"]",
                    "{\"U8\":null,\"U8\":null}",
                    "\"f32\"",
                ]))
                .into();
            }
            4 => {
                name =
                    (*random.pick(&["t0", "__metadata__", "", "\\u0000", "\\ud800", "é"])).into();
            }
            5 => {
                more = match random.below(8) {
                    0 => ",\"dtype\":\"U8\"".into(),
                    1 => ",\"x\":1e999".into(),
                    2 => ",\"x\":\"\\ud800\"".into(),
                    3 => format!(",\"x\":{}{}", "[".repeat(124), "]".repeat(124)),
                    4 => format!(",\"x\":{}{}", "[".repeat(126), "]".repeat(126)),
                    5 => ",\"x\":{\"y\":null,\"y\":[true,-1.5]}".into(),
                    6 => ",\"shape\":[]".into(),
                    _ => ",\"x\":null,\"x\":123456789012345678901234567890".into(),
                }
            }
            _ => {}
        }
        entries.push(match random.below(16) {
            0 => format!("\"{name}\":[{dtype},{shape},[{start},{end}]]"),
            1 => format!("\"{name}\":[{dtype},{shape},[{start},{end}],0]"),
            2 => format!("\"{name}\":{{\"data_offsets\":[{start},{end}],\"shape\":{shape},\"dtype\":{dtype}{more}}}"),
            3 => format!("\"{name}\":{{\"dtype\":{dtype},\"shape\":{shape},\"data_offsets\":[{start},{end},0]{more}}}"),
            4 => format!("\"{name}\":{{\"dtype\":{dtype},\"shape\":{shape}{more}}}"),
            _ => format!("\"{name}\":{{\"dtype\":{dtype},\"shape\":{shape},\"data_offsets\":[{start},{end}]{more}}}"),
        });
    }
    if random.below(3) == 0 {
        let metadata = *random.pick(&[
            "{}",
            "{\"format\":\"pt\"}",
            "null",
            "{\"a\":1}",
            "[]",
            "{\"a\":\"1\",\"a\":\"2\"}",
            "{\"a\":null}",
            "\"\"",
        ]);
        let at = random.below(entries.len() + 1);
        entries.insert(at, format!("\"__metadata__\":{metadata}"));
    }
    if random.below(8) == 0 && entries.len() > 1 {
        entries.reverse();
    }
    let lead = *random.pick(&["", "", "", "", "", " ", "\n", "\u{feff}", "\0"]);
    let tail = *random.pick(&["", "", "   ", "", "\n", "\t ", "\0", "x", ","]);
    let extra = *random.pick(&[0, 0, 0, 0, 0, 0, 0, 1]);
    (format!("{lead}{{{}}}{tail}", entries.join(",")), at + extra)
}

/// Both ways: they accept what we do not call malformed, and refuse what we do.
#[test]
fn agrees_with_the_reference_parser() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(|| {
        let mut random = Random::new(0xfeed_5afe);
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..6000 {
            let (header, data) = header(&mut random);
            let mut bytes = file(&header, data);
            match random.below(8) {
                0 => {
                    let at = random.below(bytes.len());
                    bytes[at] = *random.pick(b"{}[]\",:0 9\\u\xff\0");
                }
                1 => bytes.truncate(random.below(bytes.len() + 1)),
                2 => bytes[0] = bytes[0].wrapping_add(1),
                _ => {}
            }
            if agrees(&bytes) {
                refused += 1;
            } else {
                accepted += 1;
            }
        }
        assert!(
            accepted > 500 && refused > 500,
            "{accepted} accepted, {refused} refused"
        );
    });
    std::panic::set_hook(hook);
    if let Err(panic) = result {
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        panic!("{said}");
    }
}
