//! The variables of version 5, and what objects are made of: another file in a matrix of bytes, to which the head points.

use std::sync::Arc;

use super::{
    code,
    elements::{COMPRESSED, Element, Elements, MATRIX, Order, UINT8, UINT32},
    objects::{self, Objects},
    wrong,
};
use crate::{
    bytes::{ByteSource, Codec, Inflated, Paged, ReadError, Window, narrow},
    fact::{ForeignCode, Hop, Place, Short, Text},
    format::Reading,
    limits,
};

/// Bytes before the first variable.
const HEAD: u64 = 128;
/// Where the head says where that other file is; zeros or blanks say nowhere.
const POINTER: u64 = 116;
/// Bytes before the first element of that other file.
const INNER_HEAD: u64 = 8;

/// Classes of matrices.
mod class {
    pub(super) const CELL: u8 = 1;
    pub(super) const OBJECT: u8 = 3;
    pub(super) const UINT8: u8 = 9;
    pub(super) const FUNCTION: u8 = 16;
    pub(super) const OPAQUE: u8 = 17;
}

pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, narrow(HEAD))?;
    let Some(order) = Order::of(&front) else {
        reading.disclaim();
        return Ok(());
    };
    let before = reading.recorder.checkpoint();
    let mut walk = Walk {
        elements: Elements::new(order),
        hops: Vec::new(),
        is_inside: false,
        objects: Objects::default(),
    };
    let pointer = front.get(narrow(POINTER)..narrow(POINTER.saturating_add(8)));
    let inner = pointer.and_then(|pointer| place_of(pointer, order));
    // Elements are small and stand one after another.
    let done = walk.variables(&Paged::of(window), inner, reading);
    // What was met before an error is said as well.
    walk.objects.record(reading);
    done?;
    reading.disclaim_data(before);
    Ok(())
}

/// The place that the head points to.
fn place_of(pointer: &[u8], order: Order) -> Option<u64> {
    let pointer = *pointer.first_chunk::<8>()?;
    if pointer == [b' '; 8] {
        return None;
    }
    let place = match order {
        Order::Big => u64::from_be_bytes(pointer),
        Order::Little => u64::from_le_bytes(pointer),
    };
    (place > 0).then_some(place)
}

struct Walk {
    elements: Elements,
    /// The ways into what is being read.
    hops: Vec<Hop>,
    /// Whether that is what objects are made of.
    is_inside: bool,
    objects: Objects,
}

/// A matrix whose flags have been read.
struct Matrix {
    class: u8,
    /// Where its parts begin.
    parts: u64,
}

impl Walk {
    fn variables(
        &mut self,
        window: &Window,
        inner: Option<u64>,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let mut at = HEAD;
        let mut is_met = inner.is_none();
        while window.reaches(at.saturating_add(1))? {
            let element = self.elements.at(window, at, None)?;
            let is_inner = inner == Some(at);
            is_met |= is_inner;
            match element.kind {
                MATRIX => self.variable(window, &element, is_inner, reading)?,
                COMPRESSED => self.compressed(window, &element, is_inner, reading)?,
                _ => return Err(wrong("variable", at)),
            }
            at = element.next;
        }
        // It is read there, whatever else is there.
        if is_met {
            return Ok(());
        }
        Err(wrong("subsystem", POINTER))
    }

    fn variable(
        &mut self,
        window: &Window,
        element: &Element,
        is_inner: bool,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        if is_inner {
            self.inner(window, element, reading)
        } else {
            self.matrix(window, element, 0, reading)
        }
    }

