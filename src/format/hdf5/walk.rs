//! The walk over all objects of a file, and what loaders make of what stands there.

use rustc_hash::FxHashSet;

use super::{
    attribute::{self, Attribute},
    dataset::{self, Storage},
    datatype::{self, Class, Datatype},
    file::File,
    global_heap::GlobalHeap,
    group::{self, Target},
    header::{self, Header, kind},
    objects::Rows,
    subsystem,
    superblock::{self, Root},
};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Hdf5Fault, Hdf5Part, Hop, Native, Place, Tensor, Text},
    format::{
        Expect, Reading, keras,
        matlab::{self, Restored, Stored},
    },
    limits,
    record::Recorder,
};

/// Where MATLAB keeps what all objects are made of.
const LIST: &str = "#subsystem#/MCOS";

/// What stands beside the class of an object of MATLAB.
struct Marks {
    /// It is where the list is.
    is_list: bool,
    /// It says that it is to be restored as an object.
    is_object: bool,
}

/// An object to visit: its header, and its name in an object that was visited.
struct Visit {
    header: u64,
    name: Text,
    parent: Option<usize>,
}

/// What has been seen of a file.
struct Walk<'f> {
    file: &'f File,
    heap: GlobalHeap,
    visits: Vec<Visit>,
    known: FxHashSet<u64>,
    tensors: Vec<Tensor>,
    /// Objects of MATLAB.
    stored: Stored,
}

/// Reads a file from its superblock on.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let opened = superblock::open(window)?;
    let root = opened.root;
    let mut walk = Walk {
        file: &opened.file,
        heap: GlobalHeap::default(),
        visits: Vec::new(),
        known: FxHashSet::default(),
        tensors: Vec::new(),
        stored: Stored::default(),
    };
    walk.known.insert(root.header);
    walk.visits.push(Visit {
        header: root.header,
        name: Text::new(b"".as_slice()),
        parent: None,
    });
    let mut next = 0;
    let mut ended = Ok(());
    while next < walk.visits.len() && ended.is_ok() {
        ended = walk.visit(next, root, reading);
        next = next.saturating_add(1);
    }
    std::mem::take(&mut walk.stored).record(reading);
    let tensors = std::mem::take(&mut walk.tensors);
    reading.recorder.list_tensors(|| tensors);
    ended
}

