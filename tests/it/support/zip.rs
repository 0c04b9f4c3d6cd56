//! Assembles zip archives, field by field, so that any of them can lie.

use std::io::Write as _;

use super::fixture::Fixture;

/// One member; every field of both descriptions can be set.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    pub(crate) size: u32,
    pub(crate) method: u16,
    pub(crate) local_method: Option<u16>,
    pub(crate) flags: u16,
    pub(crate) local_flags: Option<u16>,
    pub(crate) local_sizes: Option<(u32, u32)>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) crc: u32,
    pub(crate) made_by: u16,
    pub(crate) attributes: u32,
    pub(crate) listed: bool,
    pub(crate) before: Vec<u8>,
}

/// A stored member.
pub(crate) fn stored(name: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Member {
    let body = body.as_ref().to_vec();
    Member {
        name: name.as_ref().to_vec(),
        local_name: None,
        size: u32::try_from(body.len()).unwrap(),
        method: 0,
        local_method: None,
        flags: 0,
        local_flags: None,
        local_sizes: None,
        local_extra: Vec::new(),
        crc: crc(&body),
        made_by: 0x0314,
        attributes: 0,
        listed: true,
        before: Vec::new(),
        body,
    }
}

/// A deflated member.
pub(crate) fn deflated(name: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Member {
    let body = body.as_ref();
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    Member {
        size: u32::try_from(body.len()).unwrap(),
        crc: crc(body),
        method: 8,
        body: encoder.finish().unwrap(),
        ..stored(name, b"")
    }
}

impl Member {
    /// As torch writes it: padding in the local header's extra field, sizes after the body.
    pub(crate) fn torch(mut self) -> Self {
        self.flags |= 0x808;
        self.local_extra = [b"FB\x20\x00".as_slice(), &[b'Z'; 32]].concat();
        self
    }

    fn local(&self) -> Vec<u8> {
        let flags = self.local_flags.unwrap_or(self.flags);
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let packed = u32::try_from(self.body.len()).unwrap();
        let later = flags & 8 != 0;
        let (crc, sizes) = if later {
            (0, (0, 0))
        } else {
            (self.crc, (packed, self.size))
        };
        let sizes = self.local_sizes.unwrap_or(sizes);
        let mut out = b"PK\x03\x04\x14\x00".to_vec();
        out.extend(flags.to_le_bytes());
        out.extend(self.local_method.unwrap_or(self.method).to_le_bytes());
        out.extend([0; 4]);
        out.extend(crc.to_le_bytes());
        out.extend(sizes.0.to_le_bytes());
        out.extend(sizes.1.to_le_bytes());
        out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend(u16::try_from(self.local_extra.len()).unwrap().to_le_bytes());
        out.extend(name);
        out.extend(&self.local_extra);
        out.extend(&self.body);
        if later {
            out.extend(b"PK\x07\x08");
            out.extend(self.crc.to_le_bytes());
            out.extend(packed.to_le_bytes());
            out.extend(self.size.to_le_bytes());
        }
        out
    }

    /// Its entry in the directory, with its local header at `offset`.
    pub(crate) fn entry(&self, offset: u32) -> Vec<u8> {
        let mut out = b"PK\x01\x02".to_vec();
        out.extend(self.made_by.to_le_bytes());
        out.extend(20_u16.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.crc.to_le_bytes());
        out.extend(u32::try_from(self.body.len()).unwrap().to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        out.extend([0; 8]);
        out.extend(self.attributes.to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend(&self.name);
        out
    }
}

/// An archive of these members.
pub(crate) fn archive(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0;
    for member in members {
        out.extend(&member.before);
        if member.listed {
            directory.extend(member.entry(u32::try_from(out.len()).unwrap()));
            count += 1;
        }
        out.extend(member.local());
    }
    let start = u32::try_from(out.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    out.extend(directory);
    out.extend(end(count, size, start, b""));
    out
}

/// An end record.
pub(crate) fn end(count: u16, size: u32, start: u32, comment: &[u8]) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    out.extend(comment);
    out
}

/// CRC-32 as zip has it.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let numbers = super::npy::array("'<f8'", "(4,)", &[0; 32]);
    vec![
        (
            "plain.zip",
            archive(&[stored("a.txt", "text"), deflated("b/c.bin", [7; 500])]),
        ),
        (
            "torch.zip",
            archive(&[
                stored("m/version", "3\n").torch(),
                stored("m/data/0", [0; 64]).torch(),
            ]),
        ),
        (
            "arrays.npz",
            archive(&[deflated("a.npy", &numbers), stored("b.npy", &numbers)]),
        ),
        (
            "nested.zip",
            archive(&[stored("inner.zip", archive(&[stored("x", "y")]))]),
        ),
        (
            "hidden.zip",
            archive(&[
                stored("seen", "1"),
                Member {
                    listed: false,
                    ..deflated("hidden", [3; 90])
                },
            ]),
        ),
    ]
}
