//! Archives as what they are: packages of Python, `ar`, tars with holes and with members that are no files.

use std::{collections::BTreeSet, fmt::Write as _, process::Command};

use weighbridge::fact::{Fact, Global};

use crate::support::{
    comparison::{Needs, skip},
    fixture::{Fixture, Observed, facts, told},
    oracle,
    pickle::{Pickle, payload},
    tar,
    zip::{archive, deflated, stored},
};

use super::wrapped::{gzip, is_seen};

/// An `ar` archive of these files, with names as BSD, GNU or a library of old writes them.
fn ar(members: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"!<arch>\n".to_vec();
    for (name, body) in members {
        file.extend(
            format!(
                "{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                String::from_utf8_lossy(name),
                0,
                0,
                0,
                "100644",
                body.len()
            )
            .into_bytes(),
        );
        file.extend(body);
        if body.len() % 2 == 1 {
            file.push(b'\n');
        }
    }
    file
}

fn wheel() -> Vec<u8> {
    archive(&[
        deflated("p/m.py", "import os\n"),
        stored("p-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n"),
        stored("p-1.0.dist-info/RECORD", ""),
    ])
}

fn egg() -> Vec<u8> {
    archive(&[
        stored("EGG-INFO/PKG-INFO", "Name: p\n"),
        stored("w.pkl", Pickle::proto(2).op(b'N').stop()),
    ])
}

fn sdist() -> Vec<u8> {
    tar::archive(&[
        ("p-1.0/PKG-INFO", b"Name: p\n".to_vec()),
        ("p-1.0/w.pkl", Pickle::proto(2).op(b'N').stop()),
    ])
}

/// A tar whose member has holes, with a map in GNU's old header: four stretches there and one in a further block.
fn sparse() -> Vec<u8> {
    let body = [payload(), vec![0; 4096]].concat();
    let stretches: Vec<(u64, u64)> = (0..4)
        .map(|n| (n * 4, 4))
        .chain([(16, payload().len() as u64 - 16)])
        .collect();
    let stored = &body[..payload().len()];
    let mut header = tar::member("m/w.dat", b'S', b"", tar::octal);
    let mut put =
        |at: usize, number: u64| header[at..at + 12].copy_from_slice(&tar::octal(number, 12));
    put(124, stored.len() as u64);
    for (n, (offset, length)) in stretches[..4].iter().enumerate() {
        put(386 + n * 24, *offset);
        put(398 + n * 24, *length);
    }
    put(483, body.len() as u64);
    header[482] = 1;
    header[148..156].copy_from_slice(b"        ");
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..156].copy_from_slice(&tar::octal(sum, 8));
    let mut further = vec![0; 512];
    further[..12].copy_from_slice(&tar::octal(stretches[4].0, 12));
    further[12..24].copy_from_slice(&tar::octal(stretches[4].1, 12));
    let mut file = [header, further, stored.to_vec()].concat();
    file.resize(file.len().next_multiple_of(512) + 1024, 0);
    file
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("p.whl", wheel()),
        ("p.egg", egg()),
        ("p.tar", sdist()),
        (
            "p.deb",
            ar(&[(b"debian-binary", b"2.0\n".to_vec()), (b"w.pkl", payload())]),
        ),
        ("sparse.tar", sparse()),
    ]
}

