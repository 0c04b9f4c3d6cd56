//! What each loader makes of its node: one arm for each that a release has.

use super::{
    arrays, containers,
    nodes::{Names, Schema},
    objects,
};
use crate::{
    fact::{Op, Short, SkopsFault},
    format::json::Node,
};

/// Puts what a loader makes of a node onto the stack.
pub(super) fn make<'d>(
    schema: &mut Schema<'d>,
    node: &'d Node,
    names: &Names<'d>,
    loader: &'d str,
) {
    match loader {
        "DictNode" => containers::dict(schema, node, names),
        "DefaultDictNode" => containers::default_dict(schema, node, names),
        "ListNode" | "SetNode" => containers::list(schema, node, names, loader),
        "TupleNode" => containers::tuple(schema, node, names),
        "BytesNode" | "BytearrayNode" => {
            let known = [("builtins", "bytes"), ("builtins", "bytearray")];
            schema.stored(names, &known);
            arrays::file(schema, node);
            schema.program.byte_string(b"");
        }
        "SliceNode" => containers::slice(schema, node),
        "FunctionNode" => objects::function(schema, node, names),
        "MethodNode" => objects::method(schema, node, names),
        "PartialNode" => objects::partial(schema, node, names),
        "TypeNode" => {
            if names.is_data_type() {
                schema.program.none();
            } else {
                schema.resolve(names);
            }
        }
        "ConstructorFromReduceNode" => {
            schema.resolve(names);
            schema.child(node, "content");
            schema.program.at(&names.at);
            schema.program.ops(&[Op::REDUCE]);
        }
        "ObjectNode" => objects::object(schema, node, names),
        "JsonNode" => arrays::json(schema, node),
        "OperatorFuncNode" => {
            if names.module != "operator" {
                schema.no_key("__module__", &names.at);
            }
            schema.resolve(names);
            schema.child(node, "attrs");
            schema.program.at(&names.at);
            schema.program.ops(&[Op::REDUCE]);
        }
        "NdArrayNode" => arrays::array(schema, node, names),
        "MaskedArrayNode" => {
            let known = [
                ("numpy.ma", "MaskedArray"),
                ("numpy.ma.core", "MaskedArray"),
            ];
            schema.stored(names, &known);
            let content = schema.content(node);
            schema.child(content, "data");
            schema.child(content, "mask");
            schema.program.ops(&[Op::TUPLE2]);
        }
        "RandomStateNode" => {
            let known = [
                ("numpy.random.mtrand", "RandomState"),
                ("numpy.random", "RandomState"),
            ];
            objects::called_unless(schema, names, &known);
            schema.child(node, "content");
        }
        "RandomGeneratorNode" => objects::generator(schema, node, names),
        "DTypeNode" => {
            schema.stored(names, &[("numpy", "dtype")]);
            schema.child(node, "content");
        }
        "SparseMatrixNode" => {
            // Its loader makes a matrix of what the file says, whatever the name.
            if !is_sparse(names.module, names.class) {
                schema.name(names.module, names.class, &names.at);
            }
            arrays::file(schema, node);
            schema.program.none();
        }
        "TreeNode" => {
            let tree = ("sklearn.tree._tree", "Tree");
            schema.stored(names, &[tree]);
            objects::reduced(schema, node, tree, &names.at);
        }
        "QuantileForestNode" => {
            let forest = ("quantile_forest._quantile_forest_fast", "QuantileForest");
            schema.stored(names, &[forest]);
            objects::reduced(schema, node, forest, &names.at);
        }
        "LossNode" | "SGDNode" => {
            let loss = (names.module, names.class);
            objects::reduced(schema, node, loss, &names.at);
        }
        "_DictWithDeprecatedKeysNode" => {
            schema.resolve(names);
            schema.program.ops(&[Op::EMPTY_TUPLE, Op::REDUCE, Op::POP]);
            let content = schema.content(node);
            schema.child(content, "main");
            schema.child(content, "_deprecated_key_to_new_key");
            schema.program.ops(&[Op::TUPLE2]);
        }
        _ => {
            let name = Short::from(loader);
            schema.fault(SkopsFault::Loader { name }, &names.at);
            schema.resolve(names);
            if let Some(content) = node.get("content").filter(|node| node.is_object()) {
                schema.node(content);
                schema.program.ops(&[Op::POP]);
            }
        }
    }
}

/// Whether a name is that of a sparse matrix or array of scipy, such as `scipy.sparse._csr.csr_matrix`.
fn is_sparse(module: &str, class: &str) -> bool {
    let form = class
        .strip_suffix("_matrix")
        .or_else(|| class.strip_suffix("_array"));
    let form = form.filter(|form| matches!(*form, "bsr" | "coo" | "csc" | "csr" | "dia"));
    let home = module.strip_prefix("scipy.sparse.");
    let home = home.map(|home| home.strip_prefix('_').unwrap_or(home));
    form.is_some() && (home == form || home == Some("arrays"))
}
