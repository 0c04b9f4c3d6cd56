//! The version of scikit-learn that wrote an estimator, which stands in the estimator's state.

use crate::{
    fact::{Fact, Text},
    format::pickle::{
        machine::{Items, Noted, Observer, Scene},
        texts::Attribute,
        value::ValueKind,
    },
};

/// Looks for the version in every dict.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct LibraryVersion;

impl Observer for LibraryVersion {
    type Note = ();
    type Saved = ();

    #[inline]
    fn on_items(
        &mut self,
        _target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        for (key, value) in items.entries(scene.code) {
            if Attribute::LibraryVersion.is(key) && value.kind() == ValueKind::Str {
                let version = Text::new(scene.names.text(value.index()));
                let fact = Fact::Library {
                    name: "scikit-learn".into(),
                    version: Some(version),
                };
                let moment = scene.moment();
                scene.log.other(fact, moment);
                break;
            }
        }
        None
    }
}
