//! Dense storage of links and of attributes: a heap that holds them, and up to two indices with their ids.

use rustc_hash::FxHashSet;

use super::{
    file::{File, version},
    fractal_heap::FractalHeap,
    tree,
};
use crate::{bytes::ReadError, fact::Hdf5Part, limits};

/// What an object stores densely.
pub(super) struct Dense<'f> {
    file: &'f File,
    heap: FractalHeap<'f>,
    by_name: Option<u64>,
    by_order: Option<u64>,
}

impl<'f> Dense<'f> {
    /// The storage that a message describes, with `counter` bytes for the order of creation if it is tracked; `None` if there is none.
    pub(super) fn open(
        file: &'f File,
        info: &[u8],
        part: Hdf5Part,
        counter: usize,
    ) -> Result<Option<Self>, ReadError> {
        let mut fields = file.fields(info);
        version(fields.u8()?, &[0], part)?;
        let flags = fields.u8()?;
        if flags & 1 != 0 {
            fields.skip(counter)?;
        }
        let (heap, names) = (fields.address()?, fields.address()?);
        let by_order = if flags & 2 != 0 {
            file.defined(fields.address()?)
        } else {
            None
        };
        let Some(heap) = file.defined(heap) else {
            return Ok(None);
        };
        Ok(Some(Self {
            file,
            heap: FractalHeap::open(file, heap)?,
            by_name: file.defined(names),
            by_order,
        }))
    }

    /// Hands over everything that the indices by name and by order find, once. `id` takes the id out of a record of an index.
    pub(super) fn each(
        &self,
        [by_name, by_order]: [u8; 2],
        id: impl Fn(u8, &[u8]) -> Result<Vec<u8>, ReadError>,
        mut each: impl FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut ids = FxHashSet::default();
        for (index, of) in [(self.by_name, by_name), (self.by_order, by_order)] {
            let Some(index) = index else { continue };
            tree::records(self.file, index, of, |record| {
                let id = id(of, record)?;
                if ids.len() >= limits::HDF5_OBJECTS {
                    return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
                }
                if ids.insert(id.clone()) {
                    each(&self.heap.object(&id)?)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
