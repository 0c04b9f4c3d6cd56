//! `LightGBM`: gradient-boosted trees as text, `key=value` on each line.
//!
//! The loader follows the numbers of nodes, leaves, categories and features without looking, and finds its trees by the sizes in the head:
//! all of these are checked here. Weights and statistics are counted.

use rustc_hash::FxHashMap;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    trees::{
        Node, check_count, check_feature, check_tree, missing, twice, wrong_reference, wrong_value,
    },
};
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    limits,
};

/// Text that begins as `LightGBM`'s writer begins.
pub static FORMAT: Format = Format {
    id: "lightgbm",
    title: "LightGBM model",
    doc: DOC,
    suffixes: &[
        Suffix::own("lgb"),
        Suffix::plain("txt"),
        Suffix::plain("log"),
    ],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Gradient-boosted trees as text, as `Booster.save_model` writes them: a head, one paragraph for each tree, the parameters of the training and
the categories of a frame of pandas.

## What loading it does

`Booster(model_file=...)` reads it in native code. It names no Python code; the categories of pandas are JSON.

## How it is recognised

By the lines `tree` and `version=` that begin it.

## What is checked

Everything that the loader follows: the sizes of the trees lead to their paragraphs, each tree is a tree, its lists are as long as it has
leaves, and leaves, categories and features that nodes refer to are there. Weights and statistics are counted.

## What to prefer

This. It can be reviewed.
";

/// Lists of a tree that have as many items as it has nodes apart from leaves.
const OF_NODES: [&str; 7] = [
    "split_gain",
    "threshold",
    "decision_type",
    "internal_value",
    "internal_weight",
    "internal_count",
    "right_child",
];
/// Lists that have as many as it has leaves.
const OF_LEAVES: [&str; 4] = ["leaf_value", "leaf_weight", "leaf_count", "leaf_const"];

fn probe(head: &Head<'_>) -> Certainty {
    let rest = head.front.strip_prefix(b"tree");
    let rest = rest.and_then(|rest| rest.strip_prefix(b"\n").or(rest.strip_prefix(b"\r\n")));
    Certainty::sure_if(rest.is_some_and(|rest| rest.starts_with(b"version=v")))
}

fn read(window: &Window, _: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut lines = Lines {
        stream: Stream::new(window.clone(), 0),
    };
    lines.next()?;
    let head = Preamble::read(&mut lines)?;
    let mut starts = Vec::new();
    let mut trees: u64 = 0;
    loop {
        let at = lines.stream.offset();
        let text = lines.next()?.ok_or_else(|| missing("end of trees"))?;
        if let Some(number) = text.strip_prefix("Tree=") {
            if number.trim().parse() != Ok(trees) {
                return Err(wrong_value("Tree"));
            }
            starts.push(at);
            tree(&mut lines, trees, &head)?;
            trees = trees.saturating_add(1);
        } else if text.trim() == "end of trees" {
            starts.push(at);
            head.check_sizes(&starts)?;
            return rest(&mut lines);
        } else if !text.trim().is_empty() {
            return Err(wrong_value("Tree"));
        }
    }
}

/// What follows the trees: the importance of each feature, the parameters of the training up to a line that ends them, and the categories of a frame.
fn rest(lines: &mut Lines) -> Result<(), ReadError> {
    let mut is_parameters = false;
    while let Some(line) = lines.next()? {
        let line = line.trim_end();
        if is_parameters {
            // Its loader splits each at a colon without looking for one.
            let is_parameter = line.starts_with('[') && line.ends_with(']') && line.contains(": ");
            match line {
                "end of parameters" => is_parameters = false,
                "" => {}
                _ if is_parameter => {}
                _ => return Err(wrong_value("parameters")),
            }
            continue;
        }
        match line {
            "parameters:" => is_parameters = true,
            "" | "feature_importances:" | "feature importances:" => {}
            _ if line.starts_with("pandas_categorical:") || line.contains('=') => {}
            _ => return Err(wrong_value("parameters")),
        }
    }
    if is_parameters {
        return Err(missing("end of parameters"));
    }
    Ok(())
}

/// The lines of the text.
struct Lines {
    stream: Stream,
}

impl Lines {
    /// The next line, without its end; `None` where the text ends.
    fn next(&mut self) -> Result<Option<String>, ReadError> {
        let most = narrow(limits::TREES_TEXT);
        let mut wanted: usize = 256;
        loop {
            let bytes = self.stream.peek(wanted)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', bytes);
            if end.is_none() && bytes.len() >= wanted {
                if wanted >= most {
                    return Err(ReadError::Limit(limits::Id::TREES_TEXT));
                }
                wanted = bytes.len().saturating_mul(2).min(most);
                continue;
            }
            let length = end.unwrap_or(bytes.len());
            let line = bytes.get(..length).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // Its loader takes what follows a zero for the end.
            let is_text = !line
                .iter()
                .any(|byte| byte.is_ascii_control() && *byte != b'\t');
            let line = std::str::from_utf8(line).ok().filter(|_| is_text);
            let line = line.ok_or_else(|| wrong_value("line"))?.to_owned();
            self.stream.advance(length);
            if end.is_some() {
                self.stream.advance(1);
            }
            return Ok(Some(line));
        }
    }

    /// The lines `key=value` up to an empty one.
    fn paragraph(&mut self) -> Result<Values, ReadError> {
        let mut values = Values::default();
        while let Some(line) = self.next()? {
            if line.is_empty() {
                break;
            }
            // A flag has no value.
            let (key, value) = line.split_once('=').unwrap_or((&line, ""));
            if wide(values.0.len()) >= limits::JSON_VALUES {
                return Err(ReadError::Limit(limits::Id::JSON_VALUES));
            }
            if values.0.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(twice(key));
            }
        }
        Ok(values)
    }
}

