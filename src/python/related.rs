//! The statements of a large module on which nothing watched depends: tables of numbers, generated functions.
//!
//! One statement can matter to another only through a word that both have: a name, an attribute, a keyword. So those are kept that
//! have a watched name, or a word that changes what stands elsewhere, and those that share a word with what is kept, over and
//! over. Words in strings and comments count. The others become a comment of the same length, so that every offset stays and the
//! syntax tree needs no memory for them.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::{
    prefilter::Look,
    words::{is_blank, is_word},
    writers::is_writers,
};

/// Bytes of a source from which on a tree takes more than the time to find these words.
const LARGE: usize = 1 << 16;

/// How often statements are compared with what is kept. Where that is not enough, all are.
const ROUNDS: usize = 16;

/// Words that stand for no name. Sorted.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "if", "import", "in", "is",
    "lambda", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Words that change what stands elsewhere without its name. Sorted.
const FAR: &[&str] = &[
    "__dict__", "global", "globals", "locals", "nonlocal", "setattr", "setitem", "vars",
];

/// A statement of the module with all that is inside.
struct Statement {
    lines: Range<usize>,
    is_kept: bool,
}

/// Turns what is unrelated into comments. `starts`: where logical lines begin; `kept`: places whose statements matter.
pub(super) fn leave_out_unrelated(text: &mut [u8], starts: &[usize], look: &Look, kept: &[usize]) {
    if text.len() < LARGE {
        return;
    }
    let Some(mut statements) = statements(text, starts) else {
        return;
    };
    let mut known: FxHashSet<&[u8]> = FxHashSet::default();
    let hits = look.names.iter().map(|hit| hit.start);
    let mut places: Vec<usize> = hits.chain(kept.iter().copied()).collect();
    places.sort_unstable();
    for statement in &mut statements {
        let lines = text.get(statement.lines.clone()).unwrap_or_default();
        let next = places.partition_point(|at| *at < statement.lines.start);
        let has_place = places.get(next).is_some_and(|at| *at < statement.lines.end);
        if has_place || reaches_far(lines) {
            statement.is_kept = true;
            known.extend(words(lines));
        }
    }
    let mut rounds = 0;
    loop {
        let mut changed = false;
        for statement in statements.iter_mut().filter(|it| !it.is_kept) {
            let lines = text.get(statement.lines.clone()).unwrap_or_default();
            if words(lines).any(|word| known.contains(word)) {
                statement.is_kept = true;
                changed = true;
                known.extend(words(lines));
            }
        }
        if !changed {
            break;
        }
        rounds = usize::saturating_add(rounds, 1);
        if rounds > ROUNDS {
            return;
        }
    }
    drop(known);
    // One comment for all that stand together.
    let mut left_out: Vec<Range<usize>> = Vec::new();
    for statement in statements.into_iter().filter(|it| !it.is_kept) {
        match left_out.last_mut() {
            Some(last) if last.end == statement.lines.start => last.end = statement.lines.end,
            _ => left_out.push(statement.lines),
        }
    }
    for lines in left_out {
        if let Some([first, rest @ ..]) = text.get_mut(lines) {
            *first = b'#';
            let inside = rest
                .len()
                .saturating_sub(usize::from(rest.ends_with(b"\n")));
            for byte in rest.iter_mut().take(inside) {
                *byte = b' ';
            }
        }
    }
}

/// The statements of the module; `None` where a line might belong to another.
fn statements(text: &[u8], starts: &[usize]) -> Option<Vec<Statement>> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut is_decorated = false;
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at.saturating_add(1)).copied();
        let end = end.unwrap_or(text.len());
        let first = text.get(*start)?;
        let goes_on = is_blank(*first) || is_decorated || {
            let word = text.get(*start..end)?.split(|b| !is_word(*b)).next()?;
            matches!(word, b"elif" | b"else" | b"except" | b"finally")
        };
        is_decorated = *first == b'@' || is_decorated && is_blank(*first);
        match statements.last_mut() {
            Some(last) if goes_on => last.lines.end = end,
            None if goes_on => return None,
            _ => statements.push(Statement {
                lines: *start..end,
                is_kept: false,
            }),
        }
    }
    Some(statements)
}

/// The words that may be names.
fn words(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = lines.split(|b| !is_word(*b));
    words.filter(|word| {
        let is_number = word.first().is_none_or(u8::is_ascii_digit);
        !is_number && !is_among(KEYWORDS, word)
    })
}

fn is_among(list: &[&str], word: &[u8]) -> bool {
    list.binary_search_by(|known| known.as_bytes().cmp(word))
        .is_ok()
}

/// Whether a statement may change what stands elsewhere without naming it: it patches something, or sets an attribute that writes.
fn reaches_far(lines: &[u8]) -> bool {
    if memchr::memmem::find(lines, b"patch").is_some() {
        return true;
    }
    let mut at = 0_usize;
    lines.split(|b| !is_word(*b)).any(|word| {
        let start = at;
        let end = start.saturating_add(word.len());
        at = end.saturating_add(1);
        let sets_writer = || {
            let dot = start.checked_sub(1).and_then(|dot| lines.get(dot));
            if dot != Some(&b'.') || !std::str::from_utf8(word).is_ok_and(is_writers) {
                return false;
            }
            let after = lines.get(end..).unwrap_or_default();
            after.iter().find(|b| !is_blank(**b)) != Some(&b'(')
        };
        // Between two blanks there is no word.
        !word.is_empty() && (is_among(FAR, word) || sets_writer())
    })
}

#[cfg(test)]
mod tests {
    use super::{FAR, KEYWORDS};

    #[test]
    fn words_are_sorted() {
        assert!(KEYWORDS.is_sorted() && FAR.is_sorted());
    }
}
