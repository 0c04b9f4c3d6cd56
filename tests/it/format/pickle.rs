//! Pickles: what a reader sees for each family of opcodes, what damage leaves of it, and what it may cost.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use weighbridge::{
    bytes::Window,
    fact::{Fact, ListingLine, Observation, Place, Usage},
    record::Recorder,
};

use crate::support::{
    dribble::Dribble,
    fixture::facts,
    pickle::{Generator, Pickle, payload},
    sparse::Sparse,
    torch,
};

/// What is seen in a file of this name, a line each, without what it is.
fn seen_in(name: &str, bytes: &[u8]) -> String {
    let lines: Vec<String> = facts(bytes.to_vec(), name)
        .iter()
        .filter_map(line)
        .collect();
    lines.join("\n")
}

fn seen(pickle: &[u8]) -> String {
    seen_in("x.pkl", pickle)
}

fn line(observation: &Observation) -> Option<String> {
    let what = match &observation.fact {
        // What is handed on matters to rules only, which have tests of it.
        Fact::Is(_)
        | Fact::Member { .. }
        | Fact::TorchLoad(_)
        | Fact::HandedOn { .. }
        | Fact::Payload { .. } => {
            return None;
        }
        Fact::Global { global, usage } => format!("{usage} {global}"),
        Fact::Call {
            callee,
            usage,
            given,
            ..
        } => {
            let done = if *usage == Usage::Construct {
                "creates"
            } else {
                "runs"
            };
            format!("{done} {}", given.of(callee))
        }
        Fact::StateOnNonInstance { target } => format!("state on {target}"),
        Fact::ItemsOnNonContainer { target, op } => format!("{op} on {target}"),
        Fact::ItemsOnInstance { class, op } => format!("{op} on what {class} made"),
        Fact::Extension { code } => format!("extension {code}"),
        Fact::PersistentId {
            id,
            torch_storage: true,
        } => format!("storage {id}"),
        Fact::PersistentId { id, .. } => format!("persistent id {id}"),
        Fact::OutOfBandBuffer => "a buffer from outside".to_owned(),
        Fact::EmbeddedPickle { length } => format!("a pickle of {length} bytes"),
        Fact::Anomaly(anomaly) => format!("{}: {anomaly}", anomaly.kind()),
        Fact::Unread(why) => format!("unread: {why}"),
        other => format!("{other:?}"),
    };
    let times = match observation.count {
        1 => String::new(),
        n => format!(" (x{n})"),
    };
    Some(format!("{}: {what}{times}", observation.site))
}

/// The first line that says what is imported.
fn resolved(pickle: Pickle) -> String {
    let seen = seen(&pickle.stop());
    let line = seen.lines().find(|line| line.contains(": import "));
    line.unwrap_or(&seen).to_owned()
}

