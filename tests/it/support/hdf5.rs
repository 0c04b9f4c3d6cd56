//! Assembles HDF5 files: objects with headers of version 2, in front of which stands a superblock of version 2; and old files, with symbol tables.
//!
//! Checksums are left out: they are not read.

/// A file in progress, and where its next structure goes.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
}

/// The address that stands for nothing.
pub(crate) const NOWHERE: u64 = u64::MAX;

/// A message: its type, its flags and its body.
pub(crate) type Message = (u8, u8, Vec<u8>);

impl File {
    /// With room for the superblock.
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 96] }
    }

    /// Puts a structure behind all others.
    pub(crate) fn put(&mut self, structure: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.bytes.len() as u64;
        self.bytes.extend(structure);
        at
    }

    /// Puts an object.
    pub(crate) fn object(&mut self, messages: &[Message]) -> u64 {
        let mut body = Vec::new();
        for (kind, flags, message) in messages {
            body.push(*kind);
            body.extend((message.len() as u16).to_le_bytes());
            body.push(*flags);
            body.extend(message);
        }
        let mut header = b"OHDR\x02\x02".to_vec();
        header.extend((body.len() as u32).to_le_bytes());
        header.extend(body);
        header.extend([0; 4]);
        self.put(&header)
    }

    /// The file about a root group.
    pub(crate) fn finish(mut self, root: u64) -> Vec<u8> {
        let mut superblock = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
        for number in [0, NOWHERE, self.bytes.len() as u64, root] {
            superblock.extend(number.to_le_bytes());
        }
        self.bytes[..superblock.len()].copy_from_slice(&superblock);
        self.bytes
    }

    /// The same with a superblock of version 0.
    pub(crate) fn finish_old(mut self, root: u64, tree: u64, heap: u64) -> Vec<u8> {
        let mut superblock = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0".to_vec();
        for number in [
            0,
            NOWHERE,
            self.bytes.len() as u64,
            NOWHERE,
            0,
            root,
            1,
            tree,
            heap,
        ] {
            superblock.extend(number.to_le_bytes());
        }
        self.bytes[..superblock.len()].copy_from_slice(&superblock);
        self.bytes
    }

    /// Puts an old group with these links, and returns its header, its tree and its heap.
    pub(crate) fn old_group(&mut self, links: &[(&str, u64)]) -> (u64, u64, u64) {
        let mut names = vec![0; 8];
        let mut symbols = b"SNOD\x01\0".to_vec();
        symbols.extend((links.len() as u16).to_le_bytes());
        for (name, header) in links {
            symbols.extend((names.len() as u64).to_le_bytes());
            symbols.extend(header.to_le_bytes());
            symbols.extend([0; 24]);
            names.extend(name.as_bytes());
            names.push(0);
        }
        let data = self.put(&names);
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        for number in [names.len() as u64, NOWHERE, data] {
            heap.extend(number.to_le_bytes());
        }
        let heap = self.put(&heap);
        let node = self.put(&symbols);
        let mut tree = b"TREE\0\0\x01\0".to_vec();
        for number in [NOWHERE, NOWHERE, 0, node, 0] {
            tree.extend(number.to_le_bytes());
        }
        let tree = self.put(&tree);
        let mut header = b"\x01\0\x01\0\x01\0\0\0\x18\0\0\0\0\0\0\0\x11\0\x10\0\0\0\0\0".to_vec();
        header.extend(tree.to_le_bytes());
        header.extend(heap.to_le_bytes());
        (self.put(&header), tree, heap)
    }
}

/// A link message of a type, with what stands behind its name.
fn link(kind: u8, name: &str, value: &[u8]) -> Message {
    let mut body = vec![1, 8, kind, name.len() as u8];
    body.extend(name.as_bytes());
    body.extend(value);
    (6, 0, body)
}

pub(crate) fn hard(name: &str, to: u64) -> Message {
    link(0, name, &to.to_le_bytes())
}

pub(crate) fn soft(name: &str, path: &str) -> Message {
    let mut value = (path.len() as u16).to_le_bytes().to_vec();
    value.extend(path.as_bytes());
    link(1, name, &value)
}

pub(crate) fn external(name: &str, file: &str, path: &str) -> Message {
    let text = format!("\0{file}\0{path}\0");
    let mut value = (text.len() as u16).to_le_bytes().to_vec();
    value.extend(text.as_bytes());
    link(64, name, &value)
}

/// A link of a type that a program registers.
pub(crate) fn other_link(name: &str) -> Message {
    link(70, name, &[0, 0])
}

/// A datatype of texts with this length.
pub(crate) fn text_type(length: usize) -> Vec<u8> {
    let mut datatype = vec![0x13, 0, 0, 0];
    datatype.extend((length as u32).to_le_bytes());
    datatype
}

/// An attribute that is a text of a fixed length.
pub(crate) fn attribute(name: &str, value: &[u8]) -> Message {
    let datatype = text_type(value.len());
    let mut body = vec![3, 0];
    for length in [name.len() + 1, datatype.len(), 4] {
        body.extend((length as u16).to_le_bytes());
    }
    body.push(0);
    body.extend(name.as_bytes());
    body.push(0);
    body.extend(datatype);
    body.extend([2, 0, 0, 0]);
    body.extend(value);
    (12, 0, body)
}

/// The messages of a dataset of bytes that are stored in one piece.
pub(crate) fn contiguous(at: u64, length: u64) -> Vec<Message> {
    let mut dataspace = vec![2, 1, 0, 1];
    dataspace.extend(length.to_le_bytes());
    let datatype = vec![0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
    let mut layout = vec![3, 1];
    layout.extend(at.to_le_bytes());
    layout.extend(length.to_le_bytes());
    vec![(1, 0, dataspace), (3, 0, datatype), (8, 0, layout)]
}

/// A pipeline of one filter.
pub(crate) fn filter(id: u16) -> Message {
    let mut body = vec![2, 1];
    body.extend(id.to_le_bytes());
    if id >= 256 {
        body.extend([0, 0]);
    }
    body.extend([0, 0, 0, 0]);
    (11, 0, body)
}

/// A model whose root has these attributes.
pub(crate) fn model(attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = File::new();
    let weights = file.put(&[0; 64]);
    let weights = file.object(&contiguous(weights, 64));
    let mut messages = vec![hard("kernel", weights)];
    messages.extend(
        attributes
            .iter()
            .map(|(name, value)| attribute(name, value)),
    );
    let root = file.object(&messages);
    file.finish(root)
}
