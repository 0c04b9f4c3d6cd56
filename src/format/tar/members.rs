//! The members of a tar, one after another, with what extended headers say of them.

use super::{
    header::{BLOCK, Header, text},
    sparse::{self, Map},
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    limits,
};

/// What extended headers say of a member.
#[derive(Debug, Clone, Default)]
struct Extended {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: sparse::Extended,
}

impl Extended {
    /// Adds the records `length key=value` of a body.
    fn add(&mut self, body: &[u8]) {
        let mut rest = body;
        while let Some(space) = rest.iter().position(|b| *b == b' ') {
            let length: Option<usize> = rest
                .get(..space)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| digits.trim().parse().ok());
            let Some((record, after)) = length.and_then(|length| rest.split_at_checked(length))
            else {
                return;
            };
            let record = record.get(space.saturating_add(1)..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(equals) = record.iter().position(|b| *b == b'=') {
                let (key, value) = record.split_at(equals);
                self.set(key, value.get(1..).unwrap_or_default());
            }
            if record.is_empty() {
                return;
            }
            rest = after;
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"path" | b"GNU.sparse.name" => self.path = Some(value.to_vec()),
            b"linkpath" => self.target = Some(value.to_vec()),
            // What is no number counts as 0.
            b"size" => self.size = Some(sparse::integer(value).unwrap_or(0)),
            _ => self.sparse.set(key, value),
        }
    }
}

/// A member.
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    /// Where its data begins, and how much of it the archive holds.
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) body: Body,
}

/// What a member is.
pub(super) enum Body {
    /// A file as it stands there.
    Whole,
    /// A file with holes: which parts of it stand there, `None` if nobody knows.
    Sparse(Option<Map>),
    /// A link to this path.
    Link(Vec<u8>),
    /// A device or a pipe.
    Device,
}

/// The members of a tar, up to what ends it for Python: a block of zeros, a header that is none, the end of the data.
pub(super) struct Members<'w> {
    window: &'w Window,
    at: u64,
    headers: usize,
    global: Extended,
}

impl<'w> Members<'w> {
    pub(super) fn of(window: &'w Window) -> Self {
        Self {
            window,
            at: 0,
            headers: 0,
            global: Extended::default(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Member>, ReadError> {
        let mut extended = self.global.clone();
        loop {
            self.headers = self.headers.saturating_add(1);
            if self.headers > limits::MEMBERS {
                return Err(ReadError::Limit(limits::Id::MEMBERS));
            }
            let block = self.window.bytes_at(self.at, BLOCK)?;
            let header = (block.len() == BLOCK)
                .then(|| Header::read(&block))
                .flatten();
            let Some(header) = header else {
                return Ok(None);
            };
            let start = self.at.saturating_add(wide(BLOCK));
            match header.kind {
                b'x' | b'X' | b'g' | b'L' | b'K' => {
                    if header.size > limits::TAR_EXTENDED {
                        return Err(ReadError::Limit(limits::Id::TAR_EXTENDED));
                    }
                    let body = self.window.bytes_at(start, narrow(header.size))?;
                    match header.kind {
                        b'g' => {
                            self.global.add(&body);
                            extended.add(&body);
                        }
                        b'L' => extended.path = Some(text(&body).to_vec()),
                        b'K' => extended.target = Some(text(&body).to_vec()),
                        _ => extended.add(&body),
                    }
                    self.skip(start, header.size);
                }
                // A folder.
                b'5' => {
                    self.skip(start, 0);
                    extended = self.global.clone();
                }
                kind => {
                    let size = extended.size.unwrap_or(header.size);
                    // Links and devices have no data, whatever their size says; kinds that are not known have.
                    let body = match kind {
                        b'1' | b'2' => Body::Link(extended.target.unwrap_or(header.target)),
                        b'3' | b'4' | b'6' => Body::Device,
                        _ => {
                            let (start, body) = self.body(kind, &block, start, &extended.sparse)?;
                            self.skip(start, size);
                            return Ok(Some(Member {
                                name: extended.path.unwrap_or(header.name),
                                start,
                                size,
                                body,
                            }));
                        }
                    };
                    self.skip(start, 0);
                    return Ok(Some(Member {
                        name: extended.path.unwrap_or(header.name),
                        start,
                        size: 0,
                        body,
                    }));
                }
            }
        }
    }

    /// What a member with data is, and where its data begins.
    fn body(
        &self,
        kind: u8,
        block: &[u8],
        start: u64,
        extended: &sparse::Extended,
    ) -> Result<(u64, Body), ReadError> {
        Ok(if kind == b'S' {
            let (map, start) = sparse::of_header(self.window, block, start)?;
            (start, Body::Sparse(map))
        } else if extended.is_there() {
            (start, Body::Sparse(extended.map(self.window, start)?))
        } else {
            (start, Body::Whole)
        })
    }

    fn skip(&mut self, start: u64, size: u64) {
        let blocks = size.div_ceil(wide(BLOCK)).saturating_mul(wide(BLOCK));
        self.at = start.saturating_add(blocks);
    }
}

impl Member {
    /// The last part of its name.
    pub(super) fn last_name(&self) -> &[u8] {
        super::last(&self.name)
    }
}
