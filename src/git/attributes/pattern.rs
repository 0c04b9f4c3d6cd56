//! The patterns of `.gitattributes`, matched as git matches them.
//!
//! A pattern without a slash is compared with the last part of a path, any other with the path below the folder of its
//! file. What stands before the first special character is compared as it is; the rest is a wildcard pattern in the sense of
//! git's `wildmatch`. The cost of a match is bounded by the product of both lengths, whatever the pattern.

use std::ops::Range;

use crate::bytes::wide;

/// A pattern of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<[u8]>,
    /// Bytes before the first special character.
    literal: usize,
    /// It has no slash: the last part of a path is compared.
    of_names: bool,
    /// It holds a letter that is not the same in the other case.
    has_upper: bool,
}

/// One step of a wildcard pattern.
enum Token {
    Byte(u8),
    /// `?`
    One,
    /// A bracket expression: its place in the pattern with the `]` and without what is before, and whether it is negated.
    Class(Range<usize>, bool),
    /// `*` within a name.
    Star,
    /// `**` across names; where it begins a name it may stand for nothing together with the slash after it.
    Stars {
        may_skip: bool,
    },
}

impl Pattern {
    /// A pattern as a line has it, quotes undone. `None` for one that matches no file: it is negated, or names a folder.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        // git takes it for a C string.
        let text = text.split(|b| *b == 0).next().unwrap_or_default();
        if text.starts_with(b"!") || text.ends_with(b"/") {
            return None;
        }
        let of_names = !text.contains(&b'/');
        let text = if of_names {
            text
        } else {
            text.strip_prefix(b"/").unwrap_or(text)
        };
        let literal = text
            .iter()
            .position(|b| is_special(*b))
            .unwrap_or(text.len());
        Some(Self {
            literal,
            of_names,
            has_upper: text.iter().any(u8::is_ascii_uppercase),
            text: text.into(),
        })
    }

    /// Whether some path could match in one of the two ways of comparing letters and not in the other.
    pub(super) fn has_upper(&self) -> bool {
        self.has_upper
    }

    /// Whether it matches a path; `base` is the length of its file's folder with the slash at the end.
    /// What that costs is taken from `steps`; when nothing is left, it is said to match nothing.
    pub(super) fn matches(&self, path: &[u8], base: usize, fold: bool, steps: &mut u64) -> bool {
        let text = if self.of_names {
            path.rsplit(|b| *b == b'/').next()
        } else {
            path.get(base..)
        };
        let Some((front, rest)) = text.and_then(|text| text.split_at_checked(self.literal)) else {
            return false;
        };
        let (literal, wild) = self
            .text
            .split_at_checked(self.literal)
            .unwrap_or((&self.text, &[]));
        let same = if fold {
            front.eq_ignore_ascii_case(literal)
        } else {
            front == literal
        };
        same && is_match(wild, rest, !self.of_names, fold, steps)
    }
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// Whether a wildcard pattern matches a text. With `path` a slash is matched by a slash and by `**` only.
fn is_match(pattern: &[u8], text: &[u8], path: bool, fold: bool, steps: &mut u64) -> bool {
    let folded = |byte: u8| {
        if fold {
            byte.to_ascii_lowercase()
        } else {
            byte
        }
    };
    match pattern {
        [] => return text.is_empty(),
        [b'*', rest @ ..] if !rest.iter().any(|b| is_special(*b)) => {
            // `*.pt`, as most are.
            let Some((star, end)) = text
                .len()
                .checked_sub(rest.len())
                .and_then(|at| text.split_at_checked(at))
            else {
                return false;
            };
            let same = if fold {
                end.eq_ignore_ascii_case(rest)
            } else {
                end == rest
            };
            return same && !(path && star.contains(&b'/'));
        }
        _ => {}
    }
    // What it must end with is compared first: that rules out most.
    if let [.., before, last] = pattern
        && !is_special(*last)
        && *last != b']'
        && *before != b'\\'
        && text.last().is_none_or(|end| folded(*end) != folded(*last))
    {
        return false;
    }
    let Some(tokens) = tokens(pattern, path) else {
        return false;
    };
    // Which tokens may come next, all at once: no text is looked at twice.
    let places = tokens.len().saturating_add(1);
    let mut now = vec![false; places];
    let mut then = vec![false; places];
    reach(&tokens, &mut now, 0);
    for byte in text {
        let byte = folded(*byte);
        then.fill(false);
        let mut any = false;
        *steps = steps.saturating_sub(wide(places));
        if *steps == 0 {
            return false;
        }
        for (at, token) in tokens.iter().enumerate() {
            if now.get(at) != Some(&true) {
                continue;
            }
            let next = at.saturating_add(1);
            let slash = path && byte == b'/';
            let (goes_on, stays) = match token {
                Token::Byte(wanted) => (folded(*wanted) == byte, false),
                Token::One => (!slash, false),
                Token::Class(inside, negated) => {
                    let inside = pattern.get(inside.clone()).unwrap_or_default();
                    (!slash && holds(inside, byte, fold) != *negated, false)
                }
                Token::Star => (false, !slash),
                Token::Stars { .. } => (false, true),
            };
            any |= goes_on || stays;
            if goes_on {
                reach(&tokens, &mut then, next);
            }
            if stays {
                if let Some(place) = then.get_mut(at) {
                    *place = true;
                }
                reach(&tokens, &mut then, next);
            }
        }
        if !any {
            return false;
        }
        std::mem::swap(&mut now, &mut then);
    }
    now.last() == Some(&true)
}

