//! What TorchScript's code names of native code, found without compiling it.
//!
//! torch's printer writes every operator as `torch.name(...)` or `ops.namespace.name(...)`, but its parser takes more: `torch` and
//! `ops` under another name, or through `getattr`. What the printer does not write counts as unresolved. Methods of values are
//! operators as well (`x.sum()`), but none that reaches further than its values.

use std::ops::Range;

use super::lexer::{Kind, Tokens};
use crate::{
    fact::{Native, Site, Text},
    format::{lines::Lines, operators::Names},
};

/// Adds what a file of code names.
pub(in crate::format::torch) fn add_code(names: &mut Names, code: &[u8], site: &Site) {
    let mut walk = Walk {
        names,
        code,
        site,
        lines: Lines::default(),
    };
    walk.run();
}

/// A walk over the tokens of one file.
#[derive(Debug)]
struct Walk<'n, 'c> {
    names: &'n mut Names,
    code: &'c [u8],
    site: &'n Site,
    lines: Lines,
}

impl<'c> Walk<'_, 'c> {
    fn run(&mut self) {
        let mut tokens = Tokens::of(self.code).peekable();
        let mut before: Option<Kind<'c>> = None;
        while let Some(token) = tokens.next() {
            let mut last = token.kind;
            if let Kind::Name(start @ (b"torch" | b"ops" | b"__torch__")) = token.kind
                && !matches!(
                    before,
                    Some(Kind::Mark(b'.') | Kind::Name(b"def" | b"class"))
                )
            {
                // A name that is declared, or given to an argument, refers to nothing.
                let next = tokens.peek().map(|next| next.kind);
                if !matches!(next, Some(Kind::Mark(b':' | b'='))) {
                    last = self.chain(start, token.range, &mut tokens);
                }
            }
            before = Some(last);
        }
    }

    /// Follows `torch.a`, `ops.a.b` or `__torch__.a.b.c` behind its first name. Returns its last token.
    fn chain(
        &mut self,
        start: &[u8],
        first: Range<usize>,
        tokens: &mut std::iter::Peekable<Tokens<'c>>,
    ) -> Kind<'c> {
        let mut last = Kind::Mark(0);
        let mut range = first;
        let mut next = || {
            tokens.next_if(|token| token.kind == Kind::Mark(b'.'))?;
            let name = tokens.next_if(|token| matches!(token.kind, Kind::Name(_)))?;
            last = name.kind;
            range.end = name.range.end;
            match name.kind {
                Kind::Name(name) => Some(name),
                _ => None,
            }
        };
        if start == b"__torch__" {
            let native = local(&mut next);
            if let Some(native) = native {
                self.found(native, range);
            }
            return last;
        }
        let mut namespace: Option<&[u8]> = (start == b"torch").then_some(b"aten");
        let native = loop {
            match (namespace, next()) {
                (_, None) => break Native::Unresolved,
                (None, Some(name)) => namespace = Some(name),
                // torch's parser takes it for another name of the module itself.
                (Some(_), Some(b"autograd")) => namespace = Some(b"aten"),
                (Some(namespace), Some(name)) => break Native::operator(namespace, name),
            }
        };
        self.found(native, range);
        last
    }

    fn found(&mut self, native: Native, range: Range<usize>) {
        let (code, lines, outer) = (self.code, &mut self.lines, self.site);
        self.names.add(native, || {
            let mut site = outer.clone();
            site.at = lines.place(code, &range);
            (site, Some(lines.excerpt(code, &range)))
        });
    }
}

/// What a chain of the archive's own names refers to, if that is native: classes of `torch.classes`.
fn local<'c>(next: &mut impl FnMut() -> Option<&'c [u8]>) -> Option<Native> {
    let mut names: [Option<&[u8]>; 4] = [None; 4];
    for slot in &mut names {
        *slot = next();
        if slot.is_none() {
            break;
        }
    }
    while next().is_some() {}
    match names {
        [None, ..] | [Some(b"torch"), None, ..] | [Some(b"torch"), Some(b"classes"), _, None] => {
            Some(Native::Unresolved)
        }
        [
            Some(b"torch"),
            Some(b"classes"),
            Some(namespace),
            Some(name),
        ] => Some(Native::Class(Text::new([namespace, b".", name].concat()))),
        _ => None,
    }
}
