//! The objects of a view's repository and of its submodules, for one worker.

use std::sync::Arc;

use super::super::{
    View,
    objects::{Objects, Trees},
};
use crate::{
    bytes::Window,
    fact::{Answer, Text, Unavailable, Unreadable, UnreadablePart},
    limits,
};

/// Reads the objects of a view.
pub(super) struct ViewObjects<'v> {
    view: &'v View,
    /// Those of the view's repository, then of its submodules.
    trees: Vec<Option<Trees>>,
    /// The blob that was read last, which stands at many paths in a history. Its memory is used again for the next.
    last: Option<(Key, Arc<Vec<u8>>)>,
}

/// A blob: the submodule whose objects have it, and its id.
type Key = (Option<usize>, gix::ObjectId);

/// Bytes of memory that are kept for the next blob. Reading a blob takes a few times its size, and most have some kilobytes.
const KEPT: usize = 8 << 20;

impl<'v> ViewObjects<'v> {
    /// Opens nothing until it is asked.
    pub(super) fn new(view: &'v View) -> Self {
        Self {
            view,
            trees: Vec::new(),
            last: None,
        }
    }

    /// A blob of a submodule, or of the view's own repository.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub(super) fn blob(
        &mut self,
        submodule: Option<usize>,
        id: gix::ObjectId,
    ) -> Result<Window, Unavailable> {
        let key = (submodule, id);
        if let Some((last, data)) = &self.last
            && *last == key
        {
            return Ok(Window::shared(Arc::<Vec<u8>>::clone(data)));
        }
        // Not two at a time: unless somebody still looks at it, its place is taken.
        let mut data = self.last.take().map(|(_, data)| data).unwrap_or_default();
        if Arc::get_mut(&mut data).is_none_or(|data| data.capacity() > KEPT) {
            data = Arc::default();
        }
        let view = self.view;
        if let Some(data) = Arc::get_mut(&mut data) {
            self.objects(submodule)?
                .read_blob(id, limits::Id::BLOB_BYTES, data)
                .map_err(|unread| match unread {
                    Unavailable::NotFetched { what, command } => Unavailable::NotFetched {
                        what,
                        command: view.submodules.command_in(submodule, command),
                    },
                    other => other,
                })?;
        }
        let window = Window::shared(Arc::<Vec<u8>>::clone(&data));
        self.last = Some((key, data));
        Ok(window)
    }

    /// The objects of a submodule, or of the view's own repository.
    pub(super) fn objects(
        &mut self,
        submodule: Option<usize>,
    ) -> Result<&mut Objects, Unavailable> {
        self.trees(submodule).map(Trees::objects)
    }

    /// The trees of a submodule, or of the view's own repository.
    ///
    /// # Errors
    /// An object store that cannot be opened, or none.
    pub(super) fn trees(&mut self, submodule: Option<usize>) -> Result<&mut Trees, Unavailable> {
        let at = submodule.map_or(0, |n| n.saturating_add(1));
        if self.trees.len() <= at {
            self.trees.resize_with(at.saturating_add(1), || None);
        }
        let unreadable = |answer| {
            let part = UnreadablePart::Objects;
            Unavailable::Io(Unreadable { part, answer })
        };
        let nowhere = || unreadable(Answer::Missing);
        let place = self.trees.get_mut(at).ok_or_else(nowhere)?;
        if place.is_none() {
            let stores = self
                .view
                .stores(submodule)
                .map_err(|error| unreadable(Answer::Said(Text::from(error.to_string()))))?;
            *place = stores.map(|stores| Trees::new(stores.open()));
        }
        place.as_mut().ok_or_else(nowhere)
    }
}
