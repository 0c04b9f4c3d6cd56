//! Chat templates: programs in the language of Jinja, which readers of models run over the messages of a conversation.
//!
//! A template is parsed and followed as far as is needed to say what it looks up, calls and loads; nothing is rendered. The order in which
//! it runs is not followed: a name stands for all that it is ever bound to.

mod amount;
mod answers;
mod bindings;
mod growth;
mod keys;
mod names;
mod rounds;
mod sizes;
mod tree;
mod uses;
mod values;

use std::ops::Range;

use minijinja::{
    machinery::{Token, ast::Stmt, parse, tokenize},
    syntax::SyntaxConfig,
};

use bindings::Bindings;
use rounds::Rounds;
use uses::Uses;

use super::{Reading, lines::Lines};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Fact, Malformed, Place, Short, SyntaxFault, Unsupported},
    limits,
};

/// Records what a template uses besides its data.
pub(super) fn read(template: &str, reading: &mut Reading<'_>) {
    if let Err(error) = read_uses(template, reading) {
        reading.unread(error, Place::Whole);
    }
}

fn read_uses(template: &str, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if template.len() > limits::TEMPLATE_BYTES {
        return Err(ReadError::Limit(limits::Id::TEMPLATE_BYTES));
    }
    check_raw(template)?;
    let template = without_marks(template)?;
    let tree = parsed(&template).map_err(|(fault, _)| fault)?;
    let statements = match &tree {
        Stmt::Template(it) => it.children.as_slice(),
        _ => &[],
    };
    let mut bindings = Bindings::default();
    tree::walk(statements, &mut bindings);
    bindings.connect();
    let mut rounds = Rounds::new(&bindings);
    tree::walk(statements, &mut rounds);
    let mut uses = Uses::new(&template, &bindings, rounds);
    tree::walk(statements, &mut uses);
    uses.check_growth(statements);
    let mut found: Vec<_> = uses.found.into_iter().collect();
    found.sort_by_key(|(_, (range, _))| range.start);
    let mut lines = Lines::default();
    for (what, (range, count)) in found {
        let place = lines.place(template.as_bytes(), &range);
        let excerpt = lines.excerpt(template.as_bytes(), &range);
        reading
            .recorder
            .record_times(Fact::Template(what), place, Some(excerpt), count);
    }
    bindings.check()
}

/// A block of text that is taken as it is ends in some renderers where it does not in others, so that what follows may be a program for
/// some. No chat template needs one.
fn check_raw(template: &str) -> Result<(), ReadError> {
    let is_raw = |tag: &str| {
        let tag = tag.strip_prefix(['-', '+']).unwrap_or(tag).trim_start();
        tag.starts_with("raw")
    };
    if template.split("{%").skip(1).any(is_raw) {
        return Err(ReadError::unsupported(Unsupported::RawTemplate));
    }
    Ok(())
}

/// Escapes that Jinja reads as Python does (`\\N{LOW LINE}`, `\\U0000005f`, the end of a line) and others as plain characters: which text such a
/// one stands for depends on the renderer.
fn check_escapes(template: &str) -> Result<(), ReadError> {
    for token in tokenize(template, false, SyntaxConfig::default()) {
        // The parser says why.
        let Ok((token, span)) = token else { break };
        let Token::String(_) = token else { continue };
        let range = narrow(span.start_offset.into())..narrow(span.end_offset.into());
        let mut bytes = template.as_bytes().get(range).unwrap_or_default().iter();
        while let Some(byte) = bytes.next() {
            if *byte == b'\\' && matches!(bytes.next(), Some(b'N' | b'U' | b'\n' | b'\r')) {
                return Err(ReadError::unsupported(Unsupported::TemplateEscape));
            }
        }
    }
    Ok(())
}

/// The template with `if` in place of `generation`, a block that transformers knows and Jinja does not: it marks what a model
/// is trained on. Nothing moves.
fn without_marks(template: &str) -> Result<String, ReadError> {
    let mut template = template.to_owned();
    check_escapes(&template)?;
    for _ in 0..=limits::TEMPLATE_MARKED {
        let Err((_, range)) = parsed(&template) else {
            return Ok(template);
        };
        let plain = [
            ("generation", "if 1      "),
            ("endgeneration", "endif        "),
        ]
        .into_iter()
        .find(|(mark, _)| template.get(range.clone()) == Some(mark));
        match plain {
            Some((_, plain)) => template.replace_range(range, plain),
            None => return Ok(template),
        }
    }
    Err(ReadError::Limit(limits::Id::TEMPLATE_MARKED))
}

/// The tree of a template; else why there is none, and where the parser stopped.
fn parsed(template: &str) -> Result<Stmt<'_>, (ReadError, Range<usize>)> {
    check_depth(template).map_err(|error| (error, 0..0))?;
    parse(template, "", SyntaxConfig::default()).map_err(|error| {
        let range = error.range().unwrap_or_default();
        let before = template.get(..range.start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let column = before.get(start..).map_or(0, |it| it.chars().count());
        let fault = SyntaxFault {
            message: Short::from(error.detail().unwrap_or("no template")),
            line: wide(line),
            column: wide(column.saturating_add(1)),
        };
        (ReadError::malformed(Malformed::Template(fault)), range)
    })
}

/// What makes the parser recurse: long tags, and branches.
fn check_depth(template: &str) -> Result<(), ReadError> {
    let (mut tokens, mut branches) = (0_usize, 0_usize);
    for token in tokenize(template, false, SyntaxConfig::default()) {
        // The parser says why.
        let Ok((token, _)) = token else { break };
        match token {
            Token::VariableStart | Token::BlockStart => tokens = 0,
            Token::Ident("elif") => branches = branches.saturating_add(1),
            _ => tokens = tokens.saturating_add(1),
        }
        if tokens > limits::TEMPLATE_TAG {
            return Err(ReadError::Limit(limits::Id::TEMPLATE_TAG));
        }
        if branches > limits::TEMPLATE_BRANCHES {
            return Err(ReadError::Limit(limits::Id::TEMPLATE_BRANCHES));
        }
    }
    Ok(())
}
