//! 7z archives: members of compressed blocks, read in one pass.
//!
//! The decoder hands out each member while it stands there, so it runs in a thread of its own, a few chunks ahead of what reads them.
//! Whatever is read of a member is read forwards, or again from the part that is held: a block is never decompressed twice.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use sevenz_rust2::{ArchiveEntry, ArchiveReader, EntryDecision, Error, Password};

use super::{
    Certainty, Container, Expect, Format, Head, Read as Reads, Reading, Recognise, Runs, Suffix,
    in_turn, is_artifact_name,
};
use crate::{
    bytes::{Inflated, ReadError, Window, wide},
    fact::{Fact, Malformed, Short, Text, Unsupported},
    limits,
};

/// 7z archives.
pub static FORMAT: Format = Format {
    id: "seven-zip",
    title: "7z archive",
    doc: DOC,
    suffixes: &[Suffix::wrapping("7z")],
    container: Some(Container::Other),
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Reads::Bytes(read),
};

const DOC: &str = "\
## What it is

A 7z archive with an artifact in it.

## What loading it does

Unpacking writes files; what loads those decides what runs.

## How it is recognised

By its signature of six bytes, and by an artifact among its members. An archive of other files is not reported.

## What is checked

Every member is read by content and name, in one pass over each block. LZMA, LZMA2, PPMd, bzip2, deflate and the filters of 7-Zip are
read. An encrypted archive, another method, a dictionary larger than 64 MiB and a broken archive are not, which is refused where the name
of the archive or of a member, or another member, tells of a model, and noted elsewhere (`not-followed`). A large member that would have
to be read twice is refused.

## What to prefer

The files themselves.
";

/// What signs an archive.
const SIGNATURE: &[u8] = b"7z\xbc\xaf\x27\x1c";
/// Bytes of a member that are decoded at a time, and how many such chunks the decoder may be ahead.
const CHUNK: usize = 64 << 10;
const AHEAD: usize = 4;
/// The memory a dictionary, a model or a header may take, in parts of what may be held: 64 MiB at the outside, the dictionary of 7-Zip's
/// strongest preset. The decoder takes twice as much while a dictionary grows.
const DICTIONARIES: usize = 4;
/// KiB that the decoder takes besides.
const BESIDES: usize = 1 << 10;

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.starts_with(SIGNATURE))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if matches!(reading.expect, Expect::Payload) {
        reading.disclaim();
        return Ok(());
    }
    let before = reading.recorder.checkpoint();
    let mut lists_artifact = false;
    let result = read_members(window, &mut lists_artifact, reading);
    let found = reading.found_since(before);
    let is_expected = found || lists_artifact || is_artifact_name(reading.name.as_bytes());
    match result {
        // Nothing says that it holds a model.
        Err(ReadError::Unsupported(form)) if !is_expected => {
            reading.record(Fact::Unopened(*form));
            Ok(())
        }
        Err(ReadError::Malformed(_)) if !is_expected => {
            reading.record(Fact::Unopened(Unsupported::BrokenSevenZip));
            Ok(())
        }
        Ok(()) if !found => {
            reading.disclaim();
            Ok(())
        }
        result => result,
    }
}

/// Reads all members. `lists_artifact`: whether one has the name of an artifact, read or not.
fn read_members(
    window: &Window,
    lists_artifact: &mut bool,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let (sender, receiver) = sync_channel(AHEAD);
    let source = Source {
        window: window.clone(),
        at: 0,
    };
    let memory = (reading.may_hold() >> 10).saturating_mul(DICTIONARIES);
    let memory = memory.saturating_add(BESIDES);
    let decoder = thread::spawn(move || decode(source, memory, &sender));
    let receiver = Arc::new(Mutex::new(receiver));
    let result = read_each(&receiver, lists_artifact, reading);
    // A decoder that waits for a reader ends here.
    drop(receiver);
    match (decoder.join(), result) {
        (Err(panic), _) => std::panic::resume_unwind(panic),
        (Ok(_), Err(error)) => Err(error),
        (Ok(Err(error)), Ok(())) => Err(reason(error)),
        (Ok(Ok(())), Ok(())) => Ok(()),
    }
}

