//! Formats that are recognised and not read yet, and suffixes that models share with other files.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use weighbridge::{
    fact::{Content, Fact, Unread},
    format::{FORMATS, Home},
};

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        oracle,
        pickle::Pickle,
        zip::{archive, stored},
    },
};

/// A database of gdbm that holds a value.
fn gdbm(value: &[u8]) -> Vec<u8> {
    let mut file = b"\xcf\x9a\x57\x13\0\x10\0\0".to_vec();
    file.resize(12_288, 0);
    file.push(b'k');
    file.extend(value);
    file.resize(16_384, 0);
    file
}

/// The first page of a database of `SQLite` that has this table.
fn sqlite(table: &str) -> Vec<u8> {
    let mut file = b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20".to_vec();
    file.resize(4096 - table.len(), 0);
    file.extend(table.as_bytes());
    file
}

/// The same with a second page, which has these cells of a tree of this kind.
fn rows(kind: u8, cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = vec![kind, 0, 0];
    page.extend(u16::try_from(cells.len()).unwrap().to_be_bytes());
    page.extend([0; 3]);
    // An inner page has another one on its right.
    let first = if kind < 8 { 12 } else { 8 };
    page.resize(4096, 0);
    let mut end = page.len();
    for (at, cell) in cells.iter().enumerate() {
        end -= cell.len();
        page[end..end + cell.len()].copy_from_slice(cell);
        let pointer = u16::try_from(end).unwrap().to_be_bytes();
        page[first + 2 * at..first + 2 + 2 * at].copy_from_slice(&pointer);
    }
    [sqlite("CREATE TABLE t(a, b)"), page].concat()
}

/// A row of a table: a text, and a value of a type.
fn row(kind: u8, value: &[u8]) -> Vec<u8> {
    let record = [&[3, 15, kind][..], b"k", value].concat();
    let length = u8::try_from(record.len()).unwrap();
    [&[length, 1][..], &record].concat()
}

/// Files of each format, as their writers begin them: the name by which it is known, and content.
pub(crate) fn fixtures() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        (
            "accelerator",
            "model.rknn",
            b"RKNN\0\0\0\0\x04\0\0\0".to_vec(),
        ),
        ("dbm", "cache.pkl", gdbm(b"text")),
        (
            "coreml-compiled",
            "model.mil",
            b"program(1.0)\n[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{\"coremlc-version\", \"1\"}})]\n{\n    func main<ios16>(".to_vec(),
        ),
        (
            "coreml-compiled",
            "model.espresso.net",
            b"{\n  \"storage\" : \"model.espresso.weights\",\n  \"layers\" : [".to_vec(),
        ),
        (
            "h2o-mojo",
            "model.zip",
            archive(&[
                stored("model.ini", "[info]\nalgo = gbm\n\n[columns]\nx\n\n[domains]\n"),
                stored("experimental/modelDetails.json", "{}"),
                stored("trees/t00_000.bin", [0; 8]),
            ]),
        ),
        (
            "java-object",
            "weka.pkl",
            b"\xac\xed\0\x05sr\0\x1dweka.classifiers.trees.J48".to_vec(),
        ),
        (
            "marshal",
            "code.pkl",
            b"\xa7\x0d\x0d\x0a\0\0\0\0abcdefgh\xe3\0\0\0\0".to_vec(),
        ),
        (
            "mleap",
            "pipeline.zip",
            archive(&[
                stored("bundle.json", "{\"uid\": \"1\", \"format\": \"ml.combust.mleap.json\"}"),
                stored("root/model.json", "{\"op\": \"pipeline\"}"),
                stored("root/node.json", "{\"name\": \"pipeline\"}"),
            ]),
        ),
        ("mnn", "model.mnn", b"\x20\0\0\0\x1c\0\x24\0".to_vec()),
        (
            "ncnn",
            "model.param",
            b"7767517\n2 2\nInput data 0 1 data\nMyLayer out 1 1 data out\n".to_vec(),
        ),
        (
            "native-code",
            "model.llamafile",
            b"MZqFpD='\n\n\0\x10\xf8jartsr".to_vec(),
        ),
        (
            "onnx-syntax",
            "model.onnxtxt",
            b"<ir_version: 8, opset_import: [\"\" : 18]>\nagraph (float[N] x) => (float[N] y) { y = Relu(x) }".to_vec(),
        ),
        (
            "paddle",
            "model.pdmodel",
            b"\x0a\x04\x08\0\x10\x01".to_vec(),
        ),
        ("rar", "model.pkl.rar", b"Rar!\x1a\x07\x01\0".to_vec()),
        ("sqlite", "database.pkl", sqlite("CREATE TABLE t(a, b)")),
        (
            "vowpal-wabbit",
            "weights.bin",
            b"\x07\0\0\09.11.9\0\x01\0\0\0\0m\0\0\0\0".to_vec(),
        ),
    ]
}

