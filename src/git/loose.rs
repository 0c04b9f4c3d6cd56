//! Loose objects, each read from its file at once. A mapped file, and a second look for what it is, cost several times what a small
//! object itself does.
//!
//! Only a store without packs is read so: elsewhere most objects are not loose, and asking for their files would be in vain. Whatever is
//! not as it should be, or large, is left to the object database, which says what is wrong with it.

use std::{ffi::OsStr, path::PathBuf};

use gix::{
    ObjectId,
    objs::{Header, Kind, decode::loose_header},
    zlib::{Inflate, Status},
};

use crate::{
    bytes::{FileSource, Window, narrow},
    limits,
};

/// Bytes of a file that is read at once.
const SMALL: u64 = 256 << 10;

/// Bytes of a header, at most.
const HEADER: usize = 64;

/// The loose objects of a store.
pub(super) struct Loose {
    folder: PathBuf,
    inflate: Inflate,
    /// The file that was read last: who asked what an object is reads it next.
    last: Option<(ObjectId, Vec<u8>)>,
}

/// The beginning of an object.
struct Beginning {
    kind: Kind,
    size: u64,
    bytes: [u8; HEADER],
    /// Of `bytes`, those of the header.
    header: usize,
    /// Of `bytes`, all that there are.
    inflated: usize,
    /// Bytes of the file that they were made of.
    consumed: usize,
    is_all: bool,
}

impl Loose {
    /// Those of the store in a folder; `None` if it has packs, or may have.
    pub(super) fn of(folder: PathBuf) -> Option<Self> {
        let is_pack = |name: &OsStr| name.as_encoded_bytes().ends_with(b".idx");
        let mut packs = std::fs::read_dir(folder.join("pack")).ok()?;
        packs
            .all(|it| it.is_ok_and(|it| !is_pack(&it.file_name())))
            .then(|| Self {
                folder,
                inflate: Inflate::default(),
                last: None,
            })
    }

    /// What an object is and how large; `None` if it is not loose here, or not as it should be.
    pub(super) fn header(&mut self, id: ObjectId) -> Option<Header> {
        self.load(id)?;
        let Beginning { kind, size, .. } = self.beginning()?;
        Some(Header { kind, size })
    }

    /// Reads an object into `data`; `None` as above.
    pub(super) fn read(&mut self, id: ObjectId, data: &mut Vec<u8>) -> Option<Kind> {
        self.load(id)?;
        let beginning = self.beginning()?;
        let size = usize::try_from(beginning.size).ok()?;
        if beginning.size > limits::OBJECT_MEMORY {
            return None;
        }
        let start = beginning.bytes.get(beginning.header..beginning.inflated)?;
        if start.len() > size || beginning.is_all && start.len() != size {
            return None;
        }
        data.clear();
        data.try_reserve(size.saturating_add(HEADER)).ok()?;
        if beginning.is_all {
            data.extend_from_slice(start);
            return Some(beginning.kind);
        }
        let (_, file) = self.last.as_ref()?;
        let inflated = self.inflate.rest(
            file.get(beginning.consumed..)?,
            beginning.bytes.get(..beginning.inflated)?,
            beginning.header,
            data,
            size,
        );
        (inflated.ok()? == size).then_some(beginning.kind)
    }

    /// Has the file of an object in memory.
    fn load(&mut self, id: ObjectId) -> Option<()> {
        if self.last.as_ref().is_some_and(|(last, _)| *last == id) {
            return Some(());
        }
        self.last = None;
        let hex = id.to_string();
        let (folder, name) = hex.split_at_checked(2)?;
        let file = FileSource::open(&self.folder.join(folder).join(name)).ok()?;
        let window = Window::new(file);
        if window.len() > SMALL {
            return None;
        }
        let bytes = window.bytes_at(0, narrow(window.len())).ok()?;
        self.last = Some((id, bytes));
        Some(())
    }

    fn beginning(&mut self) -> Option<Beginning> {
        let (_, file) = self.last.as_ref()?;
        let mut bytes = [0; HEADER];
        self.inflate.reset();
        let (status, consumed, inflated) = self.inflate.prefix(file, &mut bytes).ok()?;
        if status == Status::BufError {
            return None;
        }
        let (kind, size, header) = loose_header(bytes.get(..inflated)?).ok()?;
        Some(Beginning {
            kind,
            size,
            bytes,
            header,
            inflated,
            consumed,
            is_all: status == Status::StreamEnd,
        })
    }
}