/// Reads each member that the decoder announces.
fn read_each(
    receiver: &Arc<Mutex<Receiver<Message>>>,
    lists_artifact: &mut bool,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut members: usize = 0;
    while let Some(message) = next(receiver) {
        let (name, size) = match message {
            Message::ListsArtifact => {
                *lists_artifact = true;
                continue;
            }
            // What is left of the member before is passed over.
            Message::Data(_) | Message::End => continue,
            Message::Member { name, size } => (name, size),
        };
        members = members.saturating_add(1);
        if members > limits::MEMBERS {
            return Err(ReadError::Limit(limits::Id::MEMBERS));
        }
        let stream = Stream {
            receiver: Arc::clone(receiver),
            chunk: Vec::new(),
            at: 0,
            ended: false,
        };
        let hold = reading.may_hold();
        let inflated = Inflated::once(Box::new(stream), size, hold, reading.budget());
        let body = Window::new(inflated);
        let expect = in_turn::expected_of(name.as_bytes());
        in_turn::read_member(&name, body.clone(), expect, false, reading);
        // What follows begins where this one ends.
        drain(&body)?;
    }
    Ok(())
}

/// Reads what is left of a member.
fn drain(body: &Window) -> Result<(), ReadError> {
    let end = body.len();
    if end > 0 {
        body.bytes_at(end.saturating_sub(1), 1)?;
    }
    Ok(())
}

/// What the decoder says.
enum Message {
    /// Some member has the name of an artifact. Said first.
    ListsArtifact,
    /// A member begins.
    Member {
        /// Its path.
        name: Text,
        /// Its size.
        size: u64,
    },
    /// Bytes of it.
    Data(Vec<u8>),
    /// It ends.
    End,
}

fn next(receiver: &Mutex<Receiver<Message>>) -> Option<Message> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

/// Decodes an archive for whoever receives its members.
fn decode(source: Source, memory: usize, sender: &SyncSender<Message>) -> Result<(), Error> {
    let mut archive = ArchiveReader::new_with_memory_limit(source, Password::empty(), memory)?;
    archive.set_thread_count(1);
    let mut names = archive.archive().files.iter().map(ArchiveEntry::name);
    if names.any(|name| is_artifact_name(name.as_bytes()))
        && sender.send(Message::ListsArtifact).is_err()
    {
        return Ok(());
    }
    archive.for_each_entries_with_decision(|entry, content| {
        if entry.is_directory() || entry.is_anti_item() {
            return Ok(EntryDecision::Continue);
        }
        Ok(match send(entry, content, sender)? {
            Some(()) => EntryDecision::Continue,
            None => EntryDecision::Stop,
        })
    })
}

/// Sends a member; `None` if nobody receives it any more.
fn send(
    entry: &ArchiveEntry,
    content: &mut dyn Read,
    sender: &SyncSender<Message>,
) -> Result<Option<()>, Error> {
    let begins = Message::Member {
        name: Text::from(entry.name()),
        size: entry.size(),
    };
    if sender.send(begins).is_err() {
        return Ok(None);
    }
    loop {
        let mut chunk = vec![0; CHUNK];
        let n = match content.read(&mut chunk) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        chunk.truncate(n);
        let message = if n == 0 {
            Message::End
        } else {
            Message::Data(chunk)
        };
        if sender.send(message).is_err() {
            return Ok(None);
        }
        if n == 0 {
            return Ok(Some(()));
        }
    }
}

/// The bytes of a member, as they are received.
struct Stream {
    receiver: Arc<Mutex<Receiver<Message>>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.chunk.len() && !self.ended {
            self.at = 0;
            if let Some(Message::Data(chunk)) = next(&self.receiver) {
                self.chunk = chunk;
            } else {
                self.chunk.clear();
                self.ended = true;
            }
        }
        let left = self.chunk.get(self.at..).unwrap_or_default();
        let n = left.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), left.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(n);
        Ok(n)
    }
}

/// The archive as the decoder takes it.
struct Source {
    window: Window,
    at: u64,
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.window.read_at(self.at, buf)?;
        self.at = self.at.saturating_add(wide(n));
        Ok(n)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.window.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// What stopped the decoder.
fn reason(error: Error) -> ReadError {
    match error {
        Error::Io(error, _)
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReadError>) =>
        {
            ReadError::Io(error)
        }
        Error::PasswordRequired | Error::MaybeBadPassword(_) => {
            ReadError::unsupported(Unsupported::EncryptedMember)
        }
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => {
            ReadError::unsupported(Unsupported::EncryptedMember)
        }
        Error::UnsupportedCompressionMethod(method) => {
            ReadError::unsupported(Unsupported::SevenZipMethod(Short::from(method.as_str())))
        }
        Error::UnsupportedVersion { .. } | Error::ExternalUnsupported | Error::Unsupported(_) => {
            ReadError::unsupported(Unsupported::SevenZip)
        }
        Error::MaxMemLimited { .. } => ReadError::unsupported(Unsupported::SevenZipMemory),
        _ => ReadError::malformed(Malformed::Compressed { cut_off: false }),
    }
}
