//! What a commit object, or an annotated tag, says at its beginning, whatever else it holds.
//!
//! Read as git reads it: the tree and the parents must be right; names, times, encodings and messages may be anything, and
//! what people are shown of them is cut short and escaped.

use gix::{ObjectId, bstr::ByteSlice as _, objs::Kind};

use super::super::objects::Objects;
use crate::{
    fact::{Commit, Text},
    limits,
};

/// The beginning of a commit.
pub(super) struct Header<'a, P> {
    pub(super) tree: ObjectId,
    pub(super) parents: P,
    author: &'a [u8],
    pub(super) time: i64,
    message: &'a [u8],
}

impl<'a> Header<'a, ()> {
    /// Reads a commit as git does: the tree and the parents must be right, the rest may be anything.
    pub(super) fn parse(
        data: &'a [u8],
        hash: gix::hash::Kind,
    ) -> Option<Header<'a, impl Iterator<Item = ObjectId> + use<'a>>> {
        let id = move |line: &[u8], key: &[u8]| {
            let hex = line.strip_prefix(key)?;
            (hex.len() == hash.len_in_hex())
                .then(|| ObjectId::from_hex(hex).ok())
                .flatten()
        };
        let (head, message) = match data.find(b"\n\n") {
            Some(end) => (data.get(..end)?, data.get(end.saturating_add(2)..)?),
            None => (data, &[][..]),
        };
        let mut lines = head.split(|b| *b == b'\n');
        let tree = id(lines.next()?, b"tree ")?;
        let parents = lines.clone().map_while(move |line| id(line, b"parent "));
        let of = |key: &[u8]| lines.clone().find_map(|line| line.strip_prefix(key));
        Some(Header {
            tree,
            parents,
            author: of(b"author ").unwrap_or_default(),
            time: time_of(of(b"committer ").unwrap_or_default()),
            message,
        })
    }
}

/// A commit's root tree.
pub(in super::super) fn tree_of(
    objects: &mut Objects,
    id: ObjectId,
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    let kind = objects.read(id, buffer).ok()?;
    let header = Header::parse(buffer, objects.hash())?;
    (kind == Kind::Commit).then_some(header.tree)
}

/// The seconds after a signature's mail; 0 if there are none that fit.
fn time_of(signature: &[u8]) -> i64 {
    let rest = signature.rsplit(|b| *b == b'>').next().unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = rest.len().saturating_sub(digits.len());
    let end = sign.saturating_add(count);
    let text = rest
        .get(..end)
        .and_then(|text| std::str::from_utf8(text).ok());
    match text.map(str::parse::<i64>) {
        Some(Ok(time)) => time,
        // As many digits as do not fit.
        Some(Err(_)) if count > 0 && rest.starts_with(b"-") => i64::MIN,
        Some(Err(_)) if count > 0 => i64::MAX,
        _ => 0,
    }
}

/// What people want to know of a commit, or of an annotated tag.
pub(super) fn describe(objects: &mut Objects, id: ObjectId, buffer: &mut Vec<u8>) -> Commit {
    let hash = objects.hash();
    let kind = objects.read(id, buffer).ok();
    let mut commit = Commit {
        id: id.to_string(),
        time: 0,
        author: Text::default(),
        summary: Text::default(),
    };
    match kind {
        Some(Kind::Commit) => {
            if let Some(header) = Header::parse(buffer, hash) {
                commit.time = header.time;
                commit.author = person(header.author);
                commit.summary = summary(header.message);
            }
        }
        Some(Kind::Tag) => {
            let end = buffer.find(b"\n\n").unwrap_or(buffer.len());
            let (head, message) = buffer.split_at(end);
            let tagger = head
                .split(|b| *b == b'\n')
                .find_map(|line| line.strip_prefix(b"tagger "))
                .unwrap_or_default();
            commit.time = time_of(tagger);
            commit.author = person(tagger);
            commit.summary = summary(message);
        }
        _ => {}
    }
    commit
}

/// Name and mail of a signature, without its time.
fn person(signature: &[u8]) -> Text {
    let end = signature
        .rfind_byte(b'>')
        .map_or(signature.len(), |at| at.saturating_add(1));
    Text::new(clipped(signature.get(..end).unwrap_or(signature)))
}

/// The first line of a message that is not empty.
fn summary(message: &[u8]) -> Text {
    let line = message
        .split(|b| *b == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty());
    Text::new(clipped(line.unwrap_or_default()))
}

/// As much as is kept, not ending inside a character.
fn clipped(bytes: &[u8]) -> &[u8] {
    let Some(front) = bytes.get(..limits::COMMIT_TEXT) else {
        return bytes;
    };
    let whole = front.iter().rposition(|b| b & 0xc0 != 0x80).unwrap_or(0);
    match std::str::from_utf8(front) {
        Err(error) if error.error_len().is_none() => front.get(..whole).unwrap_or(front),
        _ => front,
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, clipped, person, summary, time_of};

    #[test]
    fn hostile_commits_are_read_as_far_as_they_go() {
        for (signature, time) in [
            ("A <a@b> 1700000000 +0100", 1_700_000_000),
            ("A <a@b> -5 +0000", -5),
            ("A <a@b> 99999999999999999999 +0000", i64::MAX),
            ("A <a@b> -99999999999999999999 +0000", i64::MIN),
            ("A <a> 3> 7 +0000", 7),
            ("A <a@b>", 0),
            ("", 0),
            ("- > -", 0),
        ] {
            assert_eq!(time_of(signature.as_bytes()), time, "{signature}");
        }
        assert_eq!(person(b"A <a@b> 17 +0").as_bytes(), b"A <a@b>");
        assert_eq!(summary(b"\n\n  first \nsecond").as_bytes(), b"first");
        assert_eq!(clipped("\u{e9}".repeat(150).as_bytes()).len(), 200);
        assert_eq!(
            clipped(format!("a{}", "\u{e9}".repeat(150)).as_bytes()).len(),
            199
        );
        let hash = gix::hash::Kind::Sha1;
        assert!(Header::parse(b"", hash).is_none());
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let text =
            format!("tree {tree}\nparent {tree}\nparent {tree}\nnonsense\nparent {tree}\n\nx");
        let header = Header::parse(text.as_bytes(), hash).unwrap();
        assert_eq!((header.parents.count(), header.message), (2, &b"x"[..]));
    }
}
