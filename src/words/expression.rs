//! Values and calls in Python's notation: `posix.system('true')`, `('storage', torch.FloatStorage, '0', 'cpu', 16)`.
//!
//! Short, one line, harmless to print; what is not known is `...`, never guessed.

use std::fmt::{self, Write as _};

use crate::fact::{ContainerKind, Expression, Literal, ShownCall};

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write(self, &mut text)?;
        f.write_str(&cut(text))
    }
}

impl fmt::Display for ShownCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.callee.to_string();
        text.push('(');
        let positional = &self.given.positional;
        let is_empty = match positional {
            Expression::Container {
                kind: ContainerKind::Tuple,
                items,
                length,
            } => {
                write_items(items, *length, false, &mut text)?;
                *length == Some(0)
            }
            other => {
                text.push('*');
                write(other, &mut text)?;
                false
            }
        };
        if let Some(keywords) = &self.given.keywords {
            text.push_str(if is_empty { "" } else { ", " });
            write_keywords(keywords, &mut text)?;
        }
        text.push(')');
        f.write_str(&cut(text))
    }
}

/// `device='cpu', copy=True`; what is no dict of names is `**...`.
fn write_keywords(keywords: &Expression, out: &mut String) -> fmt::Result {
    let (items, length) = match keywords {
        Expression::Container {
            kind: ContainerKind::Dict,
            items,
            length: Some(length),
        } if items.chunks(2).all(|pair| name(pair).is_some()) => (items, *length),
        other => {
            out.push_str("**");
            return write(other, out);
        }
    };
    for (i, pair) in items.chunks(2).enumerate() {
        if let (Some(name), [_, value]) = (name(pair), pair) {
            out.push_str(if i == 0 { "" } else { ", " });
            out.push_str(name);
            out.push('=');
            write(value, out)?;
        }
    }
    if is_cut(items, length) {
        out.push_str(if items.is_empty() { "..." } else { ", ..." });
    }
    Ok(())
}

/// The name of a keyword, by its pair.
fn name(pair: &[Expression]) -> Option<&str> {
    let [Expression::Str(name), _] = pair else {
        return None;
    };
    let text = name.is_whole().then(|| name.start.as_str()).flatten()?;
    let is_name = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(text)
}

fn write(expression: &Expression, out: &mut String) -> fmt::Result {
    match expression {
        Expression::None => out.push_str("None"),
        Expression::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Expression::Int(value) => out.push_str(&value.to_string()),
        Expression::LongInt { bytes } => write!(out, "<integer of {bytes} bytes>")?,
        Expression::Float(bits) => write!(out, "{:?}", f64::from_bits(*bits))?,
        Expression::Spelled(literal) => out.push_str(&shown(literal)),
        Expression::Str(literal) => {
            out.push('\'');
            out.push_str(&shown(literal));
            out.push('\'');
        }
        Expression::Bytes(literal) => {
            let start = literal.start.as_bytes();
            let shown = fitting(start);
            write!(out, "b'{}'", shown.escape_ascii())?;
            if shown.len() < start.len() || !literal.is_whole() {
                write!(out, "...({} bytes)", literal.length)?;
            }
        }
        Expression::Container {
            kind,
            items,
            length,
        } => {
            let (open, close) = match kind {
                ContainerKind::Tuple if *length == Some(1) => ("(", ",)"),
                ContainerKind::Tuple => ("(", ")"),
                ContainerKind::List => ("[", "]"),
                ContainerKind::Dict | ContainerKind::Set => ("{", "}"),
                ContainerKind::FrozenSet => ("frozenset(", ")"),
            };
            out.push_str(open);
            write_items(items, *length, *kind == ContainerKind::Dict, out)?;
            out.push_str(close);
        }
        Expression::Global(global) => out.push_str(&global.to_string()),
        Expression::Made(global) => write!(out, "{global}(...)")?,
        Expression::Persistent => out.push_str("<persistent id>"),
        Expression::Extension => out.push_str("<extension>"),
        Expression::Buffer => out.push_str("<buffer>"),
        Expression::EarlierMemo => out.push_str("<memo of an earlier pickle>"),
        Expression::Elided => out.push_str("..."),
    }
    Ok(())
}

