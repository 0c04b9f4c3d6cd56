//! Objects: which classes they have, and which of these are MATLAB's own for data.

use super::{code, elements::Order, wrong};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{ForeignCode, Hop, Piece, Place, Short},
    format::Reading,
    limits,
};

/// MATLAB's own classes of texts, dates, tables and maps. They are restored from numbers, texts and cells, and call nothing that the file
/// names.
const DATA: [&[u8]; 9] = [
    b"calendarDuration",
    b"categorical",
    b"containers.Map",
    b"datetime",
    b"dictionary",
    b"duration",
    b"string",
    b"table",
    b"timetable",
];
/// The object that holds what all others are made of.
pub(super) const WRAPPER: &[u8] = b"FileWrapper__";
/// Versions of it.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=4;
/// Numbers before the names: the version, how many names there are, and where the parts end.
const FRONT: u64 = 40;
/// Bytes of a class: the namespace, the name, and two numbers more.
const CLASS: usize = 16;
/// Bytes of what is read of the names and the classes.
pub(super) const MOST: u64 = limits::MATLAB_CLASSES;

/// Whether these texts, which an opaque matrix begins with, are those of the object that holds what all others are made of.
pub(super) fn is_made_of([_, system, class]: &[Vec<u8>; 3]) -> bool {
    system == b"MCOS" && class == WRAPPER
}

fn is_data(class: &[u8]) -> bool {
    DATA.contains(&class)
}

/// An object, or a class that objects have.
#[derive(Debug)]
struct Met {
    class: Vec<u8>,
    hops: Vec<Hop>,
    place: Place,
    /// Whether it is of MATLAB's own kind of classes.
    is_own: bool,
}

/// What has been met of objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    met: Vec<Met>,
    /// Classes that objects have.
    classes: Vec<Met>,
    /// Whether what objects are made of has been read.
    pub(super) is_read: bool,
    /// Whether classes have other names as well.
    pub(super) are_renamed: bool,
}

impl Objects {
    /// An opaque matrix.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn met(
        &mut self,
        texts: [Vec<u8>; 3],
        hops: &[Hop],
        place: Place,
    ) -> Result<(), ReadError> {
        let [_, system, class] = texts;
        let is_own = system == b"MCOS";
        add(&mut self.met, class, hops, place, is_own)
    }

    /// A class in what objects are made of.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn made_of(
        &mut self,
        class: Vec<u8>,
        hops: &[Hop],
        place: Place,
    ) -> Result<(), ReadError> {
        add(&mut self.classes, class, hops, place, true)
    }

    /// Records objects that are more than data, and classes that no such object has.
    pub(super) fn record(self, reading: &mut Reading<'_>) {
        let are_known = self.is_read && !self.are_renamed;
        let is_code = |met: &Met| !(met.is_own && are_known && is_data(&met.class));
        let met: Vec<Met> = self.met.into_iter().filter(is_code).collect();
        let mut told: Vec<&[u8]> = met.iter().map(|met| met.class.as_slice()).collect();
        told.sort_unstable();
        let classes = self.classes.iter().filter(|class| {
            let is_told = told.binary_search(&class.class.as_slice()).is_ok();
            !is_data(&class.class) && !is_told
        });
        for met in met.iter().chain(classes) {
            for hop in &met.hops {
                reading.recorder.enter(hop.clone());
            }
            let fact = code(ForeignCode::MatlabClass, Short::new(&met.class));
            reading.record_at(fact, met.place.clone(), None);
            for _ in &met.hops {
                reading.recorder.leave();
            }
        }
    }
}

fn add(
    list: &mut Vec<Met>,
    class: Vec<u8>,
    hops: &[Hop],
    place: Place,
    is_own: bool,
) -> Result<(), ReadError> {
    if list.len() >= limits::MATLAB_OBJECTS {
        return Err(ReadError::Limit(limits::Id::MATLAB_OBJECTS));
    }
    list.push(Met {
        class,
        hops: hops.to_vec(),
        place,
        is_own,
    });
    Ok(())
}

/// Reads the names of classes; returns the version.
///
/// # Errors
/// What MATLAB does not write.
pub(super) fn classes(
    window: &Window,
    order: Order,
    mut each: impl FnMut(Vec<u8>) -> Result<(), ReadError>,
) -> Result<u32, ReadError> {
    let front = window.exact(0..FRONT, Piece::Content)?;
    let mut numbers = order.numbers(&front);
    let mut number = || numbers.next().unwrap_or_default();
    let (version, count, names_end, classes_end) = (number(), number(), number(), number());
    if !VERSIONS.contains(&version) {
        return Err(wrong("version", 0));
    }
    let (names_end, classes_end) = (u64::from(names_end), u64::from(classes_end));
    if names_end < FRONT || classes_end < names_end {
        return Err(wrong("offset", 8));
    }
    if classes_end > MOST {
        return Err(ReadError::Limit(limits::Id::MATLAB_CLASSES));
    }
    let bytes = window.exact(0..classes_end, Piece::Content)?;
    let (names, classes) = bytes
        .split_at_checked(narrow(names_end))
        .unwrap_or_default();
    let names = names.get(narrow(FRONT)..).unwrap_or_default();
    // Zeros fill the last eight bytes up, and an empty name elsewhere would give the others other numbers.
    let padding = names.iter().rev().take_while(|byte| **byte == 0).count();
    let names = names
        .get(..names.len().saturating_sub(padding))
        .unwrap_or_default();
    let names: Vec<&[u8]> = names.split(|byte| *byte == 0).collect();
    let are_counted = usize::try_from(count).is_ok_and(|count| count == names.len());
    if !are_counted || names.iter().any(|name| name.is_empty()) {
        return Err(wrong("name", FRONT));
    }
    // The first is none.
    for (at, class) in classes.chunks_exact(CLASS).enumerate().skip(1) {
        let mut numbers = order.numbers(class);
        let mut name = || {
            let number = numbers.next()?.checked_sub(1);
            Some(number.map(|number| names.get(usize::try_from(number).unwrap_or(usize::MAX))))
        };
        let (space, name) = (name().flatten(), name().flatten());
        let whole = match (space, name) {
            (None, Some(Some(name))) => name.to_vec(),
            (Some(Some(space)), Some(Some(name))) => [space, &b"."[..], name].concat(),
            _ => {
                let offset = at.saturating_mul(CLASS);
                return Err(wrong("class", names_end.saturating_add(wide(offset))));
            }
        };
        each(whole)?;
    }
    Ok(version)
}