/// Values by their keys.
#[derive(Debug, Default)]
struct Values(FxHashMap<String, String>);

impl Values {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// A number that has to be there.
    fn number(&self, key: &str) -> Result<u64, ReadError> {
        let value = self.get(key).ok_or_else(|| missing(key))?;
        value.trim().parse().map_err(|_| wrong_value(key))
    }

    /// How many items a list has.
    fn count(&self, key: &str) -> Option<u64> {
        let value = self.get(key)?;
        Some(wide(value.split_ascii_whitespace().count()))
    }

    /// A list of integers, empty if it is not there.
    fn integers(&self, key: &str) -> Result<Vec<i64>, ReadError> {
        let items = self.get(key).unwrap_or_default().split_ascii_whitespace();
        items
            .map(|item| item.parse().map_err(|_| wrong_value(key)))
            .collect()
    }
}

/// What stands before the trees.
struct Preamble {
    features: u64,
    sizes: Option<Vec<i64>>,
}

impl Preamble {
    fn read(lines: &mut Lines) -> Result<Self, ReadError> {
        let values = lines.paragraph()?;
        for key in ["num_class", "num_tree_per_iteration", "label_index"] {
            values.number(key)?;
        }
        let features = values.number("max_feature_idx")?.saturating_add(1);
        for key in ["feature_names", "feature_infos"] {
            let found = values.count(key).ok_or_else(|| missing(key))?;
            check_count(key, features, found)?;
        }
        let sizes = values
            .get("tree_sizes")
            .map(|_| values.integers("tree_sizes"));
        Ok(Self {
            features,
            sizes: sizes.transpose()?,
        })
    }

    /// Checks that the sizes of the trees lead from one to the next.
    fn check_sizes(&self, starts: &[u64]) -> Result<(), ReadError> {
        let Some(sizes) = &self.sizes else {
            return Ok(());
        };
        let trees = wide(starts.len()).saturating_sub(1);
        check_count("tree_sizes", trees, wide(sizes.len()))?;
        let pairs = starts.iter().zip(starts.iter().skip(1));
        let fits = |((from, to), size): ((&u64, &u64), &i64)| {
            u64::try_from(*size) == Ok(to.saturating_sub(*from))
        };
        if pairs.zip(sizes).all(fits) {
            return Ok(());
        }
        Err(wrong_reference("tree_sizes"))
    }
}

