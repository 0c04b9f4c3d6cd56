//! CatBoost's JSON: the trees with their features, and the tables of counters, which the library follows without looking.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    bytes::{ReadError, Window, wide},
    format::{
        json::{Document, Node as JsonNode},
        trees::{Keys, check_count, check_feature, missing, twice, wrong_reference, wrong_value},
        xgboost::{json::Json, source::Source as _},
    },
    limits,
};

/// Keys of a model, in the order in which they are written.
const KEYS: [&[u8]; 6] = [
    b"ctr_data",
    b"features_info",
    b"model_info",
    b"oblivious_trees",
    b"scale_and_bias",
    b"trees",
];
/// What stands in the beginning of a model, whichever key comes first.
const SIGNS: [&[u8]; 6] = [
    b"\"float_features\"",
    b"\"categorical_features\"",
    b"{\\\"identifier\\\":",
    b"\"catboost_version_info\"",
    b"\"leaf_values\"",
    b"\"split_index\"",
];
/// A feature's number: no table has so many columns.
const FEATURES: u64 = 1 << 24;
/// How far a child may be from its node: the library keeps sixteen bits of it.
const DISTANCE: u64 = 0xffff;

/// Whether a text begins as a model does.
pub(super) fn begins(front: &[u8]) -> bool {
    let Some(rest) = front.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else {
        return false;
    };
    let is_key = |key: &&[u8]| {
        rest.strip_prefix(*key)
            .is_some_and(|rest| rest.starts_with(b"\""))
    };
    KEYS.iter().any(is_key)
        && SIGNS
            .iter()
            .any(|sign| memchr::memmem::find(rest, sign).is_some())
}

/// Reads a model; returns where something follows it.
///
/// # Errors
/// What its writer does not write.
pub(super) fn read(window: &Window) -> Result<Option<u64>, ReadError> {
    let mut json = Json::decoding(window);
    let mut model = Model::default();
    let mut keys = Keys::default();
    json.object()?;
    while let Some(key) = json.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "oblivious_trees" => {
                each(&mut json, |json| model.levels(json))?;
            }
            "trees" => {
                each(&mut json, |json| model.tree(json))?;
            }
            "features_info" => model.features(&mut json)?,
            "ctr_data" => model.tables(&mut json)?,
            "scale_and_bias" => model.scale(&mut json)?,
            _ => json.skip()?,
        }
    }
    keys.need("features_info")?;
    // The library takes the one and leaves the other.
    if keys.has("trees") == keys.has("oblivious_trees") {
        return Err(missing("oblivious_trees"));
    }
    model.check()?;
    json.end()
}

