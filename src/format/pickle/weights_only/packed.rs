//! Values in eight bytes, as the stack, the memo, tuples and lists keep them.

use super::value::TorchValue;
use crate::{
    bytes::{narrow, wide},
    format::pickle::{
        machine::{Note, Noted},
        text::Letters,
        value::{Value, ValueKind},
    },
};

/// A value, or where the heap keeps it. Constants are kept as the machine knows them, which needs no heap.
///
/// What a number means depends on the kind: `Tuple` has the place of its elements and how many there are, `Bytes` where a text
/// stands and what is known of it, `Instance` an object, `Global` and `Result` the number of a global (itself, or what it made),
/// and `Stale` the place of any other value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::format::pickle) struct Packed(Value);

/// Of nothing more than this is noted.
const BLANK: Value = Value::UNKNOWN;
/// A float that is zero. No opcode stands there.
const ZERO: Value = Value::new(ValueKind::Float, u64::MAX);

/// How a tuple's number is laid out: its place, how many elements it has, and whether they can be hashed.
const LEN_SHIFT: u32 = 32;
const LEN_BITS: u64 = (1 << 23) - 1;
const HASHABLE_SHIFT: u32 = 55;

/// How the number of a text is laid out: where it stands, how many bytes it has, its letters, and whether they are two.
const TEXT_AT_BITS: u64 = (1 << 40) - 1;
const TEXT_LEN_SHIFT: u32 = 40;
const TEXT_LEN_BITS: u64 = (1 << 13) - 1;
const LETTERS_SHIFT: u32 = 53;
const PAIR_SHIFT: u32 = 55;

const LETTERS: [Letters; 4] = [
    Letters::Ascii,
    Letters::Latin1,
    Letters::Unicode,
    Letters::Surrogates,
];

impl Default for Packed {
    fn default() -> Self {
        Self(BLANK)
    }
}

impl Note for Packed {
    #[inline]
    fn is_blank(&self) -> bool {
        self.0 == BLANK
    }
}

impl Packed {
    /// What a value is that the machine knows, with what is noted of it.
    #[inline]
    pub(super) fn of(Noted { value, note }: Noted<Self>) -> Self {
        if note.is_blank() {
            Self::constant(value)
        } else {
            note
        }
    }

    /// A constant, of which nothing is noted.
    #[inline]
    pub(super) fn constant(value: Value) -> Self {
        match value.kind() {
            ValueKind::Bool
            | ValueKind::Int
            | ValueKind::Float
            | ValueKind::Str
            | ValueKind::StrAt => Self(value),
            _ => Self(BLANK),
        }
    }

    /// A value that needs no heap.
    pub(super) fn whole(value: TorchValue) -> Option<Self> {
        let number = |kind, number: u32| Value::new(kind, u64::from(number));
        Some(Self(match value {
            TorchValue::None => BLANK,
            TorchValue::Bool(is) => Value::new(ValueKind::Bool, u64::from(is)),
            TorchValue::Int(n) => Value::int(i32::try_from(n).ok()?),
            TorchValue::Float { zero: true } => ZERO,
            TorchValue::Float { zero: false } => Value::new(ValueKind::Float, 0),
            TorchValue::Text {
                value,
                is_pair: false,
            } => value,
            TorchValue::Tuple { at, len, hashable } if u64::from(len) <= LEN_BITS => {
                let len = u64::from(len).wrapping_shl(LEN_SHIFT);
                let hashable = u64::from(hashable).wrapping_shl(HASHABLE_SHIFT);
                Value::new(ValueKind::Tuple, u64::from(at) | len | hashable)
            }
            TorchValue::Far {
                at,
                len,
                holds,
                is_pair,
            } if at <= TEXT_AT_BITS && u64::from(len) <= TEXT_LEN_BITS => {
                let len = u64::from(len).wrapping_shl(TEXT_LEN_SHIFT);
                let letters = LETTERS.iter().position(|letters| *letters == holds)?;
                let letters = wide(letters).wrapping_shl(LETTERS_SHIFT);
                let is_pair = u64::from(is_pair).wrapping_shl(PAIR_SHIFT);
                Value::new(ValueKind::Bytes, at | len | letters | is_pair)
            }
            TorchValue::Object(at) => number(ValueKind::Instance, at),
            TorchValue::Global(row) => number(ValueKind::Global, row),
            TorchValue::Foreign(row) => number(ValueKind::Result, row),
            _ => return None,
        }))
    }

