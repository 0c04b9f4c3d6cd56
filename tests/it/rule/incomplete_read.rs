//! `incomplete-read`.

use weighbridge::{
    fact::{
        Answer, Circumstance, Circumstances, Excerpts, Fact, Hop, Interruption, IoFault, IoKind,
        Observation, Place, Site, Unavailable, Unread, Unreadable, UnreadablePart, Unsupported,
        UnsupportedEntry,
    },
    limits,
};

use super::{judge, judge_known, rules, tell, told};
use crate::support::{
    fixture::Observed,
    pickle::{Pickle, payload},
};

#[test]
fn what_breaks_is_refused_where_it_breaks() {
    let mut cut = payload();
    cut.truncate(20);
    insta::assert_snapshot!(told("incomplete-read", "x.pkl", &cut), @r"
incomplete-read [deny] it does not read to its end: an operand needs 4 bytes, 3 are left
  at @ 0x10 BINUNICODE about malformed
  help: fetch it again from its source, or save it again with the library that wrote it
");
    let bad = Pickle::proto(2).op(b'N').op(0xff).stop();
    insta::assert_snapshot!(told("incomplete-read", "x.pkl", &bad), @r"
incomplete-read [deny] it does not read to its end: 0xff is no opcode
  at @ 0x3 ? about malformed
  help: fetch it again from its source, or save it again with the library that wrote it
");
}

#[test]
fn what_was_seen_before_is_judged_as_well() {
    let mut broken = payload();
    broken.pop();
    assert_eq!(
        rules("x.pkl", &broken),
        ["global-not-allowed", "incomplete-read"]
    );
}

#[test]
fn each_reason_says_what_to_do() {
    let reasons = [
        Unread::Limit(limits::Id::DEPTH),
        Unread::Unsupported(Unsupported::EncryptedMember),
        Unread::Unsupported(Unsupported::FirstRVersion),
        Unread::Crashed {
            detail: "index out of range".into(),
        },
    ];
    let observations = reasons.map(|why| Observation {
        fact: Fact::Unread(why),
        site: Site::default(),
        count: 1,
        excerpt: None,
    });
    let observed = Observed {
        observations: observations.into(),
        excerpts: Excerpts::default(),
    };
    insta::assert_snapshot!(tell(&judge("x.zip", &observed), "incomplete-read"), @"
    incomplete-read [deny] it is too complex to analyse: more than 8 containers inside one another
      at  about limit
      help: no file that a library writes is known to come near this: find out who made it before you load it
    incomplete-read [deny] it is in a form that is not read: an encrypted member
      at  about unsupported
      help: save it in an ordinary form: stored or deflated, not encrypted
    incomplete-read [deny] it is in a form that is not read: version 1 of R's files, which R wrote before 1.4.0
      at  about unsupported
      help: save it again with a current release of the library that wrote it, or in another format: `weighbridge explain` lists those that are read
    incomplete-read [deny] reading it failed by a mistake of this program: index out of range
      at  about crashed
      help: please report it; the file is refused until it can be read
    ");
}

#[test]
fn what_the_view_could_not_give_is_refused() {
    let reasons = [
        Unavailable::Io(Unreadable {
            part: UnreadablePart::Content,
            answer: Answer::Said("permission denied".into()),
        }),
        Unavailable::MalformedTree {
            answer: "an entry has no mode".into(),
        },
        Unavailable::Limit(limits::Id::SUBMODULES),
        Unavailable::Unsupported(UnsupportedEntry::Special),
    ];
    let circumstances = Circumstances {
        noted: reasons.map(Circumstance::Unavailable).into(),
        interrupted: vec![Interruption {
            site: Site {
                hops: vec![Hop::Stream(1)],
                at: Place::Whole,
            },
            fault: IoFault::Kind(IoKind::PermissionDenied),
        }],
        late: true,
        ..Circumstances::default()
    };
    insta::assert_snapshot!(tell(&judge_known("x.zip", &circumstances), "incomplete-read"), @"
    incomplete-read [deny] it could not be read: permission denied
      at  about io
      help: make it readable, or leave it out under `exclude` in the policy, with a reason
    incomplete-read [deny] it does not read to its end: the folder's tree in git: an entry has no mode
      at  about malformed
      help: fetch it again from its source, or save it again with the library that wrote it
    incomplete-read [deny] it is too complex to analyse: more than 1,000 submodules in a view
      at  about limit
      help: no file that a library writes is known to come near this: find out who made it before you load it
    incomplete-read [deny] it is in a form that is not read: a pipe, socket or device: what it would give is not known
      at  about unsupported
      help: name a regular file: write what it gives into one first
    incomplete-read [deny] it could not be read: permission denied
      at pickle 2 about io
      help: make it readable, or leave it out under `exclude` in the policy, with a reason
    incomplete-read [deny] it was not read: the time given for reading had passed
      at  about late
      help: give more time with `--deadline`, or less to read at once
    ");
}

#[test]
fn what_reads_to_its_end_is_not() {
    assert_eq!(rules("x.pkl", &Pickle::proto(2).op(b'N').stop()), [""; 0]);
}