#[test]
fn globals_are_named_by_every_opcode_that_resolves_them() {
    insta::assert_snapshot!(seen(&payload()), @r"
@ 0x2 GLOBAL: import posix.system
@ 0x1a REDUCE: call posix.system
@ 0x1a REDUCE: runs posix.system('true')
");
    insta::assert_snapshot!(seen(&Pickle::proto(4).stack_global("a", "B.c").op(b')').op(0x81).stop()), @r"
@ 0xa STACK_GLOBAL: import a.B.c
@ 0xc NEWOBJ: construct a.B.c
@ 0xc NEWOBJ: creates a.B.c()
");
    insta::assert_snapshot!(seen(b"(S'x'\nia\nb\n."), @r"
@ 0x6 INST: import a.b
@ 0x6 INST: call a.b
@ 0x6 INST: runs a.b('x')
");
    insta::assert_snapshot!(seen(b"(ca\nb\nI1\no."), @r"
@ 0x1 GLOBAL: import a.b
@ 0x9 OBJ: call a.b
@ 0x9 OBJ: runs a.b(1)
");
    insta::assert_snapshot!(seen(&Pickle::proto(4).global("a", "B").raw(b"K\x01\x85}\x92").stop()), @r"
@ 0x2 GLOBAL: import a.B
@ 0xb NEWOBJ_EX: construct a.B
@ 0xb NEWOBJ_EX: creates a.B(1)
");
}

#[test]
fn operands_are_what_the_memo_holds_and_not_what_stands_before() {
    insta::assert_snapshot!(resolved(Pickle::proto(4).short_unicode("a").memoize().short_unicode("b").memoize().raw(b"h\x01h\0\x93")), @"@ 0xe STACK_GLOBAL: import b.a");
    insta::assert_snapshot!(resolved(Pickle::proto(4).short_unicode("a").raw(b"q\x07").short_unicode("b").raw(b"r\x07\0\0\0h\x07g7\n\x93")), @"@ 0x14 STACK_GLOBAL: import b.b");
    insta::assert_snapshot!(resolved(Pickle::proto(4).short_unicode("a").memoize().raw(b"h\0\x94h\x01h\0\x93")), @"@ 0xd STACK_GLOBAL: import a.a");
    insta::assert_snapshot!(resolved(Pickle::proto(4).raw(b"V\\u0061\nS'\\x62'\n\x93")), @"@ 0x12 STACK_GLOBAL: import a.b");
    insta::assert_snapshot!(resolved(Pickle::proto(4).raw(b"K\x01h\x05\x93")), @"@ 0x4 BINGET: unread: malformed: memo entry 5 is not set");
    insta::assert_snapshot!(resolved(Pickle::proto(4).raw(b"K\x01K\x02\x93")), @"@ 0x6 STACK_GLOBAL: unread: malformed: STACK_GLOBAL takes two strings, and one of these is something else");
}

#[test]
fn state_and_items_are_told_by_what_they_are_set_on() {
    insta::assert_snapshot!(seen(&Pickle::proto(2).global("a", "B").raw(b")R}b").stop()), @r"
@ 0x2 GLOBAL: import a.B
@ 0x8 REDUCE: call a.B
@ 0x8 REDUCE: runs a.B()
@ 0xa BUILD: build a.B
");
    insta::assert_snapshot!(seen(&Pickle::proto(2).global("a", "B").raw(b"}b").stop()), @r"
@ 0x2 GLOBAL: import a.B
@ 0x8 BUILD: state on a.B
");
    insta::assert_snapshot!(seen(&Pickle::proto(4).stack_global("a", "__dict__").raw(b"NNs").stop()), @r"
@ 0xf STACK_GLOBAL: import a.__dict__
@ 0x12 SETITEM: SETITEM on a.__dict__
");
    insta::assert_snapshot!(seen(&Pickle::proto(2).global("a", "B").raw(b")RNNs(NNuNa").stop()), @r"
@ 0x2 GLOBAL: import a.B
@ 0x8 REDUCE: call a.B
@ 0x8 REDUCE: runs a.B()
@ 0xb SETITEM: SETITEM on what a.B made
@ 0xf SETITEMS: SETITEMS on what a.B made
@ 0x11 APPEND: APPEND on what a.B made
");
    insta::assert_snapshot!(seen(&Pickle::proto(2).raw(b"}NNs](NNe0NNb").stop()), @"
    @ 0xe BUILD: state on None
    @ 0xf STOP: values-left: values left on the stack besides the result: 1
    ");
}

#[test]
fn what_comes_from_outside_is_told() {
    insta::assert_snapshot!(seen(&Pickle::proto(2).raw([0x82, 7]).raw(b")R").stop()), @r"
@ 0x2 EXT1: extension 7
@ 0x2 EXT1: import <extension registry>
@ 0x5 REDUCE: call <extension registry>
@ 0x5 REDUCE: runs <extension registry>()
");
    insta::assert_snapshot!(seen(&Pickle::proto(2).raw([0x84, 0, 0, 0, 0]).stop()), @"
    @ 0x2 EXT4: extension 0
    @ 0x2 EXT4: unread: malformed: an extension code that is not positive
    ");
    insta::assert_snapshot!(seen(&Pickle::new().raw(b"Pa b\n0K\x05Q").stop()), @r"
@ 0x0 PERSID: persistent id 'a b'
@ 0x8 BINPERSID: persistent id 5
");
    insta::assert_snapshot!(seen(&Pickle::proto(5).raw([0x97, 0x98]).stop()), @"@ 0x2 NEXT_BUFFER: a buffer from outside");
    insta::assert_snapshot!(seen_in("x.pt", &torch::zip(&torch::tensor())), @r"
m/data.pkl @ 0x2 GLOBAL: import torch._utils._rebuild_tensor_v2
m/data.pkl @ 0x31 GLOBAL: import torch.FloatStorage
m/data.pkl @ 0x56 BINPERSID: storage ('storage', torch.FloatStorage, '0', 'cpu', 4)
m/data.pkl @ 0x60 GLOBAL: import collections.OrderedDict
m/data.pkl @ 0x7a REDUCE: call collections.OrderedDict
m/data.pkl @ 0x7a REDUCE: runs collections.OrderedDict()
m/data.pkl @ 0x7c REDUCE: call torch._utils._rebuild_tensor_v2
m/data.pkl @ 0x7c REDUCE: runs torch._utils._rebuild_tensor_v2(<persistent id>, 0, (4,), (1,), False, collections.OrderedDict(...))
");
}

#[test]
fn frames_are_read_as_loads_reads_them_and_the_other_way_too() {
    let frame = |n: u64| Pickle::proto(4).op(0x95).raw(n.to_le_bytes());
    insta::assert_snapshot!(seen(&frame(6).global("a", "b").stop()), @"@ 0xb GLOBAL: import a.b");
    // From a file, the unpickler takes the name from after the frame.
    insta::assert_snapshot!(seen(&frame(3).raw(b"cossys\nexit\n").stop()), @r"
@ 0xb GLOBAL: frame-straddle: an operand at 0xc crosses the end of its frame at 0xe
@ 0xb GLOBAL: import ossys.exit
@ 0xb GLOBAL: import sys.exit
");
    insta::assert_snapshot!(seen(&frame(99).global("a", "b").stop()), @r"
@ 0x2 FRAME: frame-past-end: a frame needs 99 bytes, 6 are left
@ 0xb GLOBAL: import a.b
");
}

#[test]
fn pickles_inside_are_read_with_their_place() {
    let inner = payload();
    insta::assert_snapshot!(seen(&Pickle::proto(3).bytes(&inner).stop()), @r"
@ 0x2 BINBYTES: a pickle of 28 bytes
constant at 0x2 @ 0x2 GLOBAL: import posix.system
constant at 0x2 @ 0x1a REDUCE: call posix.system
constant at 0x2 @ 0x1a REDUCE: runs posix.system('true')
");
    let twice = Pickle::proto(3).bytes(&inner).stop();
    insta::assert_snapshot!(seen(&Pickle::proto(3).bytes(&twice).stop()), @r"
@ 0x2 BINBYTES: a pickle of 36 bytes
constant at 0x2 @ 0x2 BINBYTES: a pickle of 28 bytes
constant at 0x2 > constant at 0x2 @ 0x2 GLOBAL: import posix.system
constant at 0x2 > constant at 0x2 @ 0x1a REDUCE: call posix.system
constant at 0x2 > constant at 0x2 @ 0x1a REDUCE: runs posix.system('true')
");
    let latin1: String = inner.iter().map(|b| char::from(*b)).collect();
    insta::assert_snapshot!(seen(&Pickle::proto(2).unicode(&latin1).stop()), @r"
@ 0x2 BINUNICODE: a pickle of 28 bytes
constant at 0x2 @ 0x2 GLOBAL: import posix.system
constant at 0x2 @ 0x1a REDUCE: call posix.system
constant at 0x2 @ 0x1a REDUCE: runs posix.system('true')
");
    insta::assert_snapshot!(seen(&Pickle::proto(3).bytes(b"\x80\x02cos\n").stop()), @"");
}

/// Fortran that reads as three GLOBALs and a SETITEM for a while: no module has such a name.
#[test]
fn text_that_begins_like_a_pickle_is_text() {
    let text = b"character(a) :: b\nb\ncharacter(c) :: d\nd\ncharacter(e) :: f\nf\nsave\nend\n";
    for name in ["scalar.f90", "notes.txt", "x"] {
        assert!(facts(text.to_vec(), name).is_empty(), "{name}");
    }
}

#[test]
fn everything_after_the_first_pickle_is_read() {
    let none = Pickle::proto(2).op(b'N').stop();
    insta::assert_snapshot!(seen(&[none.clone(), payload()].concat()), @r"
pickle 2 @ 0x6 GLOBAL: import posix.system
pickle 2 @ 0x1e REDUCE: call posix.system
pickle 2 @ 0x1e REDUCE: runs posix.system('true')
");
    insta::assert_snapshot!(seen(&[none.clone(), vec![0; 3], payload()].concat()), @r"
@ 0x4..0x7: bytes-after-stop: 3 zero bytes after a pickle
pickle 2 @ 0x9 GLOBAL: import posix.system
pickle 2 @ 0x21 REDUCE: call posix.system
pickle 2 @ 0x21 REDUCE: runs posix.system('true')
");
    insta::assert_snapshot!(seen(&[none.clone(), b"no pickle".to_vec()].concat()), @"@ 0x4..0xd: bytes-after-stop: the 9 bytes after its last pickle are no pickle");
    let again = Pickle::proto(4).raw(b"h\0h\x01\x93").stop();
    let names = Pickle::proto(4)
        .short_unicode("a")
        .memoize()
        .short_unicode("b")
        .memoize()
        .stop();
    insta::assert_snapshot!(seen(&[names, again].concat()), @"
    @ 0xa STOP: values-left: values left on the stack besides the result: 1
    pickle 2 @ 0xd BINGET: memo-of-earlier-pickle: memo entry 0 is only set by an earlier pickle of this file (x2)
    pickle 2 @ 0x11 STACK_GLOBAL: import <memo of an earlier pickle>
    ");
}

#[test]
fn text_under_any_name_is_only_a_pickle_if_it_reads_as_one() {
    assert_ne!(seen_in("notes.txt", b"cos\nsystem\n(S'true'\ntR."), "");
    assert_ne!(seen_in("notes.txt", b"ccollections\nCounter\n}b"), "");
    for text in [
        "click\ncolorama\nnumpy\n",
        "import os\n",
        "(c) 2020 somebody.\n",
        "Notes.",
        "{}",
        "I.\n",
        "",
        ".",
    ] {
        assert_eq!(seen_in("notes.txt", text.as_bytes()), "", "{text:?}");
    }
}

#[test]
fn bombs_cost_no_more_than_their_bytes() {
    let deep = [vec![b']'; 100_000], vec![b'a'; 99_999], b".".to_vec()].concat();
    let lists = (0..40).fold(Pickle::proto(2).op(b']'), |pickle, _| {
        pickle.raw(b"q\0]").op(b'(').raw(b"h\0".repeat(10)).op(b'e')
    });
    let huge = Pickle::proto(2)
        .op(b'N')
        .op(b'r')
        .raw(0x7fff_ffff_u32.to_le_bytes());
    let texts = (0..50_000).fold(Pickle::proto(2), |pickle, n| {
        pickle.global("m", &format!("n{n}")).op(b'0')
    });
    let start = Instant::now();
    for (what, file, says) in [
        ("nested lists", deep, "deep-nesting"),
        (
            "lists of lists of lists",
            lists.stop(),
            "exponential-references",
        ),
        (
            "copies of one value",
            [b"N".to_vec(), vec![b'2'; 200_000], b".".to_vec()].concat(),
            "values-left",
        ),
        ("marks", vec![b'('; 1_000_000], "malformed"),
        ("a memo of gigabytes", huge.stop(), "huge-memo-index"),
        ("globals", texts.op(b'N').stop(), "20,000 observations"),
        (
            "a length of exabytes",
            b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x3fab".to_vec(),
            "malformed",
        ),
    ] {
        let seen = seen(&file);
        assert!(
            seen.contains(says) && seen.is_empty() == says.is_empty(),
            "{what}: {}",
            seen.lines().last().unwrap_or_default()
        );
    }
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn forty_gigabytes_of_bytes_are_not_read() {
    const LEN: u64 = 40 << 30;
    let head = Pickle::proto(4)
        .op(0x8e)
        .raw((LEN - 100).to_le_bytes())
        .unfinished();
    let at = head.len() as u64 + LEN - 100;
    let tail = Pickle::new()
        .raw(b"0")
        .global("posix", "system")
        .unicode("true")
        .tuple1()
        .reduce()
        .stop();
    let source = Sparse::new(at + tail.len() as u64, vec![(0, head), (at, tail)]);
    let read = source.counter();
    let seen: Vec<String> = facts(source, "x.pkl").iter().filter_map(line).collect();
    assert!(
        seen.iter()
            .any(|line| line.ends_with("runs posix.system('true')")),
        "{seen:?}"
    );
    let read = read.load(Ordering::Relaxed);
    assert!(read < 1 << 20, "{read} bytes were read");
}

/// Facts and their places: what a cut must not change. Counts and excerpts it may.
fn places(observations: &[Observation]) -> Vec<(u64, String)> {
    let told = observations
        .iter()
        .filter(|o| !matches!(o.fact, Fact::Unread(_)));
    told.filter_map(|o| match &o.site.at {
        Place::Opcode { offset, .. } => Some((*offset, format!("{:?}", o.fact))),
        _ => None,
    })
    .collect()
}

/// Where each opcode of a stream begins.
fn opcodes(bytes: &[u8]) -> Vec<u64> {
    let mut recorder = Recorder::with_listing(weighbridge::limits::INSPECT_LINES);
    weighbridge::format::read(&Window::new(bytes.to_vec()), b"x.pkl", &mut recorder);
    let listing = recorder.take_listing().unwrap();
    let offset = |line: &ListingLine| {
        let ListingLine::Opcode { text, .. } = line else {
            return None;
        };
        let hex = text.split_whitespace().next()?.strip_prefix("0x")?;
        u64::from_str_radix(hex, 16).ok()
    };
    listing.iter().filter_map(offset).collect()
}

#[test]
fn whatever_is_cut_off_what_stands_before_is_seen() {
    let mut generator = Generator::new(7);
    let mut cuts = 0;
    for _ in 0..150 {
        let file = generator.stream();
        // Where a frame is cut, an unpickler stops at the frame.
        if file.contains(&0x95) {
            continue;
        }
        let whole = places(&facts(file.clone(), "x.pkl"));
        let opcodes = opcodes(&file);
        for cut in 2..file.len() {
            let begun = opcodes
                .iter()
                .rfind(|at| **at < cut as u64)
                .copied()
                .unwrap_or(0);
            let ended = opcodes
                .iter()
                .find(|at| **at > begun)
                .is_some_and(|next| *next <= cut as u64);
            let kept = |at: u64| at < begun || ended && at == begun;
            let seen = places(&facts(file[..cut].to_vec(), "x.pkl"));
            let expected: Vec<_> = whole.iter().filter(|(at, _)| kept(*at)).collect();
            // The opcode that is cut may say something of its own.
            let seen: Vec<_> = seen.iter().filter(|(at, _)| kept(*at)).collect();
            assert_eq!(seen, expected, "cut at {cut}: b\"{}\"", file.escape_ascii());
            cuts += 1;
        }
    }
    assert!(cuts > 5000, "only {cuts} cuts");
}

#[test]
fn one_byte_per_read_gives_the_same_facts() {
    let mut generator = Generator::new(11);
    for _ in 0..300 {
        let file = generator.file();
        let dribbled = facts(Dribble(file.clone()), "x.pkl");
        assert_eq!(
            facts(file.clone(), "x.pkl"),
            dribbled,
            "b\"{}\"",
            file.escape_ascii()
        );
    }
}

#[test]
fn a_limit_is_not_overwritten_by_what_a_container_turns_out_to_be() {
    use crate::support::zip::{archive, stored};
    // As many facts as are kept, so that what the last archive is would be the first that is not.
    let last = archive(&[stored("m/data.pkl", payload()), stored("m/version", "3\n")]);
    for spare in 0..8 {
        // Two facts for each of these members, and a third for one of them in every other archive.
        let count = (weighbridge::limits::OBSERVATIONS - 2 - spare) / 2;
        let mut members: Vec<_> = (0..count)
            .map(|n| stored(format!("{n}.h5"), "\x01"))
            .collect();
        if spare % 2 == 1 {
            members.push(stored("x.pkl", "ccollections\nCounter\n."));
        }
        members.push(stored("last.pt", &last));
        let told = seen_in("x.zip", &archive(&members));
        assert!(
            told.contains("observations about one file"),
            "{spare}: {told}"
        );
    }
}

#[test]
fn a_payload_in_a_file_of_any_name_is_seen_whatever_follows_it() {
    let run = "cposix\nsystem\n(S'true'\ntR";
    for after in [".", "Iabc\n.", "Fx\n.", "\x7f"] {
        let told = seen_in("vocabulary.dat", format!("{run}{after}").as_bytes());
        assert!(
            told.contains("runs posix.system('true')"),
            "{after:?} {told}"
        );
    }
    // What stands before it stops every unpickler: this is text.
    assert_eq!(seen_in("notes.dat", format!("Iabc\n{run}.").as_bytes()), "");
}

/// What a protocol 0 pickle would run is shown however long it is: a line that is cut has no closing quote.
#[test]
fn a_long_string_in_text_is_shown() {
    for text in [
        format!("'echo {}'", "a".repeat(200)),
        format!("\"{}\"", "\\n".repeat(90)),
    ] {
        let file = format!("cposix\nsystem\n(S{text}\ntR.");
        let seen = facts(file.into_bytes(), "x.pkl");
        let preview = seen.iter().find_map(|o| match &o.fact {
            Fact::Call { callee, given, .. } => Some(given.of(callee).to_string()),
            _ => None,
        });
        let preview = preview.unwrap();
        assert!(preview.len() > 60 && preview.contains("..."), "{preview}");
    }
}