    /// A value that the heap keeps at this place.
    pub(super) fn kept(place: u32) -> Self {
        Self(Value::new(ValueKind::Stale, u64::from(place)))
    }

    /// The value, or the place at which the heap keeps it.
    pub(super) fn unpack(self) -> Result<TorchValue, u32> {
        let number = self.0.number();
        let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Ok(match self.0.kind() {
            ValueKind::Bool => TorchValue::Bool(number == 1),
            ValueKind::Int => TorchValue::Int(i64::from(self.0.as_int())),
            ValueKind::Float => TorchValue::Float {
                zero: self.0 == ZERO,
            },
            ValueKind::Str | ValueKind::StrAt => TorchValue::Text {
                value: self.0,
                is_pair: false,
            },
            ValueKind::Tuple => TorchValue::Tuple {
                at: low,
                len: u32::try_from(number.wrapping_shr(LEN_SHIFT) & LEN_BITS).unwrap_or(u32::MAX),
                hashable: number.wrapping_shr(HASHABLE_SHIFT) & 1 == 1,
            },
            ValueKind::Bytes => {
                let len = number.wrapping_shr(TEXT_LEN_SHIFT) & TEXT_LEN_BITS;
                let letters = narrow(number.wrapping_shr(LETTERS_SHIFT) & 3);
                TorchValue::Far {
                    at: number & TEXT_AT_BITS,
                    len: u32::try_from(len).unwrap_or(u32::MAX),
                    holds: LETTERS.get(letters).copied().unwrap_or(Letters::Surrogates),
                    is_pair: number.wrapping_shr(PAIR_SHIFT) & 1 == 1,
                }
            }
            ValueKind::Instance => TorchValue::Object(low),
            ValueKind::Global => TorchValue::Global(low),
            ValueKind::Result => TorchValue::Foreign(low),
            ValueKind::Stale => return Err(low),
            _ => TorchValue::None,
        })
    }

    /// Whether it can be a key, if it is no object.
    #[inline]
    pub(super) fn is_hashable(self) -> Result<bool, u32> {
        match self.0.kind() {
            ValueKind::Tuple => Ok(self.0.number().wrapping_shr(HASHABLE_SHIFT) & 1 == 1),
            ValueKind::Instance => Err(u32::try_from(self.0.number()).unwrap_or(u32::MAX)),
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Packed, TorchValue};
    use crate::format::pickle::{
        text::Letters,
        value::{Value, ValueKind},
    };

    #[test]
    fn what_is_packed_is_unpacked() {
        let value = Value::new(ValueKind::StrAt, 77);
        for packed in [
            TorchValue::None,
            TorchValue::Bool(true),
            TorchValue::Bool(false),
            TorchValue::Int(i64::from(i32::MIN)),
            TorchValue::Int(7),
            TorchValue::Float { zero: true },
            TorchValue::Float { zero: false },
            TorchValue::Text {
                value,
                is_pair: false,
            },
            TorchValue::Tuple {
                at: u32::MAX,
                len: (1 << 23) - 1,
                hashable: true,
            },
            TorchValue::Tuple {
                at: 1,
                len: 2,
                hashable: false,
            },
            TorchValue::Far {
                at: (1 << 40) - 1,
                len: (1 << 13) - 1,
                holds: Letters::Surrogates,
                is_pair: false,
            },
            TorchValue::Far {
                at: 7,
                len: 4,
                holds: Letters::Unicode,
                is_pair: true,
            },
            TorchValue::Object(u32::MAX),
            TorchValue::Global(3),
            TorchValue::Foreign(4),
        ] {
            let unpacked = Packed::whole(packed).map(Packed::unpack);
            assert_eq!(unpacked, Some(Ok(packed)));
        }
        for kept in [
            TorchValue::Int(1 << 40),
            TorchValue::Bytes(1),
            TorchValue::Far {
                at: 1 << 40,
                len: 3,
                holds: Letters::Ascii,
                is_pair: false,
            },
            TorchValue::Far {
                at: 1,
                len: 1 << 13,
                holds: Letters::Ascii,
                is_pair: false,
            },
            TorchValue::Text {
                value,
                is_pair: true,
            },
            TorchValue::Tuple {
                at: 0,
                len: 1 << 23,
                hashable: true,
            },
        ] {
            assert_eq!(Packed::whole(kept), None);
        }
        assert_eq!(Packed::kept(9).unpack(), Err(9));
        assert_eq!(size_of::<Packed>(), 8);
    }
}
