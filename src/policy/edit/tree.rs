//! The syntax tree of a YAML text, comments included, as far as an edit needs it.

use tree_sitter::{Node, Parser, Tree};

/// The tree of a text; `None` for one that is not YAML to this parser.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_yaml::LANGUAGE.into())
        .ok()?;
    let tree = parser.parse(text, None)?;
    (!tree.root_node().has_error()).then_some(tree)
}

/// What a value is, without its anchor and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Block,
    Flow,
}

/// A value, seen through the nodes that only hold it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held<'t> {
    Nothing,
    Null(Node<'t>),
    Alias,
    Scalar,
    Map(Kind, Node<'t>),
    List(Kind, Node<'t>),
}

/// The only value of a text.
pub(super) fn root(tree: &Tree) -> Option<Held<'_>> {
    let documents = children(tree.root_node());
    let mut documents = documents.into_iter().filter(|it| it.kind() == "document");
    let (document, None) = (documents.next()?, documents.next()) else {
        return None;
    };
    let values = children(document);
    let value = values.into_iter().find(|it| is_value(*it))?;
    Some(held(Some(value)))
}

fn is_value(node: Node<'_>) -> bool {
    matches!(node.kind(), "block_node" | "flow_node")
}

/// What a `block_node` or a `flow_node` holds.
pub(super) fn held(node: Option<Node<'_>>) -> Held<'_> {
    let Some(node) = node else {
        return Held::Nothing;
    };
    for child in children(node) {
        return match child.kind() {
            "anchor" | "tag" | "comment" => continue,
            "alias" => Held::Alias,
            "block_mapping" => Held::Map(Kind::Block, child),
            "flow_mapping" => Held::Map(Kind::Flow, child),
            "block_sequence" => Held::List(Kind::Block, child),
            "flow_sequence" => Held::List(Kind::Flow, child),
            "plain_scalar" if is_null(child) => Held::Null(child),
            _ => Held::Scalar,
        };
    }
    Held::Nothing
}

fn is_null(scalar: Node<'_>) -> bool {
    children(scalar)
        .iter()
        .any(|child| child.kind() == "null_scalar")
}

/// The named children, comments among them.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// The pair of a key in a mapping.
pub(super) fn pair<'t>(map: Node<'t>, key: &str, text: &str) -> Option<Node<'t>> {
    children(map).into_iter().find(|pair| {
        let name = pair.child_by_field_name("key");
        let name = name.and_then(|name| text.get(name.byte_range()));
        let name = name.unwrap_or_default();
        let bare = name.strip_prefix(['"', '\'']);
        bare.and_then(|bare| bare.strip_suffix(['"', '\'']))
            .unwrap_or(name)
            == key
    })
}
