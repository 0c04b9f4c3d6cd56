//! Files that gensim's `load` opens beside a pickle: each is named after the pickle and after an attribute, which the pickle says.
//!
//! Follows `SaveLoad` of gensim 0.10 to 4.4. The state of an object lists the attributes that were taken out of it: arrays, sparse matrices
//! (their pickle, and three arrays), and attributes that are such objects themselves, whose files have the attribute in their names.

use crate::{
    fact::{Fact, FileReference, FileRole, PathBase, Text},
    format::pickle::{
        event_list::Moment,
        machine::{Flow, Items, Noted, Observer, Scene},
        texts::Attribute,
        value::{Value, ValueKind},
    },
    limits,
};

/// Arrays that NumPy reads, arrays of which a pickle is read, and objects that have files of their own.
const LISTS: [Attribute; 3] = [
    Attribute::SavedArrays,
    Attribute::SavedMatrices,
    Attribute::SavedObjects,
];

/// What a sparse matrix is saved in, behind its attribute.
const OF_MATRIX: [&[u8]; 4] = [b".npy", b".data.npy", b".indptr.npy", b".indices.npy"];

/// Keys and values that a pickler puts into a dict with one opcode.
const MOST_VALUES: usize = 2_000;
/// Systems have no longer names.
const LONGEST: usize = 255;

/// Looks in every dict for the lists of such attributes.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Companions {
    /// Objects with such lists that are part of no other so far, in the order in which their states were filled.
    saved: Vec<Saved>,
    /// Attributes and files that were put together.
    work: usize,
}

/// The state of an object with such lists.
#[derive(Debug, Clone)]
pub(in crate::format::pickle) struct Saved {
    /// The number of the dict.
    state: u64,
    /// The row of the class whose state it became.
    class: Option<usize>,
    /// What stands behind the name of the pickle in those of its files.
    files: Vec<File>,
}

/// A file, and where the pickle names it.
type File = (Vec<u8>, Moment);

impl Observer for Companions {
    type Note = ();
    type Saved = Vec<Saved>;

    fn save(&self) -> Self::Saved {
        self.saved.clone()
    }

    fn restore(&mut self, saved: Self::Saved) {
        self.saved = saved;
    }

    #[inline]
    fn on_items(
        &mut self,
        target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        let mut entries = items.entries(scene.code);
        if entries.any(|(key, list)| of_list(key, list).is_some()) {
            self.add(target.value, items, scene);
        }
        None
    }

    fn on_build(&mut self, target: Noted<()>, state: Noted<()>, _scene: &mut Scene<'_>) -> Flow {
        if let Some(last) = self.saved.last_mut()
            && last.class.is_none()
            && last.state == state.value.number()
            && state.value.kind() == ValueKind::Dict
        {
            last.class = target.value.global();
        }
        Flow::Continue
    }

    /// gensim's `load` asks what the pickle gives for its files.
    fn on_stop(&mut self, result: Noted<()>, scene: &mut Scene<'_>) {
        let class = result.value.global();
        let whole = self.saved.iter().rposition(|it| it.class == class);
        let Some(whole) = whole.filter(|_| class.is_some()) else {
            return;
        };
        for (name, moment) in self.saved.swap_remove(whole).files {
            let reference = FileReference {
                base: PathBase::Name,
                ..FileReference::new(FileRole::Weights, Text::from(name))
            };
            if reference.leaves().is_none() {
                let fact = Fact::FileReference(Box::new(reference));
                scene.log.other(fact, moment);
            }
        }
    }
}

/// Which of the lists a key and its value are.
#[inline]
fn of_list(key: Value, list: Value) -> Option<Attribute> {
    let is_list = list.kind() == ValueKind::List;
    LISTS.into_iter().find(|name| is_list && name.is(key))
}

impl Companions {
    /// Takes the lists of a state.
    #[cold]
    fn add(&mut self, state: Value, items: Items<'_, ()>, scene: &mut Scene<'_>) {
        let mut files = Vec::new();
        for kind in LISTS {
            // Of a key that stands twice, the last counts.
            let lists = items.entries(scene.code);
            let lists = lists.filter(|(key, list)| of_list(*key, *list) == Some(kind));
            let Some((_, list)) = lists.last() else {
                continue;
            };
            let attributes = match scene.nodes.get(list) {
                Some((_, attributes)) => attributes.to_vec(),
                None => continue,
            };
            for attribute in attributes {
                let Some(name) = scene.preview().string(attribute) else {
                    continue;
                };
                // A period and the attribute stand behind the name of the pickle.
                let name = [b".", name.as_bytes()].concat();
                report_away(&name, scene);
                if items.values.len() > MOST_VALUES || self.work >= limits::COMPANIONS {
                    continue;
                }
                self.work = self.work.saturating_add(1);
                let own = value_of(&name, items, scene);
                match (kind, own) {
                    (Attribute::SavedObjects, Some(value)) => {
                        for (suffix, moment) in self.part(value) {
                            self.put(&mut files, [&name, suffix.as_slice()].concat(), moment);
                        }
                    }
                    // What the state has itself was not taken out: another pickler wrote what gensim had loaded.
                    (Attribute::SavedObjects, None) | (_, Some(_)) => {}
                    (Attribute::SavedArrays, None) => {
                        let file = [&name, b".npy".as_slice()].concat();
                        self.put(&mut files, file, scene.moment());
                    }
                    (_, None) => {
                        for suffix in OF_MATRIX {
                            let file = [&name, suffix].concat();
                            self.put(&mut files, file, scene.moment());
                        }
                    }
                }
            }
        }
        if self.work < limits::COMPANIONS {
            self.work = self.work.saturating_add(1);
            self.saved.push(Saved {
                state: state.number(),
                class: None,
                files,
            });
        }
    }

    fn put(&mut self, files: &mut Vec<File>, file: Vec<u8>, moment: Moment) {
        self.work = self.work.saturating_add(1);
        if self.work < limits::COMPANIONS && file.len() <= LONGEST {
            files.push((file, moment));
        }
    }

    /// The files of the first of these objects that is of the class of a value: objects are filled in the order in which a state
    /// names them.
    fn part(&mut self, value: Value) -> Vec<File> {
        let class = value.global();
        let of_class = |it: &Saved| class.is_some() && it.class == class;
        let at = self.saved.iter().position(of_class);
        at.map_or_else(Vec::new, |at| self.saved.remove(at).files)
    }
}

/// What a state has under the name of an attribute, which stands behind a period.
fn value_of(name: &[u8], items: Items<'_, ()>, scene: &Scene<'_>) -> Option<Value> {
    let preview = scene.preview();
    let is = |key: Value| {
        let key = preview.string(key);
        key.is_some_and(|key| name.strip_prefix(b".") == Some(key.as_bytes()))
    };
    let mut entries = items.entries(scene.code);
    entries.find(|(key, _)| is(*key)).map(|(_, value)| value)
}

/// Records a file that is not in the folder.
fn report_away(name: &[u8], scene: &mut Scene<'_>) {
    let reference = FileReference::new(FileRole::Weights, Text::new(name));
    if reference.leaves().is_some() {
        let moment = scene.moment();
        let fact = Fact::FileReference(Box::new(reference));
        scene.log.other(fact, moment);
    }
}
