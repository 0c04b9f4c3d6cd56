//! Source to syntax tree, for hostile source: the only room that knows the Python parser.
//!
//! The parser recurses (it grows its own stack), and dropping a tree recurses too. So the depth of the tree is
//! bounded before it is built, by counting tokens: brackets, indentation, and everything that deepens an expression
//! without a bracket. Error recovery may still build a deeper tree than the tokens promise; such a tree is measured
//! without recursion and dropped on a stack that is large enough.

use std::ops::Range;

pub(super) use ruff_python_ast::{
    self as ast, Expr, Stmt,
    visitor::{self, Visitor},
};
use ruff_python_parser::{Mode, ParseOptions, lexer, parse_unchecked};
pub(super) use ruff_text_size::{Ranged, TextRange};

use ruff_python_ast::token::TokenKind;

use crate::{fact::Unread, limits};

/// Depth up to which a tree is dropped where it stands; a drop takes some hundred bytes of stack for each level.
const SHALLOW: usize = 400;

/// A syntax tree and the first thing that was wrong with its source.
#[derive(Debug)]
pub(super) struct Tree {
    module: Option<ast::ModModule>,
    /// The first syntax error: its message and where it is, in bytes.
    pub(super) error: Option<(String, Range<usize>)>,
    deep: bool,
}

impl Tree {
    /// The statements of the module.
    pub(super) fn body(&self) -> &[Stmt] {
        self.module.as_ref().map_or(&[], |module| &module.body)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let Some(module) = self.module.take() else {
            return;
        };
        if !self.deep {
            return drop(module);
        }
        let stack = depth(&module.body).saturating_mul(2048).max(1 << 20);
        let dropping = std::thread::Builder::new().stack_size(stack);
        let module = std::sync::Arc::new(std::sync::Mutex::new(Some(module)));
        let theirs = std::sync::Arc::clone(&module);
        let spawned = dropping.spawn(move || {
            if let Ok(mut slot) = theirs.lock() {
                drop(slot.take());
            }
        });
        match spawned {
            Ok(thread) => drop(thread.join()),
            // Leaking is better than overflowing.
            Err(_) => std::mem::forget(module),
        }
    }
}

/// Bytes as an offset of the parser's.
pub(super) fn range(range: TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}

/// The tokens of which trees may be made that are kept at the same time.
#[derive(Debug)]
pub(super) struct Tokens {
    left: usize,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            left: limits::SOURCE_TOKENS,
        }
    }
}

impl Tokens {
    fn take(&mut self) -> Result<(), Unread> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or(Unread::Limit(limits::Id::SOURCE_TOKENS))?;
        Ok(())
    }
}

/// Parses what can be parsed. `notebook`: magics and shell escapes are allowed. `tokens`: of all that is parsed together.
pub(super) fn parse(text: &str, notebook: bool, tokens: &mut Tokens) -> Result<Tree, Unread> {
    let mode = if notebook {
        Mode::Ipython
    } else {
        Mode::Module
    };
    let promised = promised(text, mode, tokens)?;
    let parsed = parse_unchecked(text, ParseOptions::from(mode));
    let error = parsed.errors().first().map(|error| {
        let at = range(error.location);
        (error.error.to_string(), at)
    });
    let module = match parsed.into_syntax() {
        ast::Mod::Module(module) => Some(module),
        ast::Mod::Expression(_) => None,
    };
    let mut tree = Tree {
        module,
        error,
        deep: true,
    };
    tree.deep = (tree.error.is_some() || promised > SHALLOW / 2) && depth(tree.body()) > SHALLOW;
    Ok(tree)
}

/// A comment, and the code that it is about.
#[derive(Debug)]
pub(super) struct Comment {
    /// The comment, from its `#`.
    pub(super) range: Range<usize>,
    /// Where in the line that it is about: its own if code stands before it, else the next that has code.
    pub(super) about: usize,
}

/// The comments of a source, in order, as far as it parses.
pub(super) fn comments(text: &str, notebook: bool) -> Result<Vec<Comment>, Unread> {
    let mode = if notebook {
        Mode::Ipython
    } else {
        Mode::Module
    };
    promised(text, mode, &mut Tokens::default())?;
    let parsed = parse_unchecked(text, ParseOptions::from(mode));
    let mut comments: Vec<Comment> = Vec::new();
    // Comments before this one are about code that has been met.
    let mut settled = 0;
    for token in parsed.tokens() {
        let at = range(token.range());
        match token.kind() {
            TokenKind::Comment => {
                let before = text.get(..at.start).unwrap_or_default();
                let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
                let is_alone = line.trim().is_empty();
                let about = at.start;
                comments.push(Comment { range: at, about });
                // Code before it has settled those above.
                if !is_alone {
                    settled = comments.len();
                }
            }
            TokenKind::Newline
            | TokenKind::NonLogicalNewline
            | TokenKind::Indent
            | TokenKind::Dedent
            | TokenKind::EndOfFile => {}
            _ => {
                for comment in comments.iter_mut().skip(settled) {
                    comment.about = at.start;
                }
                settled = comments.len();
            }
        }
    }
    let module = match parsed.into_syntax() {
        ast::Mod::Module(module) => Some(module),
        ast::Mod::Expression(_) => None,
    };
    // A deep tree is dropped where there is room for it.
    drop(Tree {
        module,
        error: None,
        deep: true,
    });
    Ok(comments)
}

