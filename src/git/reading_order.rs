//! The order in which a view's items are read: each content once, however many paths have it.
//!
//! A few objects can stand for a million paths, in a history and in one commit, so what is opened is a content and not a
//! path. Where there are many, they are read as the packs hold them: what is a delta of what was just read is made from
//! memory.

use gix::ObjectId;
use rustc_hash::FxHashMap;

use super::{Item, Origin, View, objects::Stores};

/// Items grouped by content. Empty where every item is a content of its own: then they are read in the order of the view.
#[derive(Debug, Default)]
pub(super) struct ReadingOrder {
    /// Indexes of items; those with the same content stand together.
    order: Vec<u32>,
    /// Where in `order` each content ends.
    ends: Vec<usize>,
}

/// A content: the submodule whose objects have it, and its blob.
type Key = (Option<usize>, ObjectId);

/// Contents below which packs are not asked where they are: opening their indexes would take longer.
const FEW: usize = 512;

/// Packs that are asked where they hold a content: in more, order costs more than it gains.
const PACKS: usize = 64;

impl ReadingOrder {
    pub(super) fn of(view: &View) -> Self {
        let mut places: FxHashMap<Key, (usize, u64)> = FxHashMap::default();
        places.extend(
            view.items
                .iter()
                .filter_map(content)
                .map(|key| (key, (usize::MAX, 0))),
        );
        if places.is_empty() {
            return Self::default();
        }
        // Where the stores cannot be opened, reading will say so.
        if places.len() >= FEW
            && let Ok(Some(stores)) = view.stores(None)
        {
            locate(stores, &mut places);
        }
        let mut keys: Vec<_> = (0_u32..)
            .zip(&view.items)
            .map(|(at, item)| {
                let key = content(item);
                let place = key.and_then(|key| places.get(&key).copied());
                (place.unwrap_or((usize::MAX, 0)), key, at)
            })
            .collect();
        keys.sort_unstable();
        let mut reading = Self::default();
        for lot in keys.chunk_by(|a, b| a.1.is_some() && a.1 == b.1) {
            reading.order.extend(lot.iter().map(|key| key.2));
            reading.ends.push(reading.order.len());
        }
        reading
    }

    /// How many contents there are, if items share any.
    pub(super) fn contents(&self) -> Option<usize> {
        (!self.ends.is_empty()).then_some(self.ends.len())
    }

    /// The places of the items that have the `n`th content.
    pub(super) fn items_with_content(&self, n: usize) -> &[u32] {
        let Some(end) = self.ends.get(n) else {
            return &[];
        };
        let start = n.checked_sub(1).and_then(|before| self.ends.get(before));
        let places = self.order.get(start.copied().unwrap_or_default()..*end);
        places.unwrap_or_default()
    }
}

fn content(item: &Item) -> Option<Key> {
    match item.origin {
        Origin::Blob(id) => Some((item.submodule, id)),
        _ => None,
    }
}

/// Notes which pack holds each of the repository's own contents, and where in it.
fn locate(stores: &Stores, places: &mut FxHashMap<Key, (usize, u64)>) {
    let indexes: Vec<_> = stores
        .pack_indexes()
        .iter()
        .take(PACKS)
        .filter_map(|path| gix::odb::pack::index::File::at(path, stores.hash()).ok())
        .collect();
    #[allow(
        clippy::iter_over_hash_type,
        reason = "each place is changed by itself"
    )]
    for ((submodule, id), place) in places {
        if submodule.is_some() {
            continue;
        }
        for (number, index) in indexes.iter().enumerate() {
            if let Some(at) = index.lookup(id) {
                *place = (number, index.pack_offset_at_index(at));
                break;
            }
        }
    }
}