/// Marks a place, and those that are reached from it without a byte.
fn reach(tokens: &[Token], places: &mut [bool], at: usize) {
    let (mut at, mut last) = (at, at);
    let mut mark = |at: usize| match places.get_mut(at) {
        Some(place) if !*place => {
            *place = true;
            true
        }
        _ => false,
    };
    if !mark(at) {
        return;
    }
    while at <= last {
        let steps: &[usize] = match tokens.get(at) {
            Some(Token::Stars { may_skip: true }) => &[1, 2],
            Some(Token::Star | Token::Stars { .. }) => &[1],
            _ => &[],
        };
        for step in steps {
            let next = at.saturating_add(*step);
            if mark(next) {
                last = last.max(next);
            }
        }
        at = at.saturating_add(1);
    }
}

/// The steps of a pattern; `None` for one that matches nothing.
fn tokens(pattern: &[u8], path: bool) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        let next = at.saturating_add(1);
        match byte {
            b'\\' => {
                // One at the end stands for nothing that could be there.
                tokens.push(Token::Byte(*pattern.get(next)?));
                at = next.saturating_add(1);
                continue;
            }
            b'?' => tokens.push(Token::One),
            b'*' => {
                let run = pattern.get(at..).unwrap_or_default();
                let run = run.iter().take_while(|b| **b == b'*').count();
                let end = at.saturating_add(run);
                let begins = at
                    .checked_sub(1)
                    .is_none_or(|before| pattern.get(before) == Some(&b'/'));
                let rest = pattern.get(end..).unwrap_or_default();
                let ends = rest.is_empty() || rest.starts_with(b"/") || rest.starts_with(b"\\/");
                tokens.push(match (path, run > 1 && begins && ends) {
                    (false, _) => Token::Stars { may_skip: false },
                    (true, true) => Token::Stars {
                        may_skip: rest.starts_with(b"/"),
                    },
                    (true, false) => Token::Star,
                });
                at = end;
                continue;
            }
            b'[' => {
                let inside = pattern.get(next..).unwrap_or_default();
                let negated = matches!(inside.first(), Some(b'!' | b'^'));
                let start = next.saturating_add(usize::from(negated));
                let length = class_end(pattern.get(start..).unwrap_or_default())?;
                let end = start.saturating_add(length);
                at = end.saturating_add(1);
                tokens.push(Token::Class(start..at, negated));
                continue;
            }
            byte => tokens.push(Token::Byte(*byte)),
        }
        at = next;
    }
    Some(tokens)
}

/// One item of a bracket expression.
enum Member<'p> {
    One(u8),
    Range(u8, u8),
    Named(&'p [u8]),
}

