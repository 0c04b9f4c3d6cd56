//! Artifacts inside compressed files and tars, under names that say nothing, and ordinary files that are compressed.

use std::io::Write as _;

use weighbridge::fact::Fact;

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        oracle,
        pickle::{Pickle, payload},
        tar, torch,
        zip::{archive, stored},
    },
};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn is_seen(file: Vec<u8>, name: &str) -> bool {
    judge(name, &facts(file, name))
        .iter()
        .any(|finding| finding.message.contains("posix.system"))
}

#[test]
fn what_is_compressed_is_read_under_any_name() {
    let zstd = ruzstd::encoding::compress_to_vec(
        payload().as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&payload()).unwrap();
    let lz4 = lz4.finish().unwrap();
    let zf = [format!("ZF{:<19}", "0x1c").into_bytes(), zlib(&payload())].concat();
    let concatenated = [zlib(b"N0"), zlib(&payload())].concat();
    let mut padded = gzip(b"N0");
    padded.extend([0; 8]);
    padded.extend(gzip(&payload()));
    let text = b"cposix\nsystem\n(S'true'\ntR.".to_vec();
    let cut = gzip(&[payload(), vec![7; 100_000]].concat());
    for (how, file) in [
        ("gzip", gzip(&payload())),
        ("zlib", zlib(&payload())),
        ("bzip2", bzip2(&payload())),
        ("zstd", zstd),
        ("lz4", lz4),
        ("old joblib", zf),
        ("twice", gzip(&zlib(&payload()))),
        ("a pickle without a magic", gzip(&text)),
        ("a pickle that two zlib streams hold", concatenated),
        ("a pickle that two padded gzip members hold", padded),
        (
            "an archive",
            gzip(&archive(&[
                stored("a/data.pkl", payload()),
                stored("a/version", "3\n"),
            ])),
        ),
        ("data that breaks off", cut[..cut.len() - 20].to_vec()),
    ] {
        for name in ["features.dat", "model.joblib", "x"] {
            assert!(is_seen(file.clone(), name), "{how}, {name}");
        }
    }
}

#[test]
fn every_codec_of_python_is_read() {
    const SCRIPT: &str = "import sys, lzma, bz2, gzip, zlib
d = sys.stdin.buffer.read()
for c in (lzma.compress(d), lzma.compress(d, format=lzma.FORMAT_ALONE), bz2.compress(d), gzip.compress(d), zlib.compress(d, 0),
          zlib.compress(d, 1), zlib.compress(d, 9), lzma.compress(b'N0') + lzma.compress(d), bz2.compress(b'N0') + bz2.compress(d)):
    print(c.hex())";
    let Some(told) = oracle::piped("lzma", SCRIPT, &payload()) else {
        return;
    };
    for line in told.lines() {
        let bytes = data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap();
        assert!(is_seen(bytes, "features.dat"), "{line}");
    }
    // As the reference tools write them.
    let zstd = b"\x28\xb5\x2f\xfd\x04\x58".as_slice();
    assert!(facts([zstd, b"\0\0"].concat(), "notes.dat").is_empty());
}

#[test]
fn tars_are_read_as_python_reads_them() {
    let python: tar::Number = |n, width| {
        let mut field = format!("0o{n:o}").into_bytes();
        field.resize(width, 0);
        field
    };
    let spaced: tar::Number = |n, width| {
        let mut field = format!(" +{n:o} ").into_bytes();
        field.resize(width, b' ');
        field
    };
    let binary: tar::Number = |n, width| {
        let mut field = vec![0; width];
        field[0] = 0x80;
        field[width - 8..].copy_from_slice(&n.to_be_bytes());
        if width == 8 {
            field[0] = 0x80;
        }
        field
    };
    for (how, number) in [
        ("octal", tar::octal as tar::Number),
        ("0o", python),
        ("spaces", spaced),
        ("binary", binary),
    ] {
        for name in ["storages", "m/weights.th"] {
            let mut file = tar::member(name, b'0', &payload(), number);
            file.extend([0; 1024]);
            assert!(is_seen(file.clone(), "weights.dat"), "{how}, {name}");
            assert!(
                is_seen(gzip(&file), "model.tar.gz"),
                "{how}, {name}, compressed"
            );
        }
    }
    let renamed = [
        tar::member("x", b'x', b"17 path=storages\n", tar::octal),
        tar::member("y", b'0', &payload(), tar::octal),
    ]
    .concat();
    assert!(told(&renamed, "x.dat").contains("is torch-tar"));
    // A member of a size that an extended header gives.
    let sized = [tar::member("x", b'x', b"11 size=28\n", tar::octal), {
        let mut member = tar::member("y", b'0', b"", tar::octal);
        member.extend(payload());
        member.resize(1024, 0);
        member
    }]
    .concat();
    assert!(is_seen(sized, "x.dat"));
}

