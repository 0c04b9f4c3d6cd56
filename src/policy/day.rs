//! Days as policies and comments write them.

use jiff::civil::Date;

/// A day as `2027-03-31`, and in no other form.
pub(super) fn day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| has_form(text))
}

/// Whether a text has the form of a day, be it in the calendar or not.
pub(super) fn has_form(text: &str) -> bool {
    let digit_or_dash = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(digit_or_dash)
}
