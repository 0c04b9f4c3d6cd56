//! What accounts for which bytes of an archive.

/// Bytes that something accounts for.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) what: What,
}

/// What accounts for them.
#[derive(Debug)]
pub(super) enum What {
    Member(Box<Described>),
    Directory,
    End,
}

/// A member's span: what its data descriptor must say, and the bytes before its local header, where the descriptor of
/// the member before may be.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) descriptor: Option<Descriptor>,
    pub(super) index: usize,
    pub(super) before: Box<[u8]>,
}

/// What a data descriptor must say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
}