fn write_items(
    items: &[Expression],
    length: Option<u64>,
    pairs: bool,
    out: &mut String,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        let separator = if pairs && i % 2 == 1 { ": " } else { ", " };
        out.push_str(if i == 0 { "" } else { separator });
        write(item, out)?;
    }
    if length.is_none_or(|length| is_cut(items, length)) {
        out.push_str(if items.is_empty() { "..." } else { ", ..." });
    }
    Ok(())
}

fn is_cut(items: &[Expression], length: u64) -> bool {
    u64::try_from(items.len()) != Ok(length)
}

/// As many of the first bytes as are shown, so that their number still has room behind them.
fn fitting(bytes: &[u8]) -> &[u8] {
    let mut room = 2 * Literal::SHOWN;
    let fits = bytes.iter().take_while(|byte| {
        let taken = byte.escape_ascii().len();
        let fits = taken <= room;
        room = room.saturating_sub(taken);
        fits
    });
    let count = fits.count();
    bytes.get(..count).unwrap_or(bytes)
}

/// The beginning of a literal, escaped.
fn shown(literal: &Literal) -> String {
    let text = literal.start.to_string();
    let mut shown: String = text.chars().take(Literal::SHOWN).collect();
    if shown.len() < text.len() || !literal.is_whole() {
        shown.push_str("...");
    }
    shown
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(Expression::SHOWN) {
        text.truncate(at);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::fact::{CallArguments, ContainerKind, Expression, Global, GlobalName, Literal};

    fn text(text: &str) -> Expression {
        let length = u64::try_from(text.len()).unwrap();
        Expression::Str(Literal::text(text.as_bytes(), length))
    }

    fn container<const N: usize>(kind: ContainerKind, items: [Expression; N]) -> Expression {
        let length = u64::try_from(N).ok();
        let items = Box::new(items);
        Expression::Container {
            kind,
            items,
            length,
        }
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        use ContainerKind::{Dict, FrozenSet, List, Tuple};
        let (none, one) = (Expression::None, Expression::Int(1));
        let long = Expression::Bytes(Literal::bytes(&[0; 100], 3000));
        for (value, expected) in [
            (container(Tuple, []), "()"),
            (container(Tuple, [none.clone()]), "(None,)"),
            (
                container(List, [one.clone(), text("a'b\n")]),
                r"[1, 'a'b\n']",
            ),
            (container(Dict, [text("k"), one.clone()]), "{'k': 1}"),
            (
                container(FrozenSet, [Expression::Float(1.5_f64.to_bits())]),
                "frozenset(1.5)",
            ),
            (
                Expression::Container {
                    kind: List,
                    items: Box::new([one.clone()]),
                    length: Some(7),
                },
                "[1, ...]",
            ),
            (CallArguments::unknown().positional, "(...)"),
            (Expression::Elided, "..."),
        ] {
            assert_eq!(value.to_string(), expected);
        }
        assert!(long.to_string().ends_with(r"\x00'...(3000 bytes)"));
        let list = container(List, std::array::from_fn::<_, 100, _>(|_| text("abcdef")));
        assert_eq!(list.to_string().chars().count(), Expression::SHOWN + 3);
    }

    #[test]
    fn keywords_are_written_behind_the_arguments() {
        use ContainerKind::{Dict, Tuple};
        let callee = Global::Named(GlobalName::new("m", "f"));
        let call = |positional, keywords| {
            let given = CallArguments {
                positional,
                keywords: Some(keywords),
            };
            given.of(&callee).to_string()
        };
        let one = Expression::Int(1);
        let none = || container(Tuple, []);
        let named = container(Dict, [text("a"), one.clone(), text("b"), text("x")]);
        assert_eq!(call(none(), named.clone()), "m.f(a=1, b='x')");
        let two = container(Tuple, [one.clone(), one.clone()]);
        assert_eq!(call(two, named), "m.f(1, 1, a=1, b='x')");
        let odd = container(Dict, [text("a=1, b"), one.clone()]);
        assert_eq!(call(none(), odd), "m.f(**{'a=1, b': 1})");
        assert_eq!(call(none(), Expression::Elided), "m.f(**...)");
        assert_eq!(call(one, Expression::Elided), "m.f(*1, **...)");
    }
}