#[test]
fn what_a_tar_says_of_itself() {
    let file = tar::archive(&[
        ("m/README", b"text".to_vec()),
        ("m/w.pkl", Pickle::proto(2).op(b'N').stop()),
    ]);
    insta::assert_snapshot!(told(&gzip(&file), "model.tar.gz"), @"
[] is compressed
[model.tar] is tar
[model.tar] member m/w.pkl, 4 bytes
[model.tar > m/w.pkl] is pickle
");
    let cut = tar::archive(&[
        ("m/w.pkl", Pickle::proto(2).op(b'N').stop()),
        ("m/z", vec![1; 4000]),
    ]);
    insta::assert_snapshot!(told(&cut[..2000], "model.tar"), @"
    [] is tar
    [] member m/w.pkl, 4 bytes
    [m/w.pkl] is pickle
    [] unread: malformed: the last member needs 4000 bytes, 464 are left
    ");
}

#[test]
fn ordinary_files_are_silent_however_they_are_compressed() {
    let log = "I 2024-01-02 start\n(c) somebody\nNothing\n".repeat(4000);
    let csv = "name,value\n".to_owned() + &"a,1\n".repeat(9000);
    let man = ".TH LS 1\n.SH NAME\nls\n".repeat(100);
    let source = tar::archive(&[
        ("p/setup.py", b"import os\n".to_vec()),
        ("p/p.c", b"#include <x.h>\nchar c;\n".to_vec()),
        ("p/site.pth", b"import site\n".to_vec()),
        ("p/CHANGES", b"Changes\n.\n".to_vec()),
        ("p/fw.bin", vec![1, 2, 3]),
    ]);
    for (name, bytes) in [
        ("app.log", log.as_bytes()),
        ("data.csv", csv.as_bytes()),
        ("ls.1", man.as_bytes()),
        ("p.tar", &source),
        ("empty", b""),
        ("changelog", b"cargo (1.0)\n\n  * x\n"),
    ] {
        for (suffix, file) in [
            ("gz", gzip(bytes)),
            ("bz2", bzip2(bytes)),
            ("zz", zlib(bytes)),
        ] {
            let name = format!("{name}.{suffix}");
            assert_eq!(told(&file, &name), "", "{name}");
        }
        if name == "p.tar" {
            assert_eq!(told(bytes, name), "", "{name}");
        }
    }
    // Bytes that only begin like compressed data.
    for bytes in [
        b"x\x01".as_slice(),
        b"x^y = 2\n",
        b"]\0\0\0\0",
        b"\x1f\x8b\x08",
        b"BZh91AY&SY",
        b"ZF0x12",
    ] {
        assert_eq!(told(bytes, "notes.dat"), "", "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_package_of_torch_is_code() {
    let package = |mark: &str| {
        archive(&[
            stored(format!("p/{mark}"), "os\n"),
            stored("p/collections/__init__.py", "import os\n"),
            stored("p/m/x.pkl", b"\x80\x02ccollections\nOrderedDict\n)R."),
        ])
    };
    for mark in [".data/extern_modules", ".DATA/EXTERN_MODULES"] {
        let findings = judge("model.pt", &facts(package(mark), "model.pt"));
        let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(
            messages,
            ["this is `torch-package`, a format that the policy does not allow here"],
            "{mark}"
        );
    }
    let beside = archive(&[
        stored("p/data.pkl", Pickle::proto(2).op(b'}').stop()),
        stored("p/version", "3\n"),
        stored("p/net.py", "import os\n"),
    ]);
    assert!(told(&beside, "model.pt").contains("[] is torch-package"));
    let script = archive(&[
        stored("p/constants.pkl", Pickle::proto(2).op(b')').stop()),
        stored("p/data.pkl", Pickle::proto(2).op(b')').stop()),
        stored("p/code/__torch__.py", "class A(Module):\n"),
        stored("p/version", "3\n"),
    ]);
    assert!(told(&script, "model.pt").contains("[] is torch-script"));
    // What is named like a checkpoint and laid out otherwise is not clean.
    let other = archive(&[stored("a/b.py", "import os\n"), stored("a/__init__.py", "")]);
    assert!(
        judge("model.bin", &facts(other.clone(), "model.bin"))
            .iter()
            .any(|f| f.rule.id == "unknown-artifact")
    );
    assert!(judge("source.zip", &facts(other, "source.zip")).is_empty());
    let real = torch::fixtures();
    let is_package = |o: &weighbridge::fact::Observation| matches!(&o.fact, Fact::Is(id) if id == "torch-package");
    for (name, bytes) in real {
        assert!(!facts(bytes, name).iter().any(is_package), "{name}");
    }
}
