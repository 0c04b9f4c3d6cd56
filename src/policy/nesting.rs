//! How deep the brackets of a policy are nested, found before the YAML parser looks at them: it looks at all that are open with
//! each word.
//!
//! Whether a bracket opens a list or belongs to a text depends on all that stands before it. So each is taken for one that opens a
//! list, and what follows is read as YAML reads it within brackets until it is closed. Every list that there is is read so. A bracket
//! of a text is read as well; that matters only where hundreds of others follow that nothing closes.

/// Where more brackets are open than may be.
pub(super) fn too_deep(text: &str, most: usize) -> Option<usize> {
    let brackets = text.match_indices(['[', '{']);
    brackets
        .filter_map(|(at, _)| Some((at, text.get(at..)?)))
        .find_map(|(at, rest)| {
            let within = within_brackets(rest, most)?;
            Some(at.saturating_add(within))
        })
}

/// What is read within brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Nothing yet: a token may begin.
    Between,
    /// A text without quotes, and whether the last that was read of it is white space.
    Plain {
        blank: bool,
    },
    /// A text in single quotes.
    Single,
    /// A text in double quotes.
    Double,
    /// The name of an anchor or of an alias.
    Anchor,
    /// A tag.
    Tag,
    /// A tag between `<` and `>`.
    Verbatim,
    Comment,
}

/// Where more are open than may be, from a text's first bracket until that is closed.
fn within_brackets(text: &str, most: usize) -> Option<usize> {
    let mut open: usize = 0;
    let mut reading = Reading::Between;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        // What ends with a character that is of something else.
        reading = match reading {
            Reading::Anchor if !is_of_anchor(c) => Reading::Between,
            Reading::Tag if !is_of_tag(c) => Reading::Between,
            Reading::Plain { blank: true } if c == '#' => Reading::Between,
            Reading::Plain { .. } if matches!(c, '[' | ']' | '{' | '}' | ',') => Reading::Between,
            Reading::Plain { .. } if c == ':' && next.is_none_or(is_blank) => Reading::Between,
            same => same,
        };
        reading = match (reading, c) {
            (Reading::Between, '[' | '{') => {
                open = open.saturating_add(1);
                if open > most {
                    return Some(at);
                }
                Reading::Between
            }
            (Reading::Between, ']' | '}') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return None;
                }
                Reading::Between
            }
            (Reading::Between, ',' | ':' | '?') => Reading::Between,
            (Reading::Between, '-') if next.is_none_or(is_blank) => Reading::Between,
            (Reading::Between, c) if is_blank(c) => Reading::Between,
            (Reading::Between, '#') => Reading::Comment,
            (Reading::Between, '\'') => Reading::Single,
            (Reading::Between, '"') => Reading::Double,
            (Reading::Between, '&' | '*') => Reading::Anchor,
            (Reading::Between, '!') if next == Some('<') => Reading::Verbatim,
            (Reading::Between, '!') => Reading::Tag,
            (Reading::Between | Reading::Plain { .. }, c) => Reading::Plain { blank: is_blank(c) },
            (Reading::Single, '\'') if next == Some('\'') => {
                chars.next();
                Reading::Single
            }
            (Reading::Double, '\\') => {
                chars.next();
                Reading::Double
            }
            (Reading::Single, '\'') | (Reading::Double, '"') | (Reading::Verbatim, '>') => {
                Reading::Between
            }
            (Reading::Comment, c) if is_break(c) => Reading::Between,
            (same, _) => same,
        };
    }
    None
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t') || is_break(c)
}

fn is_of_anchor(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn is_of_tag(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-;/?:@&=+$.!~*'()%_".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{super::node::Node, *};

    /// How many lists are within each other.
    fn lists(node: &Node) -> usize {
        match node {
            Node::Seq(items) => 1 + items.iter().map(lists).max().unwrap_or(0),
            Node::Map(pairs) => pairs
                .iter()
                .map(|(_, value)| lists(value))
                .max()
                .unwrap_or(0),
            _ => 0,
        }
    }

    #[test]
    fn no_text_has_more_lists_than_were_counted() {
        const PARTS: &[&str] = &[
            "[", "[", "]", "]", ",", ", ", ": ", ":", "\"", "\"", "'", "#", " #", "\n", " ", "a",
            "a ", "b'", "c\"", "&x ", "*x", "!t ", "!<]> ", "!t' ", "\\", "- ", "-", "? ", "{",
            "}", "é", "\u{2028}", "\u{85}", "'']'",
        ];
        let mut seed: u64 = 1;
        let mut random = |n: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % n
        };
        let mut deep = 0;
        for _ in 0..200_000 {
            let mut text = String::from(["[", "a: [", "- [", "- x\n  y\n- ["][random(4)]);
            for _ in 0..random(14) {
                text.push_str(PARTS[random(PARTS.len())]);
            }
            // Many texts lack nothing but the ends.
            let whole = text.clone() + &"]".repeat(random(4));
            let Ok(node) = super::super::load::node(&whole) else {
                continue;
            };
            let block = usize::from(whole.starts_with("- "));
            let lists = lists(&node).saturating_sub(block);
            if lists > 1 {
                deep += usize::from(whole.contains(['"', '\'', '#', '!', '&']));
                assert!(too_deep(&whole, lists - 1).is_some(), "{whole:?} {node:?}");
            }
        }
        assert!(deep > 200, "{deep}");
    }

    #[test]
    fn brackets_of_texts_are_not_counted() {
        for text in [
            "reason: \"[\"\n",
            "- {reason: it's, paths: [\"models/[ab]/**\", 'c''[']}\n",
            "- {a: \"]\", b: [c]} # [[[\n",
            "reason: see [1], rock 'n' roll\n",
            "source: |\n  x = [\"a\", 'b']\n",
        ] {
            // What a text leaves open counts, so a policy may have a hundred of these.
            let text = text.repeat(100);
            assert_eq!(too_deep(&text, 200), None, "{text:.40}");
        }
        for text in [
            "[ \"]\", ",
            "[ ']', ",
            "[ # ]\n",
            "{ \"}\": ",
            "[ a 'b, \"c]\", ",
            "[ &a \"]\", ",
            "[ !<]> ",
            "[ !a' \"]\", ",
            "[ # ]\u{2028}",
        ] {
            assert!(too_deep(&text.repeat(300), 200).is_some(), "{text}");
        }
    }

    /// The time grows with the text, whatever is in it.
    #[test]
    fn a_large_text_is_looked_at_in_no_time() {
        let start = std::time::Instant::now();
        for text in ["[ \"]\", ", "[ \"", "[ '] \" ", "[ ]", "{a: [b, \"]\"]} "] {
            let _ = too_deep(&text.repeat(100_000), 200);
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
