//! Version 4: matrices one after another, each behind a header of five numbers and its name. There is nothing but numbers and texts in them.

use super::{elements::Order, wrong};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::Piece,
    format::Reading,
    limits,
};

/// Bytes of the five numbers.
const HEADER: u64 = 20;
/// Names have 63 characters at most, and a zero.
const NAME: u32 = 64;
/// A number says the order of bytes in its thousands, the type in its tens and the kind of matrix in its ones.
const BIG: u32 = 1000;
/// Bytes of a number of each type.
const SIZES: [u64; 6] = [8, 4, 4, 2, 2, 1];
/// Full, text and sparse.
const KINDS: u32 = 3;

/// Where the data of a matrix is.
struct Matrix {
    /// Bytes of the name.
    name: u64,
    /// Bytes of the data.
    size: u64,
}

/// Whether a file begins with a matrix and its name.
pub(super) fn begins(front: &[u8]) -> bool {
    let name = |matrix: Matrix| {
        let end = HEADER.saturating_add(matrix.name);
        front.get(narrow(HEADER)..narrow(end))
    };
    [Order::Little, Order::Big]
        .into_iter()
        .any(|order| header(front, order).and_then(name).is_some_and(is_name))
}

/// A name of MATLAB, with the zero behind it.
fn is_name(name: &[u8]) -> bool {
    let Some((0, name)) = name.split_last() else {
        return false;
    };
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn header(front: &[u8], order: Order) -> Option<Matrix> {
    let mut numbers = order.numbers(front.get(..narrow(HEADER))?);
    let mut number = || numbers.next();
    let (kind, rows, columns, is_complex, name) =
        (number()?, number()?, number()?, number()?, number()?);
    let kind = match order {
        Order::Little => kind,
        Order::Big => kind.checked_sub(BIG)?,
    };
    let size = SIZES.get(usize::try_from(kind.checked_div(10)?).ok()?)?;
    let is_known = kind.checked_rem(10)? < KINDS && is_complex <= 1 && (2..=NAME).contains(&name);
    // No matrix has more rows than fit a number with a sign.
    let is_possible = [rows, columns]
        .iter()
        .all(|size| i32::try_from(*size).is_ok());
    if !is_known || !is_possible {
        return None;
    }
    let numbers = u64::from(rows).saturating_mul(u64::from(columns));
    let parts = u64::from(is_complex).saturating_add(1);
    Some(Matrix {
        name: u64::from(name),
        size: numbers.saturating_mul(*size).saturating_mul(parts),
    })
}

/// Reads the matrices.
///
/// # Errors
/// What is none, or does not fit.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let mut at: u64 = 0;
    let mut count: u64 = 0;
    while window.reaches(at.saturating_add(1))? {
        count = count.saturating_add(1);
        if count > limits::MATLAB_ELEMENTS {
            return Err(ReadError::Limit(limits::Id::MATLAB_ELEMENTS));
        }
        let front = window.exact(at..at.saturating_add(HEADER), Piece::Content)?;
        let matrix = [Order::Little, Order::Big]
            .into_iter()
            .find_map(|order| header(&front, order));
        let matrix = matrix.ok_or_else(|| wrong("variable", at))?;
        let start = at.saturating_add(HEADER);
        let name = window.bytes_at(start, narrow(matrix.name))?;
        if !is_name(&name) {
            return Err(wrong("name", start));
        }
        let start = start.saturating_add(matrix.name);
        let end = start.saturating_add(matrix.size);
        if !window.reaches(end)? {
            let left = window.len().saturating_sub(start);
            return Err(ReadError::truncated(Piece::Content, matrix.size, left));
        }
        at = end;
    }
    reading.disclaim_data(before);
    Ok(())
}
