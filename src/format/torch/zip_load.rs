//! What `torch.load(weights_only=True)` makes of torch's zip: `_load` in `torch/serialization.py`, with the archive reader of
//! `caffe2/serialize/inline_container.cc`.

use rustc_hash::FxHashMap;

use std::{
    cell::RefCell,
    hash::{Hash, Hasher},
};

use super::{Verdict, site_in};
use crate::{
    bytes::{Budget, ReadError, Window, narrow, wide},
    fact::{ArchiveReason, Condition, Piece, Short, Site, TorchBehaviour, TorchForm},
    format::{
        Loader, Reading,
        pickle::{self, Origin, Outcome, Records},
        zip::{Directory, Member},
    },
};
use std::sync::Arc;

/// The oldest version of the archive that torch reads.
const OLDEST: u8 = 1;
/// The newest.
const NEWEST: u8 = 10;
/// Bytes of a small record that are read: longer ones are none that torch takes.
const SMALL: usize = 256;

/// The name of a record, whatever the case.
#[derive(Debug, Clone, Copy)]
struct RecordName<'a>(&'a [u8]);

impl PartialEq for RecordName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for RecordName<'_> {}

impl Hash for RecordName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for piece in self.0.chunks(8) {
            let mut word = [0; 8];
            for (slot, byte) in word.iter_mut().zip(piece) {
                *slot = byte.to_ascii_lowercase();
            }
            state.write_u64(u64::from_le_bytes(word));
        }
    }
}

/// The records of an archive, as torch finds them.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    window: &'a Window,
    budget: Arc<Budget>,
    directory: &'a Directory,
    /// By name, without the root.
    by_name: FxHashMap<RecordName<'a>, u32>,
    /// The directory as it is searched where a name is there twice; empty where none is.
    sorted: Vec<usize>,
    big_endian: bool,
}

impl<'a> Archive<'a> {
    pub(super) fn new(window: &'a Window, directory: &'a Directory, budget: Arc<Budget>) -> Self {
        let root = [directory.root(), b"/"].concat();
        let members = (0..).zip(&directory.members);
        let by_name = members.filter_map(|(at, member)| {
            let name = member.name.as_bytes();
            let (folder, name) = name.split_at_checked(root.len())?;
            let inside = folder.eq_ignore_ascii_case(&root) && !member.is_orphan();
            inside.then_some((RecordName(name), at))
        });
        let by_name: FxHashMap<RecordName<'_>, u32> = by_name.collect();
        let listed = directory
            .members
            .iter()
            .filter(|member| !member.is_orphan());
        let listed = listed.count();
        let sorted = if by_name.len() < listed {
            sorted(directory, listed)
        } else {
            Vec::new()
        };
        let mut archive = Self {
            window,
            budget,
            directory,
            by_name,
            sorted,
            big_endian: false,
        };
        archive.big_endian = archive
            .small(b"byteorder")
            .is_some_and(|order| order == b"big");
        archive
    }

    fn at(&self, name: &[u8]) -> Option<usize> {
        let found = self.by_name.get(&RecordName(name)).copied()?;
        let found = narrow(u64::from(found));
        if self.sorted.is_empty() {
            return Some(found);
        }
        // Which of several of a name is found follows from the search alone.
        let lower = name.to_ascii_lowercase();
        let wanted = [&*self.directory.root().to_ascii_lowercase(), b"/", &*lower].concat();
        let (mut low, mut high) = (0, self.sorted.len());
        while low < high {
            // As a search between inclusive ends halves what is left.
            let middle = low.midpoint(high.saturating_sub(1));
            let at = *self.sorted.get(middle)?;
            match name_of(self.directory, at).cmp(&wanted) {
                std::cmp::Ordering::Equal => return Some(at),
                std::cmp::Ordering::Less => low = middle.saturating_add(1),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Some(found)
    }

    fn member(&self, name: &[u8]) -> Option<&'a Member> {
        self.directory.members.get(self.at(name)?)
    }

    /// The content of a small record; `None` if there is none, or none that can be read.
    fn small(&self, name: &[u8]) -> Option<Vec<u8>> {
        let body = self.member(name)?.body(self.window, &self.budget).ok()?;
        body.bytes_at(0, SMALL).ok()
    }
}

impl Records for Archive<'_> {
    fn record(&self, key: &[u8]) -> Option<(u32, u64)> {
        let at = self.at(&[b"data/", key].concat())?;
        let member = self.directory.members.get(at)?;
        Some((u32::try_from(at).ok()?, member.size))
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }

    fn read(&self, record: u32, from: u64, bytes: usize) -> Option<Vec<u8>> {
        let member = self.directory.members.get(narrow(u64::from(record)))?;
        let body = member.body(self.window, &self.budget).ok()?;
        body.exact(from..from.checked_add(wide(bytes))?, Piece::TensorIndices)
            .ok()
    }
}

fn name_of(directory: &Directory, at: usize) -> Vec<u8> {
    let name = directory
        .members
        .get(at)
        .map(|member| member.name.as_bytes());
    name.unwrap_or_default().to_ascii_lowercase()
}

/// The first `count` members in the order into which miniz, torch's archive reader, sorts them: by a heap, which decides
/// where equal names come to stand.
fn sorted(directory: &Directory, count: usize) -> Vec<usize> {
    let names: Vec<Vec<u8>> = (0..count).map(|at| name_of(directory, at)).collect();
    let mut order: Vec<usize> = (0..count).collect();
    let less = |order: &[usize], a: usize, b: usize| {
        let name = |slot: usize| order.get(slot).and_then(|at| names.get(*at));
        name(a) < name(b)
    };
    let sift = |order: &mut [usize], mut root: usize, end: usize| loop {
        let mut child = root.saturating_mul(2).saturating_add(1);
        if child >= end {
            break;
        }
        let next = child.saturating_add(1);
        if next < end && less(order, child, next) {
            child = next;
        }
        if !less(order, root, child) {
            break;
        }
        order.swap(root, child);
        root = child;
    };
    if count > 1 {
        for start in (0..=count.saturating_sub(2) / 2).rev() {
            sift(&mut order, start, count);
        }
        for end in (1..count).rev() {
            order.swap(0, end);
            sift(&mut order, 0, end);
        }
    }
    order
}

/// A pickle of an archive that torch loads, and what becomes of it when it is read.
#[derive(Debug)]
pub(super) struct WeightsPickle<'a> {
    archive: &'a Archive<'a>,
    member: &'a Member,
    outcomes: RefCell<Option<Vec<Outcome>>>,
}

impl Loader for WeightsPickle<'_> {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let outcomes = pickle::read_weights(window, Origin::Zip(self.archive), reading);
        self.outcomes.replace(Some(outcomes));
        Ok(())
    }
}

/// The pickles that torch loads of an archive: every copy of `data.pkl` in the root.
#[derive(Debug)]
pub(super) struct WeightsPickles<'a>(Vec<WeightsPickle<'a>>);

impl<'a> WeightsPickles<'a> {
    pub(super) fn new(archive: &'a Archive<'a>) -> Self {
        let data = [archive.directory.root(), b"/data.pkl"].concat();
        let members = archive.directory.members.iter();
        let pickles = members
            .filter(|member| member.name.as_bytes().eq_ignore_ascii_case(&data))
            .filter(|member| !member.is_orphan())
            .map(|member| WeightsPickle {
                archive,
                member,
                outcomes: RefCell::new(None),
            });
        Self(pickles.collect())
    }

    /// The one that is this member.
    pub(super) fn of(&self, member: &Member) -> Option<&WeightsPickle<'a>> {
        // Members lie in one slice, and these are in its order.
        let place = |member: &Member| std::ptr::from_ref(member);
        let at = self
            .0
            .binary_search_by_key(&place(member), |pickle| place(pickle.member));
        self.0.get(at.ok()?)
    }
}

