//! Files that gensim's `load` opens beside a pickle: each is named after the pickle and after an attribute, which the pickle says.

use crate::{
    fact::{Fact, FileReference, FileRole, Text},
    format::pickle::{
        machine::{Items, Noted, Observer, Scene},
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// Looks in every dict for the lists of such attributes.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Companions;

impl Observer for Companions {
    type Note = ();
    type Saved = ();

    #[inline]
    fn on_items(
        &mut self,
        _target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        for (key, list) in items.entries(scene.code) {
            if list.kind() == ValueKind::List && LISTS.iter().any(|name| name.is(key)) {
                record(list, scene);
            }
        }
        None
    }
}

/// Arrays that NumPy reads, arrays of which a pickle is read, and objects that have files of their own.
const LISTS: [Attribute; 3] = [
    Attribute::SavedArrays,
    Attribute::SavedMatrices,
    Attribute::SavedObjects,
];

/// Records the files that are not in the folder. Those in it have names that nobody knows who does not know that of the pickle, and are
/// judged as files of their own.
#[cold]
fn record(list: Value, scene: &mut Scene<'_>) {
    let Some((_, attributes)) = scene.nodes.get(list) else {
        return;
    };
    for attribute in attributes {
        let Some(attribute) = scene.preview().string(*attribute) else {
            continue;
        };
        // A period and the attribute stand behind the name of the pickle.
        let path = [b".", attribute.as_bytes()].concat();
        let reference = FileReference {
            role: FileRole::Weights,
            path: Text::new(path),
        };
        if reference.leaves().is_some() {
            let moment = scene.moment();
            let fact = Fact::FileReference(Box::new(reference));
            scene.log.other(fact, moment);
        }
    }
}
