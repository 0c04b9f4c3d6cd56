//! Upper bounds of the sizes of values in a template.

use minijinja::Value;

use crate::bytes::wide;

/// How large a value is at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    /// Characters of a text; of a list those of all its elements.
    pub(super) length: u64,
    /// Elements, as far as the template says that.
    pub(super) items: Option<u64>,
    /// The number that it is, as far as the template says that.
    pub(super) number: Option<u64>,
    /// It is a list, or a dict, which the template makes.
    is_list: bool,
}

/// Characters of a number.
const DIGITS: u64 = 24;

impl Amount {
    /// What a template is given: the unit of all that it makes.
    pub(super) const DATA: Self = Self::text(1 << 10);
    /// A number, or an answer.
    pub(super) const SMALL: Self = Self::text(DIGITS);
    /// No text.
    pub(super) const EMPTY: Self = Self::text(0);

    pub(super) const fn text(length: u64) -> Self {
        Self {
            length,
            items: None,
            number: None,
            is_list: false,
        }
    }

    pub(super) const fn empty_list() -> Self {
        Self {
            length: 0,
            items: Some(0),
            number: None,
            is_list: true,
        }
    }

    pub(super) fn of_number(number: Option<u64>) -> Self {
        Self {
            number,
            ..Self::SMALL
        }
    }

    pub(super) fn range(count: Option<u64>) -> Self {
        Self {
            length: count.unwrap_or(1).saturating_mul(8),
            items: count,
            number: count,
            is_list: true,
        }
    }

    pub(super) fn constant(value: &Value) -> Self {
        if let Some(text) = value.as_str() {
            let length = wide(text.len());
            return Self {
                items: Some(length),
                ..Self::text(length)
            };
        }
        if value.is_integer() {
            let number = u64::try_from(value.clone());
            // One that is negative repeats nothing, and one that is larger than any is large.
            let most = match i64::try_from(value.clone()) {
                Ok(negative) if negative < 0 => 0,
                _ => u64::MAX,
            };
            return Self::of_number(Some(number.unwrap_or(most)));
        }
        Self::SMALL
    }

    /// Either of two.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            length: self.length.max(other.length),
            items: self.items.zip(other.items).map(|(a, b)| a.max(b)),
            number: self.number.max(other.number),
            is_list: self.is_list || other.is_list,
        }
    }

    /// Both, one behind the other.
    pub(super) fn and(self, other: Self) -> Self {
        let items = self.items.zip(other.items);
        Self {
            length: self.length.saturating_add(other.length),
            items: items.map(|(a, b)| a.saturating_add(b)),
            number: None,
            is_list: self.is_list || other.is_list,
        }
    }

    /// A list with one more element.
    pub(super) fn with(self, element: Self) -> Self {
        Self {
            length: self.length.saturating_add(element.length).saturating_add(4),
            items: self.items.map(|items| items.saturating_add(1)),
            number: None,
            is_list: true,
        }
    }

    /// An element, or a part.
    pub(super) fn element(self) -> Self {
        Self {
            length: self.length,
            items: None,
            number: self.number,
            is_list: false,
        }
    }

    /// The length as text. Texts in a list stand between quotation marks, and those in them behind backslashes.
    pub(super) fn shown(self) -> u64 {
        if self.is_list {
            self.length.saturating_mul(2)
        } else {
            self.length
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        match (self.number, other.number) {
            (Some(a), Some(b)) => Self::of_number(Some(a.saturating_add(b))),
            _ => self.and(other),
        }
    }

    /// A product: of numbers, or of a text or a list with a number.
    pub(super) fn times(self, other: Self) -> Self {
        let repeated = |value: Self, times: u64| Self {
            length: value.length.saturating_mul(times),
            items: value.items.map(|items| items.saturating_mul(times)),
            ..value
        };
        match (self.number, other.number) {
            (Some(a), Some(b)) => Self::of_number(Some(a.saturating_mul(b))),
            (Some(times), None) => repeated(other, times),
            (None, Some(times)) => repeated(self, times),
            (None, None) => self.or(other),
        }
    }

    pub(super) fn power(self, other: Self) -> Self {
        let power = other.number.map(|it| u32::try_from(it).unwrap_or(u32::MAX));
        let number = self.number.zip(power);
        Self::of_number(number.map(|(number, power)| number.saturating_pow(power)))
    }

    /// Up to an end.
    pub(super) fn cut(self, end: Option<u64>) -> Self {
        let Some(end) = end else { return self };
        Self {
            length: if self.is_list {
                self.length
            } else {
                self.length.min(end)
            },
            items: self.items.map(|items| items.min(end)),
            ..self
        }
    }

    /// With something longer in the place of what is so long.
    pub(super) fn replaced(self, old: u64, new: u64) -> Self {
        let length = match old {
            // Between all characters.
            0 => self
                .length
                .saturating_add(1)
                .saturating_mul(new.saturating_add(1)),
            _ if new <= old => self.length,
            _ => self.length.saturating_add(
                self.length
                    .checked_div(old)
                    .unwrap_or(0)
                    .saturating_mul(new.saturating_sub(old)),
            ),
        };
        Self {
            length,
            number: None,
            ..self
        }
    }

    /// The elements with something between them.
    pub(super) fn joined(self, between: Self) -> Self {
        // Of data each character may be one.
        let items = self.items.unwrap_or(self.length.min(Self::DATA.length));
        let gaps = items.saturating_mul(between.length);
        Self::text(self.length.saturating_add(gaps))
    }

    /// Its parts, filled up to a width.
    pub(super) fn split(self, width: Option<u64>) -> Self {
        Self {
            length: self.length.max(width.unwrap_or(0)),
            number: None,
            is_list: true,
            ..self
        }
    }

    /// What it becomes in so many times as many rounds.
    pub(super) fn extended(self, before: &Self, times: u64) -> Self {
        let more = |before: Option<u64>, now: Option<u64>| Some(extended(before?, now?, times));
        Self {
            length: extended(before.length, self.length, times),
            items: more(before.items, self.items),
            number: more(before.number, self.number),
            ..self
        }
    }
}

/// What grows from one number to another in half of some rounds, in so many times as many rounds.
pub(super) fn extended(half: u64, now: u64, times: u64) -> u64 {
    if now <= half {
        return now;
    }
    let mut grown = now;
    // Twice as much is a line, four times as much the area over it.
    let mut ratio = now.checked_div(half.max(1)).unwrap_or(now);
    loop {
        grown = grown.saturating_mul(times.saturating_add(1));
        ratio /= 3;
        if ratio == 0 || grown == u64::MAX {
            return grown;
        }
    }
}
