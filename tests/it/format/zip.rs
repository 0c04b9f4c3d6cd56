//! zip: every description read, every disagreement named, every body a loader could see exposed, and ordinary archives left
//! in peace.

use std::{collections::BTreeSet, sync::Arc};

use weighbridge::{
    bytes::{Budget, Window},
    fact::Fact,
    format::{Reading, zip::directory},
    record::Recorder,
};

use crate::support::{
    fixture::{anomalies, facts, told},
    npy, oracle,
    zip::{Member, archive, deflated, end, stored},
};

/// Every content the directory exposes, with the names it could go by.
fn bodies(bytes: &[u8]) -> BTreeSet<(Vec<u8>, Vec<u8>)> {
    let window = Window::new(bytes.to_vec());
    let mut recorder = Recorder::default();
    let mut reading = Reading::new(&mut recorder, b"x.zip", window.len());
    let mut bodies = BTreeSet::new();
    let Ok(found) = directory(&window, &mut reading) else {
        return bodies;
    };
    for member in &found.members {
        for body in member.bodies(&window, 0, &Arc::new(Budget::default())) {
            let Ok(content) = body.and_then(|b| Ok(b.bytes_at(0, 1 << 20)?)) else {
                continue;
            };
            for name in [Some(&member.name), member.other_name.as_ref()]
                .into_iter()
                .flatten()
            {
                bodies.insert((name.as_bytes().to_vec(), content.clone()));
            }
        }
    }
    bodies
}

fn holds(bytes: &[u8], content: &[u8]) -> bool {
    bodies(bytes).iter().any(|(_, body)| body == content)
}

#[test]
fn ordinary_archives_are_left_in_peace() {
    let inner = archive(&[stored("x", "y")]);
    let ordinary = [
        archive(&[stored("a", "1"), deflated("b/c", [5; 300])]),
        archive(&[
            stored("m/data.txt", "x").torch(),
            stored("m/data/0", [1; 64]).torch(),
        ]),
        archive(&[stored("folder/", ""), stored("folder/empty", "")]),
        archive(&[stored("empty", "").torch(), stored("m", "1").torch()]),
        archive(&[stored("inner.zip", inner)]),
        archive(&[]),
        archive(&[stored("caf\u{e9}", "1")]),
    ];
    for bytes in ordinary {
        assert_eq!(
            anomalies(&bytes, "x.zip"),
            Vec::<String>::new(),
            "{}",
            told(&bytes, "x.zip")
        );
    }
}

#[test]
fn what_a_reader_sees() {
    let evil = Member {
        listed: false,
        ..stored("evil.npy", npy::array("'|u1'", "(1,)", b"1"))
    };
    let lied = Member {
        local_name: Some(b"b.npy".to_vec()),
        local_flags: Some(1),
        ..stored("b.txt", "hello")
    };
    insta::assert_snapshot!(told(&archive(&[stored("a.txt", "hi"), evil, lied]), "x.zip"), @"
    [] is zip
    [@ 0xcc..0xef] local-name-mismatch: `b.txt` is called `b.npy` in its local header
    [@ 0xcc..0xef] local-flags-mismatch: `b.txt` has flags 0x0000 in the directory, 0x0001 in its local header
    [@ 0x25..0xcc] gap-between-members: 167 bytes from 37 to 204 belong to nothing in the directory
    [@ 0x25..0xcc] orphan-member: `evil.npy` at 37 is in no directory; loaders that read from the front find it
    [] member a.txt, 2 bytes
    [] member b.txt, 5 bytes
    [b.txt] unread: of no known format: text, which is not read as a model
    [] member evil.npy, 129 bytes
    [evil.npy] is npy
    ");
}

#[test]
fn each_lie_has_its_name() {
    let plain = || stored("a", "12345678");
    let two = |a: Member, b: Member| archive(&[a, b]);
    let one = |m: Member| archive(&[m, stored("z", "last")]);
    let front = |lead: &[u8]| [lead, &archive(&[plain()])].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "local-name-mismatch",
            one(Member {
                local_name: Some(b"b".to_vec()),
                ..plain()
            }),
        ),
        (
            "local-flags-mismatch",
            one(Member {
                local_flags: Some(1),
                ..plain()
            }),
        ),
        (
            "local-method-mismatch",
            one(Member {
                local_method: Some(8),
                ..plain()
            }),
        ),
        (
            "local-size-mismatch",
            one(Member {
                local_sizes: Some((0, 0)),
                ..plain()
            }),
        ),
        (
            "encrypted-member",
            one(Member {
                flags: 1,
                ..plain()
            }),
        ),
        (
            "encrypted-member",
            one(Member {
                flags: 0x40,
                ..plain()
            }),
        ),
        (
            "patched-member",
            one(Member {
                flags: 0x20,
                ..plain()
            }),
        ),
        (
            "unknown-method",
            one(Member {
                method: 99,
                ..plain()
            }),
        ),
        ("size-impossible", one(Member { size: 4, ..plain() })),
        ("duplicate-member", two(plain(), stored("a", "other"))),
        ("ambiguous-member-name", two(plain(), stored("A", "other"))),
        (
            "ambiguous-member-name",
            two(stored("d/e", "1"), stored("d\\E", "2")),
        ),
        (
            "ambiguous-member-name",
            two(stored("\u{e9}", "1"), stored("e\u{301}", "2")),
        ),
        (
            "orphan-member",
            two(
                plain(),
                Member {
                    listed: false,
                    ..stored("h", "hidden")
                },
            ),
        ),
        (
            "gap-between-members",
            two(
                plain(),
                Member {
                    before: b"???".to_vec(),
                    ..stored("b", "")
                },
            ),
        ),
        ("bytes-before-archive", front(b"#!/bin/sh\n")),
        (
            "bytes-after-archive",
            [front(b""), b"tail".to_vec()].concat(),
        ),
        (
            "second-end-record",
            [front(b""), end(0, 0, 0, b"")].concat(),
        ),
        (
            "symlink-member",
            one(Member {
                attributes: 0xa1ff_0000,
                ..plain()
            }),
        ),
        ("unsafe-member-name", one(stored("../../x", ""))),
        ("unsafe-member-name", one(stored("/x", ""))),
        ("unsafe-member-name", one(stored("C:x", ""))),
        ("unsafe-member-name", one(stored("a\0b", ""))),
        ("unsafe-member-name", one(stored("a\x1bb", ""))),
    ];
    for (kind, bytes) in cases {
        let found = anomalies(&bytes, "x.zip");
        assert!(
            found.iter().any(|f| f == kind),
            "{kind}: {}",
            told(&bytes, "x.zip")
        );
    }
    let crc = archive(&[Member { crc: 1, ..plain() }]);
    let mut crc = crc;
    crc[14] = 2;
    assert_eq!(anomalies(&crc, "x.zip"), ["local-crc-mismatch"]);
}

