//! Pickles without a magic, under names that say nothing: what any unpickler would run is seen, and only what stops every one of
//! them makes it text.

use std::collections::BTreeSet;

use weighbridge::fact::{Fact, Global, Unread};

use crate::{
    rule::judge,
    support::{
        fixture::facts,
        oracle,
        pickle::{Pickle, payload},
        random::Random,
    },
};

/// `posix.system('true')` in text.
const RUN: &[u8] = b"cposix\nsystem\n(S'true'\ntR.";

/// Whether the call is told of a file that could be anything.
fn is_seen(file: &[u8]) -> bool {
    judge("weights.dat", &facts(file.to_vec(), "weights.dat"))
        .iter()
        .any(|finding| finding.message.contains("posix.system"))
}

fn after(noise: impl AsRef<[u8]>) -> Vec<u8> {
    [noise.as_ref(), RUN].concat()
}

fn framed(body: &[u8], length: usize) -> Vec<u8> {
    [b"\x95".as_slice(), &(length as u64).to_le_bytes(), body].concat()
}

#[test]
fn nothing_that_an_unpickler_passes_hides_what_follows() {
    let long = [b"X\x40\x0d\x03\0".as_slice(), &vec![b'a'; 200_000], b"0I1x"].concat();
    for (how, noise) in [
        (
            "a folder of the standard library",
            b"clib-dynload\n__name__\n0".to_vec(),
        ),
        (
            "a folder with white space",
            b"cmy models\n__path__\n0".to_vec(),
        ),
        (
            "a module that looks like prose",
            b"character(a) :: b\nb\n0".to_vec(),
        ),
        (
            "white space that only Python takes",
            b"F\x0b1.0\n0".to_vec(),
        ),
        ("underscores", b"F1_0.5\n0I1_0\n0L1_0L\n0".to_vec()),
        (
            "a number that C takes up to its NUL",
            b"I5\0junk\n0".to_vec(),
        ),
        ("a bool to C, a number to Python", b"I+0\n0".to_vec()),
        ("prefixes", b"I0xf\n0I0b1\n0I0o7\n0I010\n0".to_vec()),
        (
            "a memo index beyond 63 bits",
            b"Np99999999999999999999\n0".to_vec(),
        ),
        (
            "one that is fetched again",
            b"Np99999999999999999999\ng099999999999999999999\n00".to_vec(),
        ),
        ("a persistent id", b"Panything\n0NQ0".to_vec()),
        ("an extension code", b"\x82\x010".to_vec()),
        ("constants, marks and pops", b"(NK\x01S'x'\n1((0N0".to_vec()),
        ("state that is set on a class", b"ca\nb\n}b0".to_vec()),
        ("a pickle of its own", b"N.".to_vec()),
        (
            "a number that a frame cuts",
            [framed(&long, long.len()), b"0\n0".to_vec()].concat(),
        ),
        (
            "a line that a frame cuts",
            framed(b"S'a", 3).into_iter().chain(*b"'\n0").collect(),
        ),
    ] {
        assert!(is_seen(&after(&noise)), "{how}");
    }
    // The pure-Python unpickler takes a line that the data ends in, less a byte.
    assert!(is_seen(b"(S'true'\niposix\nsystemX"));
    assert!(is_seen(&after(b"(S'x'\nia\nb\n0")));
    // In what every unpickler stops at, nothing follows.
    for noise in [
        b"Iabc\n".as_slice(),
        b"F1.2.3\n",
        b"NK\x01)R",
        b"K\x01K\x02\x93",
        b"Ng1\n",
        b"S'x\n",
    ] {
        assert!(
            facts(after(noise), "notes.txt").is_empty(),
            "{}",
            noise.escape_ascii()
        );
    }
}

#[test]
fn a_limit_is_never_forgotten() {
    let marks = after(vec![b'('; weighbridge::limits::MARKS + 1]);
    let seen = facts(marks, "weights.dat");
    let limit = |fact: &Fact| matches!(fact, Fact::Unread(Unread::Limit(_)));
    assert!(seen.iter().any(|o| limit(&o.fact)));
    // More operands that cross a frame than are read both ways.
    let straddles: Vec<u8> = (0..12)
        .flat_map(|_| framed(b"X\x01\0", 3).into_iter().chain(*b"\0\0a0"))
        .collect();
    let seen = facts(after(straddles), "weights.dat");
    assert!(seen.iter().any(|o| limit(&o.fact)));
}

