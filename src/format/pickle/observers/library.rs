//! The version of scikit-learn that wrote an estimator, which stands in the estimator's state.

use crate::{
    bytes::Window,
    fact::{Fact, Text},
    format::pickle::{
        machine::{Items, Noted, Observer, Scene},
        opcode as op,
        value::{Interner, Value, ValueKind},
    },
};

/// The key under which estimators keep it.
const SKLEARN_VERSION: &[u8] = b"_sklearn_version";

/// Looks for the version in every dict.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct LibraryVersion {
    /// The value of the key.
    key: Option<Value>,
}

impl Observer for LibraryVersion {
    type Note = ();
    type Saved = ();

    fn on_start(&mut self, _window: &Window, names: &mut Interner) {
        self.key = names.intern(SKLEARN_VERSION);
    }

    #[inline]
    fn on_items(
        &mut self,
        _target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        if !matches!(scene.code, op::SETITEM | op::SETITEMS) {
            return None;
        }
        for pair in items.values.chunks_exact(2) {
            if let [key, value] = pair
                && Some(*key) == self.key
                && value.kind() == ValueKind::Str
            {
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