#[test]
fn a_comment_is_mild_and_a_hidden_end_record_is_not() {
    let bytes = archive(&[stored("a", "1")]);
    let (body, tail) = bytes.split_at(bytes.len() - 22);
    let with = |comment: &[u8]| {
        let mut tail = tail.to_vec();
        tail[20..22].copy_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
        [body, &tail, comment].concat()
    };
    assert_eq!(
        anomalies(&with(b"made today"), "x.zip"),
        ["archive-comment"]
    );
    let hidden = anomalies(&with(&end(0, 0, 0, b"")), "x.zip");
    assert!(
        hidden.iter().any(|kind| kind == "second-end-record"),
        "{hidden:?}"
    );
}

#[test]
fn an_archive_without_a_directory_is_still_read() {
    let bytes = archive(&[
        stored("a", "first"),
        deflated("b", [9; 400]),
        deflated("c", [8; 90]).torch(),
    ]);
    let cut = &bytes[..bytes.len() - 30];
    assert!(holds(cut, b"first") && holds(cut, &[9; 400]) && holds(cut, &[8; 90]));
    assert!(told(cut, "x.zip").contains("no end record"));
}

#[test]
fn both_descriptions_of_a_body_are_read() {
    let packed = deflated("x", b"unpacked");
    let bytes = archive(&[Member {
        local_method: Some(0),
        ..packed.clone()
    }]);
    assert!(holds(&bytes, b"unpacked") && holds(&bytes, &packed.body));
    let bytes = archive(&[Member {
        flags: 1,
        ..stored("x", "not encrypted at all")
    }]);
    assert!(holds(&bytes, b"not encrypted at all"));
    let bytes = archive(&[Member {
        local_sizes: Some((3, 3)),
        ..stored("x", "123456")
    }]);
    assert!(holds(&bytes, b"123") && holds(&bytes, b"123456"));
}

#[test]
fn many_members_that_share_one_body_are_not_read_for_ever() {
    let body = vec![b'('; 200_000];
    let member = stored("a.npy", body);
    let one = archive(std::slice::from_ref(&member));
    let entry = member.entry(0);
    let start = one.len() - 22 - entry.len();
    let directory = entry.repeat(20_000);
    let size = u32::try_from(directory.len()).unwrap();
    let tail = end(20_000, size, u32::try_from(start).unwrap(), b"");
    let bytes = [&one[..start], &directory, &tail].concat();
    assert!(told(&bytes, "x.zip").contains("2 times an archive's size"));
}

#[test]
fn four_chance_bytes_do_not_make_an_archive() {
    for bytes in [
        b"text PK\x05\x06 and more text than an end record has bytes".to_vec(),
        [&[1; 500][..], &end(3, 100, 20, b"")].concat(),
        [&[1; 500][..], &end(0, 0, 0, b"")].concat(),
    ] {
        assert!(
            !facts(bytes, "data.raw")
                .iter()
                .any(|o| o.fact == Fact::Is("zip".into()))
        );
    }
}