/// An unpickler that is used again counts its memo on, so that MEMOIZE and GET mean other entries than in a fresh one.
#[test]
fn a_memo_that_goes_on_counting_is_followed() {
    let names = |module: &str, name: &str| {
        Pickle::proto(4)
            .short_unicode(module)
            .memoize()
            .short_unicode(name)
            .memoize()
    };
    let first = names("posix", "system").op(0x86).stop();
    let second = names("collections", "OrderedDict")
        .op(0x86)
        .op(b'0')
        .raw(b"h\0h\x01\x93")
        .stop();
    let file = [first.clone(), second].concat();
    let findings = judge("two.pkl", &facts(file, "two.pkl"));
    let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
    insta::assert_snapshot!(messages.join("\n"), @"an unpickler that is used for one pickle after another resolves posix.system here, which runs a program or changes the system");
    // Honest pickles, one after another, make nonsense for such an unpickler, and are not refused for it.
    let honest = names("collections", "OrderedDict")
        .op(0x86)
        .op(b'0')
        .raw(b"h\0h\x01\x93")
        .stop();
    let file = [names("learning_rate", "momentum").op(0x86).stop(), honest].concat();
    assert!(judge("two.pkl", &facts(file, "two.pkl")).is_empty());
}

/// Real payloads behind random noise, as CPython's unpicklers take them.
#[test]
fn whatever_an_unpickler_runs_behind_noise_is_seen() {
    let Some(python) = oracle::python("pickle") else {
        return;
    };
    let mut random = Random::new(0x7e57);
    let files: Vec<Vec<u8>> = (0..3000).map(|_| noisy(&mut random)).collect();
    let dir = tempfile::tempdir().unwrap();
    for (n, file) in files.iter().enumerate() {
        std::fs::write(dir.path().join(n.to_string()), file).unwrap();
    }
    let count = files.len().to_string();
    let answers = oracle::run(
        &python,
        "unpickle.py",
        &[dir.path().to_str().unwrap(), &count],
    );
    let mut run = 0;
    for (file, answer) in files.iter().zip(answers) {
        let resolves = answer.as_object().unwrap().values().any(|reading| {
            let names = reading["names"].as_array().unwrap();
            names.iter().any(|name| name[1] == "system")
        });
        if resolves {
            run += 1;
            let named: BTreeSet<Vec<u8>> = facts(file.clone(), "weights.dat")
                .iter()
                .filter_map(|o| match &o.fact {
                    Fact::Global {
                        global: Global::Named(name),
                        ..
                    } => Some(name.name.as_bytes().to_vec()),
                    _ => None,
                })
                .collect();
            assert!(
                named.contains(b"system".as_slice()),
                "b\"{}\"",
                file.escape_ascii()
            );
        }
    }
    assert!(run > 1000, "{run}");
}

/// A payload behind pieces of pickle that some unpicklers take.
fn noisy(random: &mut Random) -> Vec<u8> {
    const NUMBERS: &[&str] = &[
        "1",
        "00",
        "01",
        "+0",
        "0xf",
        "0o17",
        "1_0",
        "08",
        " 7",
        "\u{b}1",
        "1\0z",
        "99999999999999999999",
        "abc",
        "",
        "1L",
        "1.0",
        "inf",
        "1e5",
        ".5",
        "1e999",
        "0_7",
        "--1",
        "1\r",
        "\u{661}",
    ];
    const NAMES: &[&str] = &[
        "lib-dynload",
        "a b",
        "x/y",
        "os",
        "Net(Module)",
        "",
        ".os",
        "a..b",
        "é",
        "a\tb",
        "\"q\"",
    ];
    let mut file = Vec::new();
    for _ in 0..=random.below(5) {
        let (number, name) = (*random.pick(NUMBERS), *random.pick(NAMES));
        let piece = match random.below(14) {
            0 => format!("I{number}\n0"),
            1 => format!("F{number}\n0"),
            2 => format!("L{number}\n0"),
            3 => format!("Np{number}\n0"),
            4 => format!("Np{number}\ng{number}\n00"),
            5 => format!("c{name}\n{name}\n0"),
            6 => format!("(i{name}\n{name}\n0"),
            7 => format!("P{name}\n0"),
            8 => "(NK\u{1}1".to_owned(),
            9 => "N.".to_owned(),
            10 => "ca\nb\n}b0".to_owned(),
            11 => "]Na0}NNs0".to_owned(),
            12 => "S'a'\n0Vb\n0".to_owned(),
            _ => "(0".to_owned(),
        };
        let piece = piece.into_bytes();
        if random.below(5) == 0 {
            let length = (piece.len() + random.below(3)).saturating_sub(1);
            file.extend(framed(&piece, length));
        } else {
            file.extend(piece);
        }
    }
    match random.below(3) {
        0 => file.extend(RUN),
        1 => file.extend(payload()),
        _ => file.extend(b"(S'true'\niposix\nsystem\n."),
    }
    file
}