/// Takes the items of a bracket expression apart; the bytes up to its `]`. `None` if there is none, or a class that does not
/// exist.
fn members<'p>(inside: &'p [u8], mut each: impl FnMut(Member<'p>)) -> Option<usize> {
    let mut at: usize = 0;
    // What a range could begin with.
    let mut before: Option<u8> = None;
    loop {
        let byte = *inside.get(at)?;
        // The first is never the end.
        if byte == b']' && at > 0 {
            return Some(at);
        }
        let next = at.saturating_add(1);
        let after = inside.get(next).copied();
        match (byte, before, after) {
            (b'\\', _, _) => {
                let byte = after?;
                each(Member::One(byte));
                before = Some(byte);
                at = next.saturating_add(1);
            }
            (b'-', Some(from), Some(to)) if to != b']' => {
                let escaped = to == b'\\';
                let end = next.saturating_add(usize::from(escaped));
                let to = *inside.get(end)?;
                each(Member::Range(from, to));
                before = None;
                at = end.saturating_add(1);
            }
            (b'[', _, Some(b':')) => {
                let start = next.saturating_add(1);
                let rest = inside.get(start..)?;
                let length = rest.iter().position(|b| *b == b']')?;
                if let Some(name) = rest.get(..length)?.strip_suffix(b":") {
                    if !is_class(name) {
                        return None;
                    }
                    each(Member::Named(name));
                    before = None;
                    at = start.saturating_add(length).saturating_add(1);
                } else {
                    each(Member::One(b'['));
                    before = Some(b'[');
                    at = next;
                }
            }
            _ => {
                each(Member::One(byte));
                before = Some(byte);
                at = next;
            }
        }
    }
}

fn class_end(inside: &[u8]) -> Option<usize> {
    members(inside, |_| {})
}

/// Whether a bracket expression, its `]` included, holds a byte, which is in lower case if letters are folded.
fn holds(inside: &[u8], byte: u8, fold: bool) -> bool {
    let mut found = false;
    let _ = members(inside, |member| {
        found |= match member {
            Member::One(one) => one == byte,
            Member::Range(from, to) => {
                (from..=to).contains(&byte)
                    || fold
                        && byte.is_ascii_lowercase()
                        && (from..=to).contains(&byte.to_ascii_uppercase())
            }
            Member::Named(name) => is_in_class(name, byte, fold),
        };
    });
    found
}

const CLASSES: [&[u8]; 12] = [
    b"alnum", b"alpha", b"blank", b"cntrl", b"digit", b"graph", b"lower", b"print", b"punct",
    b"space", b"upper", b"xdigit",
];

fn is_class(name: &[u8]) -> bool {
    CLASSES.contains(&name)
}

fn is_in_class(name: &[u8], byte: u8, fold: bool) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" => byte.is_ascii_uppercase() || fold && byte.is_ascii_lowercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, path: &str, base: usize) -> bool {
        Pattern::new(pattern.as_bytes()).is_some_and(|pattern| {
            pattern.matches(path.as_bytes(), base, false, &mut 1_000_000_000)
        })
    }

    #[test]
    fn patterns_match_as_git_matches_them() {
        for (pattern, path, expected) in [
            ("*.pt", "a/b.pt", true),
            ("a/*.pt", "a/b.pt", true),
            ("a/*.pt", "a/b/c.pt", false),
            ("/*.pt", "a/b.pt", false),
            ("a/**/c.pt", "a/c.pt", true),
            ("a/**/c.pt", "a/x/y/c.pt", true),
            ("**/c.pt", "c.pt", true),
            ("**/**/**/c.pt", "c.pt", true),
            ("**/**/**/c.pt", "xc.pt", false),
            ("a/**", "a/b/c", true),
            // What follows the literal beginning is a pattern of its own, to git.
            ("a**/c", "a/b/c", true),
            ("a/", "a", false),
            ("!a", "a", false),
            ("mode[l-m].pt", "model.pt", true),
            ("mode[]l].pt", "model.pt", true),
            ("mode[!l].pt", "model.pt", false),
            ("mode[[:alpha:]].pt", "model.pt", true),
            ("mode[[:foo:]].pt", "model.pt", false),
            ("mode[l.pt", "model.pt", false),
            ("m\\odel.pt", "model.pt", true),
            ("model.pt\\", "model.pt", false),
            ("?odel.pt", "model.pt", true),
        ] {
            assert_eq!(matches(pattern, path, 0), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_costs_no_more_than_both_lengths() {
        let pattern = format!("{}x", "**/".repeat(600));
        let path = format!("{}y", "a/".repeat(2000));
        assert!(!matches(&pattern, &path, 0));
        let pattern = format!("{}x?", "*a".repeat(900));
        assert!(!matches(&pattern, &"a".repeat(4000), 0));
    }
}