fn recognised(name: &str, bytes: &[u8]) -> Vec<String> {
    let facts = facts(bytes.to_vec(), name);
    let of = |fact: &Fact| match fact {
        Fact::Unread(Unread::Unknown(Content::Recognised(id))) => Some(id.to_string()),
        _ => None,
    };
    facts.iter().filter_map(|o| of(&o.fact)).collect()
}

#[test]
fn each_is_named_and_refused() {
    let made: BTreeSet<&str> = fixtures().iter().map(|(id, ..)| *id).collect();
    let declared: BTreeSet<&str> = FORMATS
        .iter()
        .filter(|format| !format.is_read())
        .map(|format| format.id)
        .collect();
    assert_eq!(made, declared);
    for (id, name, bytes) in fixtures() {
        assert_eq!(
            recognised(name, &bytes).first().map(String::as_str),
            Some(id),
            "{name}"
        );
        let findings = judge(name, &facts(bytes, name));
        let rules: Vec<&str> = findings.iter().map(|f| f.rule.id).collect();
        assert!(
            rules.iter().all(|rule| *rule == "unknown-artifact"),
            "{name}: {rules:?}"
        );
    }
}

/// A magic that nothing else has counts under any name; one of a container or of data only where a model is expected.
#[test]
fn a_magic_counts_under_any_name_if_only_models_have_it() {
    let anywhere: Vec<&str> = fixtures()
        .iter()
        .filter(|(_, _, bytes)| !recognised("file.dat", bytes).is_empty())
        .map(|(id, ..)| *id)
        .collect();
    insta::assert_snapshot!(anywhere.join(" "), @"coreml-compiled coreml-compiled h2o-mojo mleap ncnn onnx-syntax vowpal-wabbit");
    for name in ["GGUF", "README"] {
        assert_eq!(told(b"GGUF is a format for models.\n", name), "", "{name}");
    }
}