/// How torch takes the archive as a whole, once its pickles are read.
pub(super) fn judge(
    pickles: WeightsPickles<'_>,
    archive: &Archive<'_>,
    reading: &Reading<'_>,
) -> Verdict {
    let (window, directory) = (archive.window, archive.directory);
    let mut verdict = Verdict::new(TorchForm::Zip);
    let here = site_in(reading, None);
    let begins = window
        .bytes_at(0, 4)
        .is_ok_and(|front| front == b"PK\x03\x04");
    if !begins {
        verdict.block(here.clone(), ArchiveReason::NotZip);
    }
    if directory.shift != 0 {
        verdict.block(here.clone(), ArchiveReason::BytesBefore);
    }
    let root = [directory.root(), b"/"].concat();
    let outside = directory
        .members
        .iter()
        .find(|member| !member.is_orphan() && !member.name.as_bytes().starts_with(&root));
    if let Some(outside) = outside {
        let member = outside.name.clone();
        verdict.block(here.clone(), ArchiveReason::OutsideRoot { member });
    }
    small_records(archive, &here, &mut verdict);
    if pickles.0.is_empty() {
        verdict.block(here, ArchiveReason::NoPickle);
    }
    for pickle in pickles.0 {
        let member = pickle.member;
        let site = site_in(reading, Some(member.hop()));
        match member.body(window, &reading.budget()) {
            Ok(body) => {
                // What was read as something else, or not at all, torch takes for a pickle nevertheless.
                let outcomes = pickle.outcomes.take();
                let budget = reading.budget();
                let outcomes = outcomes.unwrap_or_else(|| {
                    pickle::weights_only(&body, 0, Origin::Zip(archive), &budget)
                });
                for outcome in outcomes {
                    verdict.add(&body, &site, &outcome);
                }
            }
            Err(error) => verdict.block(site, ArchiveReason::PickleUnread(error.as_fact())),
        }
    }
    verdict
}

/// What stands beside the pickle and is looked at before it, or after.
fn small_records(archive: &Archive<'_>, here: &Site, verdict: &mut Verdict) {
    // `.data/version` is where it was before 1.5.
    let version = archive
        .small(b".data/version")
        .or_else(|| archive.small(b"version"));
    match version {
        None => verdict.block(here.clone(), ArchiveReason::NoVersion),
        Some(version) => match unsigned(&version) {
            Some(number) if (i128::from(OLDEST)..=i128::from(NEWEST)).contains(&number) => {}
            _ => verdict.block(
                here.clone(),
                ArchiveReason::Version {
                    found: Short::new(version.trim_ascii_end()),
                    oldest: OLDEST,
                    newest: NEWEST,
                },
            ),
        },
    }
    if let Some(order) = archive.small(b"byteorder")
        && order != b"little"
        && order != b"big"
    {
        verdict.block(here.clone(), ArchiveReason::ByteOrder(Short::new(&order)));
    }
    if let Some(alignment) = archive.small(b".storage_alignment")
        && !is_python_integer(&alignment)
    {
        let reads = Condition {
            behaviour: TorchBehaviour::ReadsStorageAlignment,
            holds: true,
        };
        let reason = ArchiveReason::StorageAlignment;
        verdict.block_where(&[reads], here.clone(), reason);
    }
    if let Some(id) = archive.small(b".data/serialization_id")
        && std::str::from_utf8(&id).is_err_and(|error| error.error_len().is_some())
    {
        verdict.block(here.clone(), ArchiveReason::SerializationId);
    }
}

/// A number as C's `stoull` reads it, wrapped as it wraps negative ones.
fn unsigned(text: &[u8]) -> Option<i128> {
    let text = text.trim_ascii_start();
    let text = match text {
        [b'\x0b', rest @ ..] => rest.trim_ascii_start(),
        text => text,
    };
    let negative = text.first() == Some(&b'-');
    let digits = unsigned_part(text);
    let end = digits.iter().position(|byte| !byte.is_ascii_digit());
    let digits = digits.get(..end.unwrap_or(digits.len()))?;
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let number = i128::from(number);
    Some(if negative {
        number.saturating_neg()
    } else {
        number
    })
}

/// What stands behind a sign, if there is one.
fn unsigned_part(text: &[u8]) -> &[u8] {
    let signed = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+"));
    signed.unwrap_or(text)
}

/// Whether Python's `int` takes bytes for a number.
fn is_python_integer(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let digits = unsigned_part(text);
    let groups = digits.split(|byte| *byte == b'_');
    !digits.is_empty()
        && groups
            .into_iter()
            .all(|group| !group.is_empty() && group.iter().all(u8::is_ascii_digit))
}
