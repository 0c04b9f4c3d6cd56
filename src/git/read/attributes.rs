//! What `.gitattributes` say of a view's items: how git writes them to disk, and whether they are exempt.

use std::sync::PoisonError;

use super::{
    super::{
        Item, Origin, View,
        attributes::{self, Chain, Steps},
        checkout::Checkout,
    },
    objects::ViewObjects,
    opened::OtherForms,
};
use crate::{
    bytes::Window,
    fact::{EntryKind, Text, Unavailable},
};

/// Evaluates attributes for one worker.
pub(super) struct ViewAttributes<'v> {
    view: &'v View,
    steps: Steps,
}

impl<'v> ViewAttributes<'v> {
    /// With all the steps that a worker may spend.
    pub(super) fn new(view: &'v View) -> Self {
        Self {
            view,
            steps: Steps::default(),
        }
    }

    /// How git writes an item to disk.
    ///
    /// # Errors
    /// Attributes that are not known.
    pub(super) fn checkout(
        &mut self,
        objects: &mut ViewObjects<'_>,
        item: &Item,
    ) -> Result<Checkout, Unavailable> {
        if item.entry.kind != EntryKind::File || !matches!(item.origin, Origin::Blob(_)) {
            return Ok(Checkout::on_disk());
        }
        if let Some(checkout) = &item.checkout {
            return Ok(checkout.clone());
        }
        let view = self.view;
        let (folders, snapshot) = match view.submodules.get(item.submodule) {
            Some(submodule) => (&submodule.attributes, submodule.snapshot.as_ref()),
            None => (&view.attributes, view.after()),
        };
        // In a history no one state is checked out: its items say it themselves.
        let Some(snapshot) = snapshot else {
            return Ok(Checkout::default());
        };
        let path = view.submodules.path_of(item);
        let trees = objects.trees(item.submodule)?;
        let chain = {
            let mut folders = folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.of(trees, path, |trees, folder| {
                attributes::in_snapshot(snapshot, trees, folder)
            })?
        };
        Chain::checkout(chain.as_ref(), path, &mut self.steps)
    }

    /// The bytes that git writes to disk for a blob, if they are not its own, and those that it may write elsewhere.
    pub(super) fn checked_out(
        &mut self,
        objects: &mut ViewObjects<'_>,
        item: &Item,
        id: gix::ObjectId,
        window: &Window,
    ) -> (Result<Option<Window>, Unavailable>, OtherForms) {
        let checkout = match self.checkout(objects, item) {
            Ok(checkout) => checkout,
            Err(unread) => return (Err(unread), Vec::new()),
        };
        let id = id.to_string();
        let usual = checkout.usual_form().apply(&id, window);
        // Elsewhere it may land as it is.
        let differs = !matches!(usual, Ok(None));
        let as_it_is = || differs.then(|| window.clone());
        let others = checkout.other_forms();
        let others = others.iter().map(|way| way.apply(&id, window));
        let others =
            others.filter_map(|other| other.map(|other| other.or_else(as_it_is)).transpose());
        (usual, others.collect())
    }

    /// Whether the attributes that count for the view say `weighbridge=off` or `-weighbridge` of a path.
    pub(super) fn is_off(&mut self, objects: &mut ViewObjects<'_>, path: &Text) -> bool {
        let view = self.view;
        let path = path.as_bytes();
        // Where there is no repository, there are no attributes.
        let Ok(trees) = objects.trees(None) else {
            return false;
        };
        let chain = {
            let folders = &view.exempting;
            let mut folders = folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.of(trees, path, |trees, folder| {
                view.policy_files().attributes(trees, folder)
            })
        };
        let Ok(Some(chain)) = chain else {
            return false;
        };
        chain.is_off(path, &mut self.steps).unwrap_or_default()
    }
}