/// The items of an array. Where there is nothing to say, the writer says `null`.
fn each(
    json: &mut Json,
    mut item: impl FnMut(&mut Json) -> Result<(), ReadError>,
) -> Result<u64, ReadError> {
    let mut count: u64 = 0;
    if json.is_null()? {
        return Ok(count);
    }
    json.array()?;
    while json.item()? {
        item(json)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The entries of an object, each key once.
fn entries(
    json: &mut Json,
    mut entry: impl FnMut(&mut Json, &str) -> Result<(), ReadError>,
) -> Result<Keys, ReadError> {
    let mut keys = Keys::default();
    if json.is_null()? {
        return Ok(keys);
    }
    json.object()?;
    while let Some(key) = json.key()? {
        keys.add(&key)?;
        entry(json, &key)?;
    }
    Ok(keys)
}

/// A whole number that is not negative.
fn whole(number: f64, name: &str) -> Result<u64, ReadError> {
    // The library keeps 32 bits of most.
    if number.fract() != 0.0 || !(0.0..=f64::from(i32::MAX)).contains(&number) {
        return Err(wrong_value(name));
    }
    // It has no more digits than a number of 32 bits.
    format!("{number:.0}")
        .parse()
        .map_err(|_| wrong_value(name))
}

fn count_of(json: &mut Json, name: &str, below: u64) -> Result<u64, ReadError> {
    let number = json.number()?;
    let number = whole(number, name)?;
    if number >= below {
        return Err(wrong_value(name));
    }
    Ok(number)
}

/// What a counter is of: the kind of each feature, its number and the value that it is compared with.
type Projection = Vec<(u8, u64, u32)>;

/// A table of counters: of which kind, and of what.
type Base = (String, Projection);

/// What has to fit.
#[derive(Debug, Default)]
struct Model {
    /// Values of a leaf, once a tree has said it.
    dimension: Option<u64>,
    /// The greatest split.
    split: Option<u64>,
    /// Splits that the features have.
    splits: u64,
    bias: Option<u64>,
    floats: FxHashSet<u64>,
    categories: FxHashSet<u64>,
    /// Which class of the target each counter asks for.
    counters: Vec<(Base, u64)>,
    /// Numbers for each category in each table.
    tables: FxHashMap<Base, u64>,
    trees: u64,
}

impl Model {
    fn dimension(&mut self, found: u64) -> Result<(), ReadError> {
        let expected = *self.dimension.get_or_insert(found);
        check_count("leaf_values", expected, found)
    }

    fn split(&mut self, json: &mut Json) -> Result<(), ReadError> {
        let keys = entries(json, |json, key| {
            if key != "split_index" {
                return json.skip();
            }
            let split = count_of(json, key, u64::MAX)?;
            self.split = self.split.max(Some(split));
            Ok(())
        })?;
        keys.need("split_index")
    }

    /// A tree with one split for each level.
    fn levels(&mut self, json: &mut Json) -> Result<(), ReadError> {
        let (mut leaves, mut levels) = (0, 0);
        let keys = entries(json, |json, key| {
            match key {
                "leaf_values" => leaves = json.numbers(None)?,
                "splits" => levels = each(json, |json| self.split(json))?,
                "leaf_weights" => {
                    json.numbers(None)?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        keys.need("leaf_values")?;
        if levels > super::DEPTH {
            return Err(wrong_value("splits"));
        }
        let of_tree = 1_u64.checked_shl(u32::try_from(levels).unwrap_or(u32::MAX));
        let of_tree = of_tree.unwrap_or(u64::MAX);
        let dimension = leaves.checked_div(of_tree).unwrap_or_default();
        if dimension == 0 {
            return Err(missing("leaf_values"));
        }
        check_count("leaf_values", dimension.saturating_mul(of_tree), leaves)?;
        self.trees = self.trees.saturating_add(1);
        self.dimension(dimension)
    }

    /// A tree of nodes that hold their children.
    fn tree(&mut self, json: &mut Json) -> Result<(), ReadError> {
        self.trees = self.trees.saturating_add(1);
        self.node(json).map(|_| ())
    }

    /// Returns how many nodes there are from here on. The depth of JSON bounds the recursion.
    fn node(&mut self, json: &mut Json) -> Result<u64, ReadError> {
        let mut children = [None, None];
        let keys = entries(json, |json, key| {
            match key {
                "left" => children[0] = Some(self.node(json)?),
                "right" => children[1] = Some(self.node(json)?),
                "split" => self.split(json)?,
                "value" => {
                    let values = if json.is_array()? {
                        json.numbers(None)?
                    } else {
                        json.number().map(|_| 1)?
                    };
                    if values == 0 {
                        return Err(wrong_value(key));
                    }
                    self.dimension(values)?;
                }
                "weight" => json.number().map(|_| ())?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if keys.has("value") {
            // A node with a value has no children: the library would not look for them.
            return match children {
                [None, None] if !keys.has("split") => Ok(1),
                _ => Err(wrong_value("value")),
            };
        }
        keys.need("split")?;
        match children {
            [Some(left), Some(right)] if left < DISTANCE => {
                Ok(left.saturating_add(right).saturating_add(1))
            }
            [Some(_), Some(_)] => Err(wrong_value("left")),
            [None, _] => Err(missing("left")),
            [_, None] => Err(missing("right")),
        }
    }

    fn features(&mut self, json: &mut Json) -> Result<(), ReadError> {
        let keys = entries(json, |json, key| {
            match key {
                "float_features" => each(json, |json| self.feature(json, "borders", true)),
                "categorical_features" => each(json, |json| self.feature(json, "values", false)),
                "ctrs" => each(json, |json| self.counter(json)),
                // The library writes none of these.
                "text_features" | "embedding_features" => Err(wrong_value(key)),
                _ => json.skip().map(|()| 0),
            }
            .map(|_| ())
        })?;
        keys.need("float_features")
            .or_else(|missing| keys.need("categorical_features").map_err(|_| missing))
    }

    fn feature(&mut self, json: &mut Json, list: &str, is_float: bool) -> Result<(), ReadError> {
        let mut splits = 0;
        let mut texts = None;
        let mut index = 0;
        let keys = entries(json, |json, key| {
            match key {
                "feature_index" => index = count_of(json, key, FEATURES)?,
                "flat_feature_index" => {
                    count_of(json, key, FEATURES)?;
                }
                "string_values" => texts = Some(each(json, |json| json.text().map(|_| ()))?),
                _ if key == list && json.is_null()? => {}
                _ if key == list => splits = json.numbers(None)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        keys.need("feature_index")?;
        keys.need("flat_feature_index")?;
        if let Some(texts) = texts {
            check_count("string_values", splits, texts)?;
        }
        self.splits = self.splits.saturating_add(splits);
        let known = if is_float {
            &mut self.floats
        } else {
            &mut self.categories
        };
        if !known.insert(index) {
            return Err(twice("feature_index"));
        }
        Ok(())
    }

    /// A feature that is computed from counters.
    fn counter(&mut self, json: &mut Json) -> Result<(), ReadError> {
        let (mut kind, mut projection, mut class) = (String::new(), Projection::new(), 0);
        let keys = entries(json, |json, key| {
            match key {
                "ctr_type" => kind = json.text()?,
                "target_border_idx" => class = count_of(json, key, FEATURES)?,
                "borders" => self.splits = self.splits.saturating_add(json.numbers(None)?),
                "elements" => {
                    each(json, |json| {
                        projection.push(element(json)?);
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        for key in ["ctr_type", "elements", "borders", "target_border_idx"] {
            keys.need(key)?;
        }
        if wide(self.counters.len()) >= limits::JSON_VALUES {
            return Err(ReadError::Limit(limits::Id::JSON_VALUES));
        }
        projection.sort_by_key(|(kind, ..)| *kind);
        self.counters.push(((kind, projection), class));
        Ok(())
    }

    fn tables(&mut self, json: &mut Json) -> Result<(), ReadError> {
        entries(json, |json, key| {
            let base = base(key)?;
            let stride = table(json, &base.0)?;
            if self.tables.insert(base, stride).is_some() {
                return Err(twice("ctr_data"));
            }
            Ok(())
        })?;
        Ok(())
    }

    fn scale(&mut self, json: &mut Json) -> Result<(), ReadError> {
        let mut at: u64 = 0;
        let count = each(json, |json| {
            at = at.saturating_add(1);
            if at == 2 && json.is_array()? {
                self.bias = Some(json.numbers(None)?);
                return Ok(());
            }
            json.number().map(|_| ())
        })?;
        check_count("scale_and_bias", 2, count)
    }

    fn check(&self) -> Result<(), ReadError> {
        // Where no feature is used, splits say nothing.
        if self.splits > 0 || self.split.unwrap_or_default() > 0 {
            check_feature(self.split, self.splits)?;
        } else if self.split.is_some() {
            return Err(wrong_reference("split_index"));
        }
        if let (Some(bias), Some(dimension)) = (self.bias, self.dimension) {
            check_count("scale_and_bias", dimension, bias)?;
        }
        if self.trees == 0 {
            return Err(missing("oblivious_trees"));
        }
        for (base, class) in &self.counters {
            let (kind, projection) = base;
            for (of, number, _) in projection {
                let known = if *of == FLOAT {
                    &self.floats
                } else {
                    &self.categories
                };
                if !known.contains(number) {
                    return Err(wrong_reference("elements"));
                }
            }
            let Some(stride) = self.tables.get(base) else {
                return Err(wrong_reference("ctrs"));
            };
            // Numbers of a table beside the hash: one for each class.
            let classes = stride.saturating_sub(1);
            let asked = match kind.as_str() {
                "Borders" => class.saturating_add(1),
                "Buckets" => *class,
                _ => 0,
            };
            if asked >= classes {
                return Err(wrong_reference("target_border_idx"));
            }
        }
        Ok(())
    }
}

/// Kinds of elements of a projection.
const CATEGORY: u8 = 0;
const FLOAT: u8 = 1;
const VALUE: u8 = 2;

fn element(json: &mut Json) -> Result<(u8, u64, u32), ReadError> {
    let (mut kind, mut category, mut float, mut bits) = (None, None, None, 0);
    entries(json, |json, key| {
        match key {
            "combination_element" => kind = Some(json.text()?),
            "cat_feature_index" => category = Some(count_of(json, key, FEATURES)?),
            "float_feature_index" => float = Some(count_of(json, key, FEATURES)?),
            "border" | "value" => bits = bits_of(json.number()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    projected(kind.as_deref(), category, float, bits)
}

fn projected(
    kind: Option<&str>,
    category: Option<u64>,
    float: Option<u64>,
    bits: u32,
) -> Result<(u8, u64, u32), ReadError> {
    let found = match kind {
        Some("cat_feature_value") => category.map(|number| (CATEGORY, number, 0)),
        Some("float_feature") => float.map(|number| (FLOAT, number, bits)),
        Some("cat_feature_exact_value") => category.map(|number| (VALUE, number, bits)),
        _ => None,
    };
    found.ok_or_else(|| wrong_value("elements"))
}

/// The bits of a number as the library compares it.
#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the library keeps a float of 32 bits"
)]
fn bits_of(number: f64) -> u32 {
    (number as f32).to_bits()
}

/// What the key of a table says: JSON in a text.
fn base(key: &str) -> Result<Base, ReadError> {
    let document = Document::parse(key.as_bytes().to_vec()).map_err(|_| wrong_value("ctr_data"))?;
    let wrong = || wrong_value("ctr_data");
    let kind = document.root.get("type").and_then(JsonNode::text);
    let kind = kind.ok_or_else(wrong)?;
    let number = |node: &JsonNode, name: &str| {
        let digits = document.number(node.get(name)?)?;
        digits.parse::<f64>().ok()
    };
    let index = |node: &JsonNode, name: &str| {
        let number = number(node, name).and_then(|number| whole(number, name).ok());
        number.filter(|number| *number < FEATURES)
    };
    let elements = document.root.get("identifier").ok_or_else(wrong)?.items();
    let mut projection = Projection::new();
    for element in elements {
        let kind = element.get("combination_element").and_then(JsonNode::text);
        let bits = number(element, "border").or_else(|| number(element, "value"));
        projection.push(projected(
            kind,
            index(element, "cat_feature_index"),
            index(element, "float_feature_index"),
            bits.map_or(0, bits_of),
        )?);
    }
    projection.sort_by_key(|(kind, ..)| *kind);
    Ok((kind.to_owned(), projection))
}

/// Reads a table of counters; returns how many values a category has in it, its hash among them.
fn table(json: &mut Json, kind: &str) -> Result<u64, ReadError> {
    let mut stride = None;
    let mut map = HashMap::default();
    let keys = entries(json, |json, key| {
        match key {
            "hash_stride" => stride = Some(count_of(json, key, FEATURES)?),
            "counter_denominator" => json.number().map(|_| ())?,
            "hash_map" => {
                each(json, |json| map.value(json))?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    keys.need("hash_map")?;
    let stride = stride.ok_or_else(|| missing("hash_stride"))?;
    let fits = match kind {
        "BinarizedTargetMeanValue" | "FloatTargetMeanValue" => stride == 3,
        "Counter" | "FeatureFreq" => stride == 2,
        "Borders" | "Buckets" => stride >= 2,
        _ => false,
    };
    if !fits {
        return Err(wrong_value("hash_stride"));
    }
    map.end()?;
    if map.stride.is_some_and(|found| found != stride) {
        return Err(wrong_value("hash_stride"));
    }
    Ok(stride)
}

/// The list of a table: a hash, which is a text, and the numbers of its category, again and again.
#[derive(Debug, Default)]
struct HashMap {
    /// Values of the category that is being read, its hash among them.
    of_category: u64,
    /// Values of those before.
    stride: Option<u64>,
}

impl HashMap {
    fn value(&mut self, json: &mut Json) -> Result<(), ReadError> {
        if json.is_text()? {
            self.end()?;
            let hash = json.text()?;
            hash.parse::<u64>().map_err(|_| wrong_value("hash_map"))?;
        } else {
            json.number()?;
            if self.of_category == 0 {
                return Err(wrong_value("hash_map"));
            }
        }
        self.of_category = self.of_category.saturating_add(1);
        Ok(())
    }

    /// A category ends.
    fn end(&mut self) -> Result<(), ReadError> {
        let found = std::mem::take(&mut self.of_category);
        if found > 0 && found != *self.stride.get_or_insert(found) {
            return Err(wrong_value("hash_map"));
        }
        Ok(())
    }
}