#[test]
fn an_npz_is_one_whatever_its_name() {
    let numbers = npy::array("'<f8'", "(1,)", &[0; 8]);
    let bytes = archive(&[deflated("w.npy", &numbers)]);
    insta::assert_snapshot!(told(&bytes, "model.bin"), @"
    [] is npz
    [] member w.npy, 136 bytes
    [w.npy] is npy
    ");
}

/// Archives as `zipfile` writes them, streaming ones included, whole, damaged, joined and surrounded; and what `zipfile`
/// reads of each: one line per archive (hex), then one per member (name and content, hex).
const ZIPFILE: &str = r"
import io, random, struct, zipfile, warnings
warnings.simplefilter('ignore')
r = random.Random(20240229)
class Stream(io.RawIOBase):
    def __init__(s): s.b = bytearray()
    def writable(s): return True
    def write(s, d): s.b += bytes(d); return len(d)
def make():
    out = Stream() if r.random() < .3 else io.BytesIO()
    with zipfile.ZipFile(out, 'w', allowZip64=True) as z:
        for i in range(r.randrange(5)):
            name = r.choice(['a', 'b/c', 'data.pkl', 'é.txt', 'x' * 200, 'A', 'a'])
            info = zipfile.ZipInfo(name)
            info.compress_type = r.choice([0, 0, 8, 12, 14])
            if r.random() < .2: info.extra = b'\x99\x99\x04\x00abcd'
            data = bytes(r.choices(b'ab', k=r.choice([0, 1, 50, 3000])))
            if r.random() < .3:
                with z.open(info, 'w', force_zip64=True) as f: f.write(data)
            else: z.writestr(info, data)
        if r.random() < .1: z.comment = b'comment'
    return bytes(out.b if isinstance(out, Stream) else out.getvalue())
def lie(b):
    b = bytearray(b)
    for _ in range(r.choice([0, 0, 1, 1, 2, 4])):
        sigs = [i for s in (b'PK\3\4', b'PK\1\2', b'PK\5\6', b'PK\6\6', b'PK\6\7', b'PK\7\x08') for i in range(len(b)) if b.startswith(s, i)]
        if not sigs: break
        at = r.choice(sigs) + r.randrange(60)
        if at < len(b): b[at] = r.choice([0, 1, 8, 255, b[at] ^ 1, r.randrange(256)])
    k = r.random()
    if k < .08: b = bytearray(r.randbytes(r.randrange(1, 200))) + b
    elif k < .16: b += r.randbytes(r.randrange(1, 40))
    elif k < .24: b += make()
    elif k < .28: del b[r.randrange(len(b)):]
    return bytes(b)
for n in range(700):
    b = make()
    clean = n % 4 == 0
    if not clean: b = lie(b)
    print('clean' if clean else 'lies', b.hex())
    try: z = zipfile.ZipFile(io.BytesIO(b))
    except Exception: continue
    for i in z.infolist():
        try: data = z.open(i).read(1 << 20)
        except Exception: continue
        raw = i.orig_filename.encode('utf-8' if i.flag_bits & 0x800 else 'cp437')
        print('member', raw.hex() or '-', data.hex() or '-')
";

fn unhex(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Whatever `zipfile` can read of an archive is among the bodies we expose under that name; and what it writes itself is
/// nothing to report.
#[test]
fn sees_all_that_zipfile_sees() {
    let Some(output) = oracle::piped("zipfile, lzma, bz2", ZIPFILE, b"") else {
        return;
    };
    let mut archive = String::new();
    let mut ours = BTreeSet::new();
    let (mut archives, mut members) = (0, 0);
    for line in output.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields.as_slice() {
            [kind @ ("clean" | "lies"), hex] => {
                archives += 1;
                archive = (*hex).into();
                let bytes = unhex(hex);
                ours = bodies(&bytes);
                if *kind == "clean" {
                    let mut odd = anomalies(&bytes, "x.zip");
                    // The oracle writes these on purpose.
                    odd.retain(|kind| {
                        ![
                            "duplicate-member",
                            "ambiguous-member-name",
                            "archive-comment",
                            "misleading-suffix",
                        ]
                        .contains(&kind.as_str())
                    });
                    assert!(odd.is_empty(), "{odd:?} in {hex}");
                }
            }
            ["member", name, content] => {
                members += 1;
                let seen = (unhex(name), unhex(content));
                // An empty body may lie past the end of the file, where there is nothing to expose.
                assert!(
                    seen.1.is_empty() || ours.contains(&seen),
                    "`{}` is missing of {archive}",
                    String::from_utf8_lossy(&seen.0)
                );
            }
            _ => panic!("{line}"),
        }
    }
    assert!(
        archives == 700 && members > 500,
        "{archives} archives, {members} members"
    );
}