/// Reads the paragraph of a tree.
fn tree(lines: &mut Lines, number: u64, head: &Preamble) -> Result<(), ReadError> {
    let values = lines.paragraph()?;
    let leaves = values.number("num_leaves")?;
    if leaves == 0 {
        return Err(wrong_value("num_leaves"));
    }
    if narrow(leaves) > limits::MODEL_TREE_NODES {
        return Err(ReadError::Limit(limits::Id::MODEL_TREE_NODES));
    }
    let nodes = leaves.saturating_sub(1);
    values
        .count("leaf_value")
        .ok_or_else(|| missing("leaf_value"))?;
    for (names, expected) in [(&OF_NODES[..], nodes), (&OF_LEAVES[..], leaves)] {
        for name in names {
            // Statistics are left out of a tree without nodes, and of a forest.
            if let Some(found) = values.count(name).filter(|found| *found > 0) {
                check_count(name, expected, found)?;
            }
        }
    }
    let left = values.integers("left_child")?;
    let right = values.integers("right_child")?;
    let features = values.integers("split_feature")?;
    check_count("left_child", nodes, wide(left.len()))?;
    check_count("right_child", nodes, wide(right.len()))?;
    check_count("split_feature", nodes, wide(features.len()))?;
    check_count("threshold", nodes, values.count("threshold").unwrap_or(0))?;
    check_leaves(number, (&left, &right), leaves)?;
    check_features(&features, "split_feature", head)?;
    check_features(&values.integers("leaf_features")?, "leaf_features", head)?;
    check_categories(&values)
}

/// Nodes lead to nodes, and to each leaf once: the number of a leaf is one less than nothing and negative.
fn check_leaves(
    number: u64,
    (left, right): (&[i64], &[i64]),
    leaves: u64,
) -> Result<(), ReadError> {
    let nodes = wide(left.len());
    if nodes == 0 {
        return Ok(());
    }
    // Leaves come after the nodes.
    let place = |child: i64| match u64::try_from(child) {
        Ok(node) if node < nodes => child,
        Ok(_) => -1,
        Err(_) => {
            let leaf = child.saturating_add(1).unsigned_abs();
            i64::try_from(nodes.saturating_add(leaf)).unwrap_or(-1)
        }
    };
    let all = narrow(nodes.saturating_add(leaves));
    check_tree(number, all, |node| {
        match (left.get(node), right.get(node)) {
            (Some(left), Some(right)) => Some(Node::Inner(place(*left), place(*right))),
            _ => Some(Node::Leaf),
        }
    })
}

fn check_features(features: &[i64], name: &str, head: &Preamble) -> Result<(), ReadError> {
    let mut greatest = None;
    for feature in features {
        let feature = u64::try_from(*feature).map_err(|_| wrong_value(name))?;
        greatest = greatest.max(Some(feature));
    }
    check_feature(greatest, head.features)
}

/// The threshold of a node of categories is the number of a range in a list of words.
fn check_categories(values: &Values) -> Result<(), ReadError> {
    let categories = values.number("num_cat")?;
    let boundaries = values.integers("cat_boundaries")?;
    let words = values.count("cat_threshold").unwrap_or(0);
    if categories > 0 {
        let expected = categories.saturating_add(1);
        check_count("cat_boundaries", expected, wide(boundaries.len()))?;
        let last = boundaries.last().and_then(|last| u64::try_from(*last).ok());
        let rises = boundaries.is_sorted() && boundaries.first().is_some_and(|first| *first >= 0);
        if !rises || last != Some(words) {
            return Err(wrong_reference("cat_boundaries"));
        }
    }
    let kinds = values.integers("decision_type")?;
    let thresholds = values.get("threshold").unwrap_or_default();
    for (kind, threshold) in kinds.iter().zip(thresholds.split_ascii_whitespace()) {
        let number = || threshold.parse::<f64>().ok();
        let range = |number: f64| number >= 0.0 && number.floor() < float(categories);
        if kind & 1 == 1 && !number().is_some_and(range) {
            return Err(wrong_reference("threshold"));
        }
    }
    Ok(())
}

/// A count as a number with a fraction: exact as far as counts of a text go.
fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
