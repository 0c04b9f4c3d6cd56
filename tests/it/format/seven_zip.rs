//! 7z archives, against the program that reads them in Python.

use std::{collections::BTreeSet, io::Cursor};

use sevenz_rust2::{
    ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, SourceReader,
};
use weighbridge::fact::{Fact, Global};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts, told},
        oracle,
        pickle::{Pickle, payload},
        torch,
    },
};

/// An archive of these files, each in a block of its own or all in one.
fn seven_zip(members: &[(&str, Vec<u8>)], solid: bool) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let entry = |name: &str| ArchiveEntry::new_file(name);
    if solid {
        let entries = members.iter().map(|(name, _)| entry(name)).collect();
        let readers = members
            .iter()
            .map(|(_, body)| SourceReader::from(Cursor::new(body.clone())));
        writer
            .push_archive_entries(entries, readers.collect())
            .unwrap();
    } else {
        for (name, body) in members {
            writer
                .push_archive_entry(entry(name), Some(Cursor::new(body.clone())))
                .unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let members = [
        ("folder/model.pkl", payload()),
        ("notes.txt", b"text\n".to_vec()),
        ("weights.pt", torch::zip(&torch::tensor())),
    ];
    vec![
        ("models.7z", seven_zip(&members, false)),
        ("solid.7z", seven_zip(&members, true)),
    ]
}

fn rules(name: &str, bytes: Vec<u8>) -> Vec<&'static str> {
    let findings = judge(name, &facts(bytes, name));
    findings.iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn members_are_judged_under_any_name() {
    let members = [("notes.txt", b"text\n".to_vec()), ("a/b.dat", payload())];
    for solid in [false, true] {
        for name in ["models.7z", "data", "model.pkl.7z"] {
            assert_eq!(
                rules(name, seven_zip(&members, solid)),
                ["global-not-allowed"],
                "{name}"
            );
        }
    }
    let clean = [("weights.pt", torch::zip(&torch::tensor()))];
    assert_eq!(rules("models.7z", seven_zip(&clean, true)), [""; 0]);
    // What has the name of a model is one; what others have as well may be anything.
    let noise = vec![0xa5, 0x11, 0xfe, 0x90, 0x3c];
    for (member, expected) in [
        ("model.safetensors", vec!["unknown-artifact"]),
        ("model.pt", vec!["unknown-artifact"]),
        ("data.bin", vec![]),
    ] {
        let archive = seven_zip(&[(member, noise.clone())], true);
        assert_eq!(rules("models.7z", archive), expected, "{member}");
    }
    // Text under a suffix that text has as well.
    let page = seven_zip(&[("page.pt", b"<p>${title}</p>\n".to_vec())], true);
    assert_eq!(told(&page, "pages.7z"), "");
    let pictures = seven_zip(&[("a.png", b"\x89PNG\r\n\x1a\n".to_vec())], true);
    assert_eq!(told(&pictures, "pictures.7z"), "");
}

#[test]
fn what_is_not_read_is_refused_where_a_model_is_expected() {
    let members = [("model.pkl", payload())];
    let mut whole = seven_zip(&members, false);
    // The checksum of the header.
    whole[8] ^= 0xff;
    for (name, expected) in [
        ("model.pkl.7z", vec!["incomplete-read"]),
        ("photos.7z", vec!["not-followed"]),
    ] {
        assert_eq!(rules(name, whole.clone()), expected, "{name}");
    }
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let mut dictionary = sevenz_rust2::encoder_options::Lzma2Options::from_level(1);
    dictionary.set_dictionary_size(512 << 20);
    let method = EncoderConfiguration::new(EncoderMethod::LZMA2).with_options(dictionary.into());
    writer.set_content_methods(vec![method]);
    let entry = ArchiveEntry::new_file("model.pkl");
    writer
        .push_archive_entry(entry, Some(Cursor::new(payload())))
        .unwrap();
    let large = writer.finish().unwrap().into_inner();
    // The name of the member tells of a model, whatever the archive is called.
    for name in ["model.pkl.7z", "photos.7z"] {
        assert_eq!(rules(name, large.clone()), ["incomplete-read"], "{name}");
    }
    // A first block that is broken hides none that follows it.
    let members = [("notes.txt", vec![b'a'; 4096]), ("model.pkl", payload())];
    let mut broken = seven_zip(&members, false);
    broken[40] ^= 0xff;
    assert_eq!(rules("photos.7z", broken.clone()), ["incomplete-read"]);
    let members = [("notes.txt", vec![b'a'; 4096]), ("more.txt", payload())];
    let mut broken = seven_zip(&members, false);
    broken[40] ^= 0xff;
    let findings = judge("photos.7z", &facts(broken, "photos.7z"));
    let told: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
    insta::assert_snapshot!(told.join("\n"), @"this member is not looked into: a 7z archive that is broken or cut off");
}

/// A member of any size is read as a stream, and an archive in an archive as well.
#[test]
fn large_members_and_archives_in_archives_are_read() {
    let mut large = vec![b'\0'; 40 << 20];
    large.splice(
        0..0,
        Pickle::proto(2)
            .op(b'N')
            .op(b'0')
            .raw([b'B'])
            .raw((40_u32 << 20).to_le_bytes())
            .unfinished(),
    );
    large.extend(Pickle::new().op(b'0').global("os", "system").stop());
    let once = seven_zip(&[("model.pkl", large)], false);
    assert_eq!(rules("models.7z", once.clone()), ["global-not-allowed"]);
    let twice = seven_zip(&[("inner.7z", once), ("after.pkl", payload())], true);
    assert_eq!(
        rules("models.7z", twice),
        ["global-not-allowed", "global-not-allowed"]
    );
}

fn globals(observed: &Observed) -> BTreeSet<String> {
    let named = observed.iter().filter_map(|o| match &o.fact {
        Fact::Global {
            global: Global::Named(name),
            ..
        } => Some(name.to_string()),
        _ => None,
    });
    named.collect()
}

/// Whatever py7zr unpacks is read, or the archive is said not to be.
#[test]
fn what_py7zr_unpacks_is_read() {
    let Some(python) = oracle::python("py7zr") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_SEVEN_ZIPS", 150).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let answers = oracle::run(
        &python,
        "seven_zips.py",
        &[dir.path().to_str().unwrap(), &count, &seed],
    );
    let mut read = 0;
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let unread = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        let names = answer["names"].as_array().unwrap().iter();
        let names: BTreeSet<String> = names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        let found = globals(&observed);
        assert!(
            unread || found.is_superset(&names),
            "{name}: {} {names:?} {found:?}",
            answer["how"]
        );
        if answer["genuine"] == true && answer["unsupported"] == false && !names.is_empty() {
            assert!(!unread, "{name}: {}", answer["how"]);
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
}