#[test]
fn packages_of_python_are_named() {
    insta::assert_snapshot!(told(&wheel(), "p-1.0-py3-none-any.whl"), @"
    [] is wheel
    [] member p/m.py, 10 bytes
    [] member p-1.0.dist-info/WHEEL, 19 bytes
    [] member p-1.0.dist-info/RECORD, 0 bytes
    ");
    insta::assert_snapshot!(told(&egg(), "p.egg"), @"
    [] is egg
    [] member EGG-INFO/PKG-INFO, 8 bytes
    [] member w.pkl, 4 bytes
    [w.pkl] is pickle
    ");
    insta::assert_snapshot!(told(&gzip(&sdist()), "p-1.0.tar.gz"), @"
    [] is compressed
    [p-1.0.tar] is sdist
    [p-1.0.tar] member p-1.0/w.pkl, 4 bytes
    [p-1.0.tar > p-1.0/w.pkl] is pickle
    ");
    // Whatever a loader opens claims the archive first.
    let both = archive(&[
        stored("p-1.0.dist-info/WHEEL", ""),
        stored("p/data.pkl", Pickle::proto(2).op(b'}').stop()),
        stored("p/version", "3\n"),
    ]);
    assert!(told(&both, "p.whl").contains("[] is torch-zip"));
    // A model's name promises a model.
    assert!(told(&wheel(), "model.pt").contains("unread"));
}

#[test]
fn members_of_ar_are_read_whoever_wrote_it() {
    let long = b"a/rather/long/name.dat/\n".to_vec();
    for file in [
        ar(&[(b"w.dat", payload())]),
        ar(&[(b"w.dat/", payload())]),
        ar(&[
            (b"/", b"\0\0\0\0".to_vec()),
            (b"//", long),
            (b"/0", payload()),
        ]),
        ar(&[
            (b"odd", b"x".to_vec()),
            (
                b"#1/20",
                [b"long name.dat\0\0\0\0\0\0\0".to_vec(), payload()].concat(),
            ),
        ]),
        ar(&[(
            b"data.tar.gz",
            gzip(&tar::archive(&[("./usr/w.dat", payload())])),
        )]),
    ] {
        assert!(is_seen(file, "libx.a"));
    }
    let library = ar(&[(b"/", vec![0; 8]), (b"x.o/", b"\x7fELF\x02\x01".repeat(20))]);
    assert!(facts(library.clone(), "libx.a").is_empty());
    assert!(told(&library, "model.pt").contains("unread"));
    let cut = ar(&[(b"w.pkl", payload())]);
    insta::assert_snapshot!(told(&cut[..cut.len() - 8], "x.deb").lines().last().unwrap(), @"[] unread: malformed: the last member needs 28 bytes, 20 are left");
}

#[test]
fn members_with_holes_are_read() {
    assert!(is_seen(sparse(), "x.dat"));
    assert!(is_seen(gzip(&sparse()), "x.dat"));
    // A map that is out of order is none.
    let mut file = sparse();
    file.swap(386 + 10, 386 + 24 + 10);
    let sum: u64 = (0..512)
        .map(|at| {
            if (148..156).contains(&at) {
                32
            } else {
                u64::from(file[at])
            }
        })
        .sum();
    file[148..156].copy_from_slice(&tar::octal(sum, 8));
    assert!(
        told(&file, "x.tar").contains("unread"),
        "{}",
        told(&file, "x.tar")
    );
}

#[test]
fn links_and_devices_are_noted_and_not_followed() {
    let mut link = tar::member("l", b'2', b"", tar::octal);
    link[157..168].copy_from_slice(b"/etc/passwd");
    link[148..156].copy_from_slice(b"        ");
    let sum: u64 = link.iter().map(|byte| u64::from(*byte)).sum();
    link[148..156].copy_from_slice(&tar::octal(sum, 8));
    let device = tar::member("d", b'3', b"", tar::octal);
    let rest = tar::archive(&[("w.pkl", Pickle::proto(2).op(b'N').stop())]);
    let file = [link.clone(), device.clone(), rest].concat();
    insta::assert_snapshot!(told(&file, "x.tar"), @"
    [] is tar
    [] Special { name: Text(l), what: Link { target: Text(/etc/passwd) } }
    [] Special { name: Text(d), what: Device }
    [] member w.pkl, 4 bytes
    [w.pkl] is pickle
    ");
    assert!(facts([link, device, vec![0; 1024]].concat(), "x.tar").is_empty());
}

/// What GNU tar and Python's `tarfile` write and read of files with holes, in each generation of headers.
#[test]
fn files_with_holes_are_what_python_extracts() {
    const SCRIPT: &str = "import io, subprocess, sys, tarfile, tempfile, os
d = sys.stdin.buffer.read()
with tempfile.TemporaryDirectory() as t:
    p = os.path.join(t, 'w.dat')
    with open(p, 'wb') as f:
        f.write(d); f.seek(1 << 20); f.write(b'x' * 5000); f.truncate(3 << 20)
    for args in (['--format=gnu'], ['--format=posix', '--sparse-version=0.0'], ['--format=posix', '--sparse-version=0.1'],
                 ['--format=posix', '--sparse-version=1.0']):
        out = subprocess.run(['tar', '--hole-detection=raw', '-S', *args, '-C', t, '-cf', '-', 'w.dat'], stdout=subprocess.PIPE, check=True).stdout
        m = tarfile.open(fileobj=io.BytesIO(out))
        n = m.next()
        assert n.issparse() and m.extractfile(n).read(len(d)) == d and n.size == 3 << 20
        print(out.hex())";
    let version = Command::new("tar").arg("--version").output();
    if !version.is_ok_and(|out| out.stdout.starts_with(b"tar (GNU")) {
        skip!(Needs::Program("tar"), "it is not GNU's");
    }
    let Some(files) = oracle::piped("tarfile", SCRIPT, &payload()) else {
        return;
    };
    assert_eq!(files.lines().count(), 4);
    for line in files.lines() {
        let bytes = data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap();
        assert!(bytes.len() < 40 << 10);
        assert!(is_seen(bytes.clone(), "x.tar"), "{line}");
        let member = told(&bytes, "x.tar");
        assert!(member.contains("member w.dat, 3145728 bytes"), "{member}");
    }
}

/// Modules that are named `m` and a number.
fn modules(observed: &Observed) -> BTreeSet<u64> {
    let named = observed.iter().filter_map(|o| match &o.fact {
        Fact::Global {
            global: Global::Named(name),
            ..
        } => name.module.as_str()?.strip_prefix('m')?.parse().ok(),
        _ => None,
    });
    named.collect()
}

/// The pickles in whatever `zipfile` reads of an archive are reported, or that something of it is not read; of an undamaged one no
/// others.
#[test]
fn members_of_damaged_zips_are_those_that_python_reads() {
    let Some(python) = oracle::python("zipfile, lzma, bz2") else {
        return;
    };
    let count = oracle::number("WEIGHBRIDGE_ZIP_FILES", 3000).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let (mut wrong, mut whole, mut read) = (String::new(), 0, 0);
    for case in oracle::run(&python, "zips.py", &[&count, &seed]) {
        let hex = case["file"].as_str().unwrap();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let observed = facts(bytes, "x.zip");
        let ours = modules(&observed);
        let found = case["seen"].as_array().unwrap();
        let theirs: BTreeSet<u64> = found.iter().filter_map(serde_json::Value::as_u64).collect();
        let is_whole = case["whole"].as_bool().unwrap();
        let unread = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        whole += usize::from(is_whole);
        read += usize::from(!is_whole && !unread && !theirs.is_empty());
        let same = if is_whole {
            ours == theirs && !unread
        } else {
            theirs.is_subset(&ours) || unread
        };
        if !same {
            writeln!(wrong, "{theirs:?}, not {ours:?}: {hex}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(whole > 500 && read > 500, "{whole} {read}");
}

/// The pickles in whatever `tarfile` reads of a tar are reported, and of an undamaged one no others.
#[test]
fn members_of_damaged_tars_are_those_that_python_reads() {
    let Some(python) = oracle::python("tarfile") else {
        return;
    };
    let count = oracle::number("WEIGHBRIDGE_TAR_FILES", 3000).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let (mut wrong, mut whole) = (String::new(), 0);
    for case in oracle::run(&python, "tars.py", &[&count, &seed]) {
        let hex = case["file"].as_str().unwrap();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let ours = modules(&facts(bytes, "x.tar"));
        let found = case["seen"].as_array().unwrap();
        let theirs: BTreeSet<u64> = found.iter().filter_map(serde_json::Value::as_u64).collect();
        let read_whole = case["whole"].as_bool().unwrap();
        whole += usize::from(read_whole);
        if !theirs.is_subset(&ours) || read_whole && ours != theirs {
            writeln!(wrong, "{theirs:?}, not {ours:?}: {hex}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(whole > 500);
}