impl Walk<'_> {
    /// Reads an object. What is broken about it is said where it is; a limit ends the walk.
    fn visit(&mut self, at: usize, root: Root, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let Some(visit) = self.visits.get(at) else {
            return Ok(());
        };
        let (address, is_root) = (visit.header, visit.parent.is_none());
        let done = header::read(self.file, address).and_then(|header| {
            if is_root {
                same_root(self.file, &header, root)?;
            }
            self.object(at, &header, reading)
        });
        match done {
            Err(error) if error.is_limit() || is_root => Err(error),
            Err(error) => {
                reading.recorder.enter(self.hop(at));
                reading.unread(error, Place::Whole);
                reading.recorder.leave();
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn object(
        &mut self,
        at: usize,
        header: &Header,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let attributes = attribute::attributes(self.file, header)?;
        if header.has(kind::LAYOUT) {
            self.dataset(at, header, &attributes, reading)?;
        }
        for one in &attributes {
            self.attribute(at, one, (&attributes, header), reading)?;
        }
        for link in group::links(self.file, header)? {
            match link.to {
                Target::Object(address) => {
                    if !self.known.insert(address) {
                        continue;
                    }
                    if self.visits.len() >= limits::HDF5_OBJECTS {
                        return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
                    }
                    self.visits.push(Visit {
                        header: address,
                        name: link.name,
                        parent: Some(at),
                    });
                }
                Target::Path => {}
                Target::External { file } => {
                    let name = self.path(at, Some(&link.name));
                    other_file(name, FileRole::ExternalLink, file, reading);
                }
            }
        }
        Ok(())
    }

    /// What a loader makes of an attribute.
    fn attribute(
        &mut self,
        at: usize,
        one: &Attribute,
        (all, header): (&[Attribute], &Header),
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let is_root = at == 0;
        let configures = is_root && keras::is_attribute(one.name.as_bytes());
        let may_be_pickle = one.datatype.class == Class::Text && one.elements == 1;
        if !configures && !may_be_pickle && one.name != *"keras_version" {
            return Ok(());
        }
        let Some(text) = one.text(self.file, &mut self.heap)? else {
            if configures {
                return Err(ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Attribute)));
            }
            return Ok(());
        };
        let hop = self.hop_of(at, &one.name);
        if one.name == *"MATLAB_class" {
            let marks = Marks {
                is_list: self.path(at, None) == *LIST,
                is_object: all.iter().any(|one| one.name == *"MATLAB_object_decode"),
            };
            return self.marked(text, marks, header, hop, reading);
        }
        if configures {
            reading.recorder.enter(hop);
            let read = keras::read_attribute(text, reading);
            if let Err(error) = read {
                reading.unread(error, Place::Whole);
            }
            reading.recorder.leave();
            return Ok(());
        }
        if is_root && one.name == *"keras_version" {
            reading.record(Fact::Library {
                name: "keras".to_owned(),
                version: Some(Text::new(text)),
            });
        } else if text.ends_with(b".") {
            reading.descend(hop, b"", &Window::new(text), Expect::Named);
        }
        Ok(())
    }

    /// What MATLAB makes of an object with a class.
    fn marked(
        &mut self,
        class: Vec<u8>,
        Marks { is_list, is_object }: Marks,
        header: &Header,
        hop: Hop,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        match matlab::restored(&class) {
            // No writer marks data as an object, or puts it where the list is.
            Restored::Data if is_object || is_list => self.stored.met(class, false, hop),
            Restored::Data => Ok(()),
            Restored::Code(fact) => {
                let record = |recorder: &mut Recorder| recorder.record(*fact);
                reading.recorder.within(hop, record);
                Ok(())
            }
            Restored::Object => {
                let is_row = subsystem::is_row(self.file, header)?;
                self.stored.met(class, is_row, hop)
            }
            // MATLAB reads it there, and nowhere else.
            Restored::MadeOf if is_list => {
                subsystem::read(self.file, header, &hop, &mut self.stored)
            }
            Restored::MadeOf => self.stored.met(class, false, hop),
        }
    }

    fn dataset(
        &mut self,
        at: usize,
        header: &Header,
        attributes: &[Attribute],
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let missing = || ReadError::malformed(Hdf5Fault::Missing(Hdf5Part::Datatype));
        let datatype = header.one(kind::DATATYPE).ok_or_else(missing)?;
        let datatype = datatype::datatype(self.file, datatype)?;
        let shape = match header.one(kind::DATASPACE) {
            Some(body) => datatype::dataspace(self.file, body)?,
            None => return Err(missing()),
        };
        let layout = header.one(kind::LAYOUT).unwrap_or_default();
        let storage = dataset::storage(self.file, layout)?;
        let filters = dataset::filters(self.file, header)?;
        if let Some(filter) = dataset::unknown_filter(&filters) {
            reading.recorder.within(self.hop(at), |recorder| {
                recorder.record(Fact::Native(Native::Filter(filter)));
            });
        }
        for name in dataset::external_files(self.file, header)? {
            other_file(self.path(at, None), FileRole::RawData, name, reading);
        }
        if let Storage::Virtual(Some(sources)) = &storage {
            let names = dataset::virtual_files(self.file, &mut self.heap, *sources)?;
            // A dot is the file itself.
            for name in names.into_iter().filter(|name| *name != *".") {
                other_file(self.path(at, None), FileRole::VirtualSource, name, reading);
            }
        }
        if self.are_objects(datatype, attributes)? {
            let rows = Rows {
                file: self.file,
                storage,
                filters,
                shape: shape.unwrap_or_default(),
                size: datatype.size,
            };
            reading.recorder.enter(self.hop(at));
            let read = rows.read(&mut self.heap, reading);
            reading.recorder.leave();
            return read;
        }
        self.list(at, datatype, shape);
        Ok(())
    }

    /// Whether the rows of a dataset are pickles, as `PyTables` marks them.
    fn are_objects(
        &mut self,
        datatype: Datatype,
        attributes: &[Attribute],
    ) -> Result<bool, ReadError> {
        if !matches!(datatype.class, Class::Sequence { .. }) {
            return Ok(false);
        }
        for one in attributes {
            let marks: &[&[u8]] = match one.name.as_bytes() {
                b"PSEUDOATOM" => &[b"vlstring", b"vlunicode"],
                // In the first versions of its format.
                b"FLAVOR" => &[b"VLString", b"numpy", b"python", b"numeric", b"numarray"],
                _ => continue,
            };
            let Some(text) = one.text(self.file, &mut self.heap)? else {
                return Ok(true);
            };
            let is_first = one.name == *"FLAVOR" && text != b"Object";
            if !is_first && !marks.contains(&&*text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps a dataset for the list of tensors.
    fn list(&mut self, at: usize, datatype: Datatype, shape: Option<Vec<u64>>) {
        if self.tensors.len() >= limits::TENSORS_LISTED {
            return;
        }
        let elements = datatype::elements(shape.as_deref()).unwrap_or(0);
        self.tensors.push(Tensor {
            name: self.path(at, None),
            dtype: datatype.word(),
            shape: shape.unwrap_or_default(),
            bytes: elements.saturating_mul(datatype.size),
        });
    }

    fn hop(&self, at: usize) -> Hop {
        Hop::Member {
            name: self.path(at, None),
            copy: 0,
        }
    }

    fn hop_of(&self, at: usize, attribute: &Text) -> Hop {
        Hop::Member {
            name: self.path(at, Some(attribute)),
            copy: 0,
        }
    }

    /// The path of an object, or of what has a name in it.
    fn path(&self, at: usize, inside: Option<&Text>) -> Text {
        let mut parts: Vec<&[u8]> = Vec::new();
        parts.extend(inside.map(Text::as_bytes));
        let mut visit = self.visits.get(at);
        while let Some(Visit {
            name,
            parent: Some(parent),
            ..
        }) = visit
        {
            if parts.len() >= narrow(limits::HDF5_PATH) {
                parts.push(b"...");
                break;
            }
            parts.push(name.as_bytes());
            visit = self.visits.get(*parent);
        }
        parts.reverse();
        Text::new(parts.join(&b'/'))
    }
}

/// Records a file that an object names.
fn other_file(object: Text, role: FileRole, path: Text, reading: &mut Reading<'_>) {
    let hop = Hop::Member {
        name: object,
        copy: 0,
    };
    let reference = FileReference::new(role, path);
    reading.recorder.within(hop, |recorder| {
        recorder.record(Fact::FileReference(Box::new(reference)));
    });
}

/// The superblock may repeat where the symbol table of the root group is: readers may believe either.
fn same_root(file: &File, header: &Header, root: Root) -> Result<(), ReadError> {
    let (Some(repeated), Some(table)) = (root.table, header.one(kind::SYMBOL_TABLE)) else {
        return Ok(());
    };
    let mut fields = file.fields(table);
    if repeated == (fields.address()?, fields.address()?) {
        Ok(())
    } else {
        Err(ReadError::malformed(Hdf5Fault::Broken(
            Hdf5Part::Superblock,
        )))
    }
}
