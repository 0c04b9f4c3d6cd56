//! Every limit on what hostile input may cost, each with the reason for its number.
//!
//! One table declares them all: the constants that the code compares with, the [`Id`] that a fact carries when a limit was
//! reached ([`crate::fact::Unread`]), `docs/limits.md` and what `explain` prints of a limit.

use std::fmt;

/// What a limit is, for people and programs.
#[derive(Debug)]
pub struct Limit {
    /// Which one it is.
    pub id: Id,
    /// The most that is allowed.
    pub most: u64,
    /// What is counted.
    pub unit: Unit,
    /// The words after the number: `7 members of an archive`, `7 bytes of a policy file`.
    pub of: &'static str,
    /// Why it is this number: the doc comment of its row.
    pub reason: &'static str,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things that `of` names.
    Count,
    /// Bytes.
    Bytes,
}

/// Limits that belong together.
#[derive(Debug)]
pub struct Section {
    /// What they limit.
    pub title: &'static str,
    /// The limits, in the order of the table.
    pub limits: &'static [Limit],
}

/// The limit with this name (`zip-gap-bytes`).
pub fn by_name(name: &str) -> Option<&'static Limit> {
    all().find(|limit| limit.id.name() == name)
}

/// Every limit, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Limit> {
    SECTIONS.iter().flat_map(|section| section.limits)
}

impl fmt::Display for Limit {
    /// `64 MiB of a line in a pickle`, `200,000 members of an archive`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let exact = |(shift, _): &&(u32, _)| self.most.trailing_zeros() >= *shift;
        match (self.unit, sizes.iter().find(exact)) {
            (Unit::Count, _) => write!(f, "{}", grouped(self.most))?,
            (Unit::Bytes, Some((shift, name))) => {
                write!(f, "{} {name}", grouped(self.most >> shift))?;
            }
            (Unit::Bytes, None) => write!(f, "{} bytes", grouped(self.most))?,
        }
        write!(f, " {}", self.of)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match by_name(self.name()) {
            Some(limit) => limit.fmt(f),
            None => f.write_str(self.name()),
        }
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format_args!("there is no limit `{name}`"));
        by_name(&name).map(|limit| limit.id).ok_or_else(unknown)
    }
}

/// A number with commas: `4,000,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The name of a constant as users write it: `zip-gap-bytes` for `ZIP_GAP_BYTES`.
const fn kebab<const N: usize>(constant: &str) -> [u8; N] {
    let mut name = [0; N];
    let mut at = 0;
    while at < N {
        name[at] = match constant.as_bytes()[at] {
            b'_' => b'-',
            byte => byte.to_ascii_lowercase(),
        };
        at += 1;
    }
    name
}

/// The table: `CONSTANT: type = most, unit "of"`, below a doc comment that gives the reason.
macro_rules! limits {
    ($($title:literal { $($(#[doc = $reason:literal])+ $name:ident: $type:ty = $most:expr, $unit:ident $of:literal;)+ })+) => {
        /// A limit, as facts and reports name it. The variants are spelled as the constants are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(non_camel_case_types, reason = "one spelling for a limit and its number")]
        pub enum Id {
            $($(
                #[doc = concat!("The limit whose number is [`", stringify!($name), "`].")]
                $name,
            )+)+
        }

        impl Id {
            /// The most that is allowed.
            #[allow(
                clippy::cast_lossless,
                clippy::unnecessary_cast,
                reason = "the numbers have several types, and none is wider than 64 bits"
            )]
            pub const fn most(self) -> u64 {
                match self {
                    $($(Self::$name => $name as u64,)+)+
                }
            }

            /// Its name for users and programs, in kebab case.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => {
                        const NAME: &[u8] = &kebab::<{ stringify!($name).len() }>(stringify!($name));
                        match str::from_utf8(NAME) {
                            Ok(name) => name,
                            Err(_) => stringify!($name),
                        }
                    })+)+
                }
            }
        }

        $($(
            #[doc = concat!("At most so many: ", stringify!($unit), " ", $of, ".\n")]
            $(#[doc = $reason])+
            pub const $name: $type = $most;
        )+)+

        /// All limits.
        pub static SECTIONS: &[Section] = &[$(Section {
            title: $title,
            limits: &[$(Limit {
                id: Id::$name,
                #[allow(
                    clippy::cast_lossless,
                    clippy::unnecessary_cast,
                    reason = "the numbers have several types, and none is wider than 64 bits"
                )]
                most: $name as u64,
                unit: Unit::$unit,
                of: $of,
                reason: concat!($($reason),+),
            }),+],
        }),+];
    };
}

mod table;
pub use table::*;
