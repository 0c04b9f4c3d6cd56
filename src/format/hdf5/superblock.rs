//! The superblock: where a file begins, how wide its numbers are, and where its root group is.

use super::{
    file::{File, Widths, version},
    header, unsupported,
};
use crate::{
    bytes::{Cursor, ReadError, Window},
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part, Piece},
};

/// What every superblock begins with.
pub(super) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// The longest superblock: that of version 1 with numbers of 8 bytes.
const LONGEST: usize = 100;

/// The first places at which the library looks for a superblock. Each further one is twice as far.
pub(super) const PLACES: &[u64] = &[0, 512, 1024, 2048];

/// Where a superblock is: at the start, or behind a block of the user's that is no longer than `most`.
pub(super) fn find(window: &Window, most: u64) -> std::io::Result<Option<u64>> {
    let first = PLACES.iter().copied();
    let further = (12..64).filter_map(|power| 1_u64.checked_shl(power));
    for at in first.chain(further) {
        if at > most || !window.reaches(at.saturating_add(8))? {
            return Ok(None);
        }
        if window.bytes_at(at, SIGNATURE.len())? == SIGNATURE {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// A file and its root group.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) root: Root,
}

/// How the superblock names the root group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    /// The address of its object header.
    pub(super) header: u64,
    /// The tree and the heap of its symbol table, where the superblock repeats them.
    pub(super) table: Option<(u64, u64)>,
}

/// Reads the superblock at the start of a window.
pub(super) fn open(window: &Window) -> Result<Opened, ReadError> {
    let bytes = window.bytes_at(0, LONGEST)?;
    let mut fields = Cursor::new(&bytes, Piece::Hdf5);
    fields.take(SIGNATURE.len())?;
    if let old @ (0 | 1) = version(fields.u8()?, &[0, 1, 2, 3], Hdf5Part::Superblock)? {
        fields.take(4)?;
        let widths = widths(&mut fields)?;
        fields.take(if old == 1 { 13 } else { 9 })?;
        let file = File::new(window.clone(), widths);
        let mut fields = file.fields(fields.rest());
        let base = fields.address()?;
        fields.address()?;
        let (end, driver) = (fields.address()?, fields.address()?);
        if file.defined(driver).is_some() {
            return Err(unsupported(Hdf5Form::ManyFiles));
        }
        ends_at(window, base, end)?;
        fields.length()?;
        let header = fields.address()?;
        let kind = fields.u32()?;
        fields.skip(4)?;
        let table = match kind {
            1 => Some((fields.address()?, fields.address()?)),
            _ => None,
        };
        let root = Root { header, table };
        Ok(Opened { file, root })
    } else {
        let widths = widths(&mut fields)?;
        fields.u8()?;
        let file = File::new(window.clone(), widths);
        let mut fields = file.fields(fields.rest());
        let (base, extension) = (fields.address()?, fields.address()?);
        let (end, header) = (fields.address()?, fields.address()?);
        ends_at(window, base, end)?;
        if let Some(extension) = file.defined(extension) {
            header::check_extension(&file, extension)?;
        }
        let root = Root {
            header,
            table: None,
        };
        Ok(Opened { file, root })
    }
}

fn widths(fields: &mut Cursor<'_>) -> Result<Widths, ReadError> {
    let mut width = || match fields.u8()? {
        known @ (2 | 4 | 8) => Ok(usize::from(known)),
        other => Err(unsupported(Hdf5Form::Width(other))),
    };
    Ok(Widths {
        address: width()?,
        length: width()?,
    })
}

/// A file that is shorter than its superblock says is not opened by the library either.
fn ends_at(window: &Window, base: u64, end: u64) -> Result<(), ReadError> {
    // What stands before the superblock may have been added or taken away since.
    let end = end.saturating_sub(base);
    if window.reaches(end)? {
        Ok(())
    } else {
        let left = window.len();
        Err(ReadError::malformed(Hdf5Fault::CutOff { end, left }))
    }
}