/// One open bracket, or the statement itself.
#[derive(Debug, Default, Clone, Copy)]
struct Frame {
    closer: Option<TokenKind>,
    /// Tokens since the last comma that may each deepen the tree by one.
    chain: usize,
    /// Lambdas, which reach across commas: `lambda a, b: lambda c, d: ...`.
    lambdas: usize,
}

impl Frame {
    /// How much it deepens the tree at most.
    fn depth(&self) -> usize {
        self.chain.saturating_add(self.lambdas)
    }
}

/// An upper bound of the depth of the tree, from the tokens alone; refused where it passes the limits, or where there are too many.
fn promised(text: &str, mode: Mode, tokens: &mut Tokens) -> Result<usize, Unread> {
    let mut lexer = lexer::lex(text, mode);
    let mut frames = vec![Frame::default()];
    let (mut indents, mut below, mut deepest) = (0_usize, 0_usize, 0_usize);
    loop {
        let kind = lexer.next_token();
        tokens.take()?;
        let Some(frame) = frames.last_mut() else {
            break;
        };
        let closer = match kind {
            TokenKind::EndOfFile => break,
            TokenKind::Lpar => Some(TokenKind::Rpar),
            TokenKind::Lsqb => Some(TokenKind::Rsqb),
            TokenKind::Lbrace => Some(TokenKind::Rbrace),
            TokenKind::FStringStart => Some(TokenKind::FStringEnd),
            TokenKind::TStringStart => Some(TokenKind::TStringEnd),
            _ => None,
        };
        match kind {
            _ if closer.is_some() => {
                frame.chain = frame.chain.saturating_add(1);
                below = below.saturating_add(frame.depth());
                frames.push(Frame {
                    closer,
                    ..Frame::default()
                });
            }
            // A bracket closed by another kind is an error, and whether the parser goes on inside is its own affair:
            // not closing it here keeps this an upper bound.
            _ if frame.closer == Some(kind) => {
                frames.pop();
                if let Some(outer) = frames.last() {
                    below = below.saturating_sub(outer.depth());
                }
            }
            TokenKind::Newline | TokenKind::Semi => (frame.chain, frame.lambdas) = (0, 0),
            TokenKind::Comma => frame.chain = 0,
            TokenKind::Lambda => frame.lambdas = frame.lambdas.saturating_add(1),
            TokenKind::Indent => indents = indents.saturating_add(1),
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Colon
            | TokenKind::Equal => {}
            _ => frame.chain = frame.chain.saturating_add(1),
        }
        if frames.len() > limits::SOURCE_NESTING || indents > limits::SOURCE_NESTING {
            return Err(Unread::Limit(limits::Id::SOURCE_NESTING));
        }
        let here = frames.last().map_or(0, Frame::depth);
        deepest = deepest.max(below.saturating_add(here).saturating_add(indents));
        if deepest > limits::SOURCE_CHAIN {
            return Err(Unread::Limit(limits::Id::SOURCE_CHAIN));
        }
    }
    Ok(deepest)
}

/// A node that has children.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'a> {
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
    /// A pattern of a `case`.
    Pattern(&'a ast::Pattern),
}

/// Collects the children of one node, so that walks need no recursion. Annotations and type parameters are left
/// out: nothing in them runs a loader.
#[derive(Debug, Default)]
pub(super) struct Children<'a> {
    /// The children, in the order of evaluation.
    pub(super) nodes: Vec<Node<'a>>,
}

impl<'a> Children<'a> {
    /// Adds the children of `node`.
    pub(super) fn of(&mut self, node: Node<'a>) {
        match node {
            Node::Stmt(stmt) => visitor::walk_stmt(self, stmt),
            Node::Expr(expr) => visitor::walk_expr(self, expr),
            Node::Pattern(pattern) => visitor::walk_pattern(self, pattern),
        }
    }
}

impl<'a> Visitor<'a> for Children<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.nodes.push(Node::Stmt(stmt));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.nodes.push(Node::Expr(expr));
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        self.nodes.push(Node::Pattern(pattern));
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_type_params(&mut self, _: &'a ast::TypeParams) {}
}

/// The depth of a tree, measured without recursion.
fn depth(body: &[Stmt]) -> usize {
    let mut deepest = 0;
    let mut work: Vec<(Node<'_>, usize)> = body.iter().map(|stmt| (Node::Stmt(stmt), 1)).collect();
    let mut children = Children::default();
    while let Some((node, depth)) = work.pop() {
        deepest = deepest.max(depth);
        children.of(node);
        work.extend(
            children
                .nodes
                .drain(..)
                .map(|child| (child, depth.saturating_add(1))),
        );
    }
    deepest
}