    /// Reads something in a window of its own.
    fn within(
        &mut self,
        hop: Hop,
        reading: &mut Reading<'_>,
        read: impl FnOnce(&mut Self, &mut Reading<'_>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.hops.push(hop.clone());
        reading.recorder.enter(hop);
        let done = read(self, reading);
        reading.recorder.leave();
        self.hops.pop();
        done
    }

    /// A variable that is compressed: one matrix.
    fn compressed(
        &mut self,
        window: &Window,
        element: &Element,
        is_inner: bool,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let hold = reading.may_hold();
        let packed = element.data(window);
        let inflated = Inflated::open(packed, Codec::Zlib, hold, reading.budget());
        let inflated = Arc::new(inflated);
        let source: Arc<dyn ByteSource> = inflated.clone();
        let unpacked = Window::shared(source);
        // Offsets in it are none of the file.
        let hop = Hop::Member {
            name: Text::new(format!("variable at {:#x}", element.at)),
            copy: 0,
        };
        let done = self.within(hop, reading, |walk, reading| {
            let variable = walk.elements.at(&unpacked, 0, None)?;
            let is_last = !unpacked.reaches(variable.next.saturating_add(1))?;
            if variable.kind != MATRIX || !is_last {
                return Err(wrong("variable", 0));
            }
            walk.variable(&unpacked, &variable, is_inner, reading)
        });
        match inflated.stopped() {
            Some(error) => Err(error),
            None => done,
        }
    }

    /// The file that holds what objects are made of.
    fn inner(
        &mut self,
        window: &Window,
        element: &Element,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let data = self.bytes_of(window, element)?;
        let inner = data.data(window);
        let head = inner.bytes_at(0, narrow(INNER_HEAD))?;
        let order = head.get(..4).and_then(Order::marked);
        let order = order.ok_or_else(|| wrong("subsystem", data.at))?;
        let outer = std::mem::replace(&mut self.elements.order, order);
        self.is_inside = true;
        let done = self.within(Hop::From(data.start), reading, |walk, reading| {
            let mut at = INNER_HEAD;
            while inner.reaches(at.saturating_add(1))? {
                let element = walk.elements.at(&inner, at, None)?;
                if element.kind != MATRIX {
                    return Err(wrong("subsystem", at));
                }
                walk.matrix(&inner, &element, 0, reading)?;
                at = element.next;
            }
            Ok(())
        });
        self.elements.order = outer;
        self.is_inside = false;
        done
    }

    /// The data of a matrix of bytes.
    fn bytes_of(&mut self, window: &Window, element: &Element) -> Result<Element, ReadError> {
        let matrix = self.flags(window, element)?;
        let mut at = matrix.parts;
        let mut part: usize = 0;
        while at < element.end {
            let data = self.elements.at(window, at, Some(element.end))?;
            // Its sizes and its name stand before.
            if part == 2 && matrix.class == class::UINT8 && data.kind == UINT8 {
                return Ok(data);
            }
            part = part.saturating_add(1);
            at = data.next;
        }
        Err(wrong("subsystem", element.at))
    }

    fn flags(&mut self, window: &Window, matrix: &Element) -> Result<Matrix, ReadError> {
        let flags = self.elements.at(window, matrix.start, Some(matrix.end))?;
        if flags.kind != UINT32 || flags.size() != 8 {
            return Err(wrong("flags", flags.at));
        }
        let bytes = window.bytes_at(flags.start, 4)?;
        let number = self.elements.order.numbers(&bytes).next();
        let [class, ..] = number.unwrap_or_default().to_le_bytes();
        if !(1..=class::OPAQUE).contains(&class) {
            return Err(wrong("class", flags.at));
        }
        Ok(Matrix {
            class,
            parts: flags.next,
        })
    }

    /// A matrix: its flags, and then its parts, of which any may be matrices.
    fn matrix(
        &mut self,
        window: &Window,
        matrix: &Element,
        depth: usize,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        if depth >= limits::MATLAB_DEPTH {
            return Err(ReadError::Limit(limits::Id::MATLAB_DEPTH));
        }
        // One without anything is a cell that was never set.
        if matrix.start == matrix.end {
            return Ok(());
        }
        let Matrix { class, parts } = self.flags(window, matrix)?;
        let mut at = parts;
        let mut texts: [Vec<u8>; 3] = Default::default();
        let mut number: usize = 0;
        while at < matrix.end {
            let element = self.elements.at(window, at, Some(matrix.end))?;
            match element.kind {
                MATRIX => {
                    if class == class::OPAQUE && self.is_inside && objects::is_made_of(&texts) {
                        self.made_of(window, &element)?;
                    }
                    let depth = depth.saturating_add(1);
                    self.matrix(window, &element, depth, reading)?;
                }
                COMPRESSED => return Err(wrong("element", at)),
                // Objects have the name of their class in the third element.
                _ if matches!(class, class::OBJECT | class::OPAQUE) => {
                    if let Some(text) = texts.get_mut(number) {
                        let length = narrow(element.size().min(limits::NAME_BYTES));
                        *text = window.bytes_at(element.start, length)?;
                    }
                }
                _ => {}
            }
            number = number.saturating_add(1);
            at = element.next;
        }
        let place = Place::Bytes {
            start: matrix.at,
            end: matrix.end,
        };
        match class {
            class::FUNCTION => {
                let fact = code(ForeignCode::MatlabFunction, Short::default());
                reading.record_at(fact, place, None);
            }
            class::OBJECT => {
                let [_, _, name] = texts;
                let fact = code(ForeignCode::MatlabClass, Short::new(&name));
                reading.record_at(fact, place, None);
            }
            class::OPAQUE if self.is_inside && objects::is_made_of(&texts) => {}
            class::OPAQUE => self.objects.met(texts, &self.hops, place)?,
            _ => {}
        }
        Ok(())
    }

    /// The cell of what objects are made of: what classes there are, the properties, and which classes have other names.
    fn made_of(&mut self, window: &Window, cell: &Element) -> Result<(), ReadError> {
        let mut cells: Vec<Element> = Vec::new();
        let mut first = None;
        let Matrix { class, parts } = self.flags(window, cell)?;
        if class != class::CELL {
            return Err(wrong("subsystem", cell.at));
        }
        let mut at = parts;
        while at < cell.end {
            let element = self.elements.at(window, at, Some(cell.end))?;
            if element.kind == MATRIX {
                first.get_or_insert(element);
                // The last two matter.
                if cells.len() == 2 {
                    cells.remove(0);
                }
                cells.push(element);
            }
            at = element.next;
        }
        let first = first.ok_or_else(|| wrong("subsystem", cell.at))?;
        let classes = self.bytes_of(window, &first)?;
        let order = self.elements.order;
        let place = Place::Bytes {
            start: classes.start,
            end: classes.end,
        };
        let version = objects::classes(&classes.data(window), order, |name| {
            self.objects.made_of(name, &self.hops, place.clone())
        })?;
        self.objects.is_read = true;
        if let (3.., [names, _]) = (version, cells.as_slice()) {
            self.objects.are_renamed |= !self.is_zero(window, names)?;
        }
        Ok(())
    }

    /// Whether the numbers of a matrix are all zero, in whatever size they are stored.
    fn is_zero(&mut self, window: &Window, matrix: &Element) -> Result<bool, ReadError> {
        let mut at = self.flags(window, matrix)?.parts;
        let mut number: usize = 0;
        while at < matrix.end {
            let element = self.elements.at(window, at, Some(matrix.end))?;
            if number == 2 {
                let size = element.size();
                let bytes = window.bytes_at(element.start, narrow(size.min(objects::MOST)))?;
                return Ok(size <= objects::MOST && bytes.iter().all(|byte| *byte == 0));
            }
            number = number.saturating_add(1);
            at = element.next;
        }
        Ok(false)
    }
}