#[test]
fn its_declaration_says_what_to_do_instead() {
    let said = |name: &str, bytes: &[u8]| {
        let findings = judge(name, &facts(bytes.to_vec(), name));
        let lines: Vec<String> = findings
            .iter()
            .map(|f| format!("{}\n  help: {}", f.message, f.help.first().unwrap()))
            .collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(said("model.pdmodel", b"\x0a\x04\x08\0\x10\x01"), @"
    it is a PaddlePaddle model, which is not read yet
      help: convert the parameters to safetensors
    ");
    insta::assert_snapshot!(said("model.keras", &archive(&[stored("a.txt", "a")])), @"
    it is named like a model file and holds a zip archive that is not laid out as a Keras model
      help: keep weights in a format that is read: safetensors, npy, or what `torch.save` writes
    ");
    insta::assert_snapshot!(said("model.pt", &archive(&[stored("a.txt", "a")])), @"
    it is named like a model file and holds a zip archive that is not laid out as a PyTorch checkpoint (zip)
      help: keep weights in a format that is read: safetensors, npy, or what `torch.save` writes
    ");
    insta::assert_snapshot!(said("model.onnx", &archive(&[stored("a.txt", "a")])), @"
    its name says ONNX model, its content is a zip archive
      help: rename it to say what it is, or save it as what its name says
    ");
}

/// What is in it is judged all the same.
#[test]
fn a_pickle_in_one_is_found() {
    let hostile = Pickle::proto(2).global("os", "system").stop();
    let members = [stored("schema.json", "{}"), stored("weights.pkl", &hostile)];
    for name in ["model.skops", "model.keras"] {
        let findings = judge(name, &facts(archive(&members), name));
        let rules: Vec<&str> = findings.iter().map(|f| f.rule.id).collect();
        assert!(rules.contains(&"unknown-artifact"), "{name}: {rules:?}");
        assert!(rules.contains(&"global-not-allowed"), "{name}: {rules:?}");
    }
}

/// Native code is refused where its name says that it is a model, and passed over as the library or program that it is.
#[test]
fn native_code_is_refused_where_a_model_is_expected() {
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
    let mut pe = b"MZ\x90\0".to_vec();
    pe.resize(0x3c, 0);
    pe.extend(0x80_u32.to_le_bytes());
    pe.resize(0x80, 0);
    pe.extend(b"PE\0\0\x64\x86");
    let mach = b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec();
    let universal = b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07".to_vec();
    let engine = [b"ftrt".as_slice(), &[0; 32]].concat();
    for bytes in [elf, pe, mach, universal, engine] {
        for name in ["model.bin", "model.pt", "yolo.engine", "net.plan"] {
            assert_eq!(recognised(name, &bytes), ["native-code"], "{name}");
        }
        for name in ["libtorch.so", "tool.exe", "a.out", "kernels.dll"] {
            assert_eq!(told(&bytes, name), "", "{name}");
        }
    }
    // A class of Java has the magic of Mach-O for several processors.
    assert!(recognised("model.bin", b"\xca\xfe\xba\xbe\0\0\0\x34\0\x1d").is_empty());
    for name in ["search.engine", "release.plan"] {
        assert_eq!(told(b"[engine]\nname = fast\n", name), "", "{name}");
    }
}

#[test]
fn a_suffix_belongs_to_one_format_and_says_who_else_uses_it() {
    let mut seen = BTreeSet::new();
    for format in FORMATS {
        for suffix in format.suffixes {
            let first = seen.insert(suffix.text);
            if suffix.home == Home::Plain {
                continue;
            }
            // A joblib file is a pickle, a mobile program a zip or a flatbuffer: only what is read tells them apart.
            let is_both =
                matches!(format.id, "joblib" | "torch-mobile") && suffix.home == Home::Own;
            assert!(first || is_both, "{} twice", suffix.text);
            let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            assert!(suffix.text.bytes().all(lower), "{}", suffix.text);
            assert_eq!(
                suffix.home == Home::Wrapping,
                format.container.is_some() && !matches!(format.id, "zip" | "torchserve"),
                "{}",
                suffix.text
            );
            if let Home::SharedWithText(others) | Home::Shared(others) = suffix.home {
                assert!(!others.is_empty() && !others.ends_with('.'), "{others}");
            }
        }
    }
}

/// Under a suffix that other files have as well, unknown content is no model: its loaders stop at its first bytes.
#[test]
fn a_shared_suffix_alone_refuses_nothing() {
    for (name, bytes) in [
        ("firmware/board.bin", b"\x01\x02\x03\0".as_slice()),
        ("art/cover.bin", b"GIF89a\x01\0\x01\0"),
        ("empty.bin", b""),
        (
            "tokenizer.model",
            b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02",
        ),
        ("data.zip", b"no archive"),
        ("plot.p", b"set term png\nplot 'a'\n"),
        ("pkg.pck", b"create or replace package p is\n"),
        ("data.lz4", b"\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0"),
    ] {
        assert_eq!(told(bytes, name), "", "{name}");
    }
    // Binary content where text is, and a page where a model should be.
    for (name, bytes) in [
        ("model.pt", b"\x01\x02".as_slice()),
        ("model.pth", b"\x01\x02"),
        ("model.ckpt", b"\x01\x02"),
        ("data.p", b"\x01\x02"),
        ("model.bin", b"<!DOCTYPE html><html>404</html>"),
    ] {
        let findings = judge(name, &facts(bytes.to_vec(), name));
        let rules: Vec<&str> = findings.iter().map(|f| f.rule.id).collect();
        assert_eq!(rules, ["unknown-artifact"], "{name}");
    }
}

/// Databases are ordinary files, unless a library unpickles what they hold.
#[test]
fn a_database_of_pickles_is_refused_under_any_name() {
    let pickle = |protocol: u8| Pickle::proto(protocol).unicode("text").stop();
    let framed = b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.";
    for (name, bytes, found) in [
        ("cache", gdbm(framed), &["dbm"][..]),
        ("cache.db", gdbm(&pickle(2)), &["dbm"]),
        ("cache.db", gdbm(b"an ordinary value"), &[]),
        (
            "cache",
            sqlite(
                "CREATE TABLE Dict (\n    key BLOB UNIQUE NOT NULL,\n    value BLOB NOT NULL\n  )",
            ),
            &["sqlite"],
        ),
        (
            "cache.db",
            sqlite(
                "CREATE TABLE Cache ( rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL)",
            ),
            &["sqlite"],
        ),
        (
            "cache.sqlite",
            sqlite("CREATE TABLE \"unnamed\" (key TEXT PRIMARY KEY, value BLOB)"),
            &["sqlite"],
        ),
        ("app.db", sqlite("CREATE TABLE users (id INTEGER)"), &[]),
        (
            "app.sqlite3",
            sqlite("CREATE TABLE t(key TEXT, value BLOB)"),
            &[],
        ),
        ("data.rds", b"X\n\0\0\0\x03\0\x04\x02\x03".to_vec(), &[]),
        ("data.RData", b"RDX3\nX\n\0\0\0\x03".to_vec(), &[]),
        (
            "a.pyc",
            b"\xa7\x0d\x0d\x0a\0\0\0\0abcdefgh\xe3\0\0\0\0".to_vec(),
            &[],
        ),
        (
            "code.marshal",
            b"\xe3\0\0\0\0\0\0\0\0".to_vec(),
            &["marshal"],
        ),
        (
            "code.pkl",
            b"c\x01\0\0\0\x01\0\0\0\x02\0\0\0".to_vec(),
            &["marshal"],
        ),
    ] {
        assert_eq!(recognised(name, &bytes), found, "{name}");
    }
}

/// Whatever the table is called, a row whose value is a pickle tells of a program that unpickles it.
#[test]
fn a_database_is_known_by_a_pickle_in_a_row() {
    let blob = |value: &[u8]| row(u8::try_from(12 + 2 * value.len()).unwrap(), value);
    let text = |value: &[u8]| row(u8::try_from(13 + 2 * value.len()).unwrap(), value);
    let known = |cell: Vec<u8>| {
        let file = rows(13, &[blob(b"data"), cell]);
        recognised("app.db", &file) == ["sqlite"]
    };
    for value in [
        &b"\x80\x04K\x01."[..],
        b"\x80\x02}q\x00.",
        b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.",
        b"cposix\nsystem\n(S'id'\ntR.",
        // What follows is not read.
        b"\x80\x02cposix\nsystem\nX\x02\0\0\0id\x85R.more",
    ] {
        assert!(known(blob(value)), "{value:?}");
        assert!(!known(text(value)), "{value:?}");
    }
    for value in [
        &b""[..],
        b"\x80",
        b"\x80\x02",
        b"\x80\x04K\x01",
        b"\x80\x04K\x01.more",
        b"\x80\x02B\xff\xff\xff\xff",
        b"comment\nof two lines\n",
        b"(a text) of a cabinet",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
    ] {
        assert!(!known(blob(value)), "{value:?}");
    }
    // Without numbers for its rows.
    let without = |kind, cell: Vec<u8>| recognised("app.db", &rows(kind, &[cell])) == ["sqlite"];
    let pickle = blob(b"\x80\x04K\x01.");
    assert!(without(10, [&pickle[..1], &pickle[2..]].concat()));
    assert!(without(
        2,
        [&[0, 0, 0, 3], &pickle[..1], &pickle[2..]].concat()
    ));
    assert!(!without(5, pickle));
}

/// A page full of pointers to one cell of many columns takes the time of a page.
#[test]
fn cells_that_overlap_cost_no_more() {
    let mut file = rows(13, &[]);
    let page = &mut file[4096..];
    page[3..5].copy_from_slice(&[0xff, 0xff]);
    for pointer in page[8..3000].chunks_exact_mut(2) {
        pointer.copy_from_slice(&3000_u16.to_be_bytes());
    }
    // A row of 1,000 columns with nothing in them.
    page[3000..3005].copy_from_slice(&[0x87, 0x6a, 1, 0x87, 0x6a]);
    let many: Vec<u8> = [file.as_slice()]
        .into_iter()
        .chain(std::iter::repeat_n(&file[4096..], 4000))
        .flatten()
        .copied()
        .collect();
    let started = std::time::Instant::now();
    assert_eq!(recognised("app.db", &many), [""; 0]);
    assert!(started.elapsed().as_secs() < 20);
}

/// What Python's own `sqlite3` writes.
#[test]
fn a_database_that_sqlite_wrote_is_known_by_its_pickles() {
    let script = "
import os, pickle, sqlite3, sys, tempfile
for size in (512, 4096, 65536):
    for value in (pickle.dumps({'a': [1, 2]}, 2), pickle.dumps(os.getcwd, 0), pickle.dumps({'a': list(range(9000))}), pickle.dumps('x' * 99999, 2),
                  b'\\x80' * 99999, b'a value', 'x' * 99999, 7, None, 0.5, b''):
        for table in ('Cache(key TEXT, n INTEGER, value BLOB)', 'Cache(key TEXT PRIMARY KEY, n INTEGER, value BLOB) WITHOUT ROWID'):
            path = tempfile.mktemp()
            db = sqlite3.connect(path)
            db.execute('PRAGMA page_size = %d' % size)
            db.execute('CREATE TABLE ' + table)
            for at in range(40):
                db.execute('INSERT INTO Cache VALUES (?, ?, ?)', ('key %d' % at, 10 ** at % 2 ** 62, value if at == 17 else b'other' * at))
            db.commit()
            db.close()
            print(int(isinstance(value, bytes) and value[-1:] == b'.'), open(path, 'rb').read().hex())
            os.remove(path)
";
    let Some(told) = oracle::piped("sqlite3", script, b"") else {
        return;
    };
    let mut both = BTreeSet::new();
    for line in told.lines() {
        let (expected, file) = line.split_once(' ').unwrap();
        let file = HEXLOWER.decode(file.as_bytes()).unwrap();
        let known = recognised("app.db", &file) == ["sqlite"];
        assert_eq!(known, expected == "1", "{} bytes", file.len());
        both.insert(known);
        // Damage neither stops nor slows it.
        for cut in [17, 100, 108, 512, 600, 4096, 4100, 5000] {
            let (kept, _) = file.split_at(cut.min(file.len()));
            recognised("app.db", kept);
        }
    }
    assert_eq!(both.len(), 2);
}

/// `dbm.dumb` puts each value at the next multiple of 512 bytes.
#[test]
fn a_shelf_is_read_as_the_pickles_in_it() {
    let (first, second) = (
        Pickle::proto(4).unicode("a").stop(),
        Pickle::proto(4).unicode("b").stop(),
    );
    let shelf = |zeros: usize, last: &[u8]| {
        let mut file = first.clone();
        file.resize(zeros, 0);
        [&file, last].concat()
    };
    let rules = |bytes: Vec<u8>| {
        let findings = judge("shelf.dat", &facts(bytes, "shelf.dat"));
        let rules = findings.iter().map(|finding| finding.rule.id);
        rules.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(rules(shelf(512, &second)), "");
    assert_eq!(
        rules(shelf(512, &crate::support::pickle::payload())),
        "global-not-allowed"
    );
    for odd in [
        shelf(511, &second),
        shelf(513, &second),
        shelf(1536, &second),
        shelf(512, b""),
    ] {
        assert_eq!(rules(odd), "pickle-anomaly");
    }
}
