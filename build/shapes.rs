//! Makes the tables of `src/format/pickle/shapes/table.rs` of what the packs say under `shapes`.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
};

use serde_yaml::{Mapping, Value};

use super::files::mappings;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Modules that are one to a policy besides those that Python 2 named otherwise: what `src/policy/alias.rs` says of the
/// modules that packs list. A test compares the two.
const MOVED: &[(&str, &str)] = &[
    ("numpy.core", "numpy._core"),
    ("_collections", "collections"),
];

/// Words that are a pattern by themselves.
const WORDS: &[(&str, &str)] = &[
    ("any", "Pattern::Any"),
    ("data", "Pattern::Data"),
    ("none", "Pattern::None"),
    ("flag", "Pattern::Flag"),
    ("int", "Pattern::Int(i64::MIN, i64::MAX)"),
    ("size", "Pattern::Int(0, i64::MAX)"),
    ("float", "Pattern::Float"),
    ("text", "Pattern::Text"),
    ("bytes", "Pattern::Bytes"),
    ("sizes", "Pattern::Sizes"),
    ("list", "Pattern::List"),
    ("dict", "Pattern::Dict"),
    ("attributes", "Pattern::Attributes"),
    ("tensor-attributes", "Pattern::TensorAttributes"),
    ("fields", "Pattern::Fields"),
    ("hooks", "Pattern::Hooks"),
    ("storage", "Pattern::Storage"),
    ("other-class", "Pattern::OtherClass"),
];

/// What calls make, as patterns ask for it and shapes say it.
const MAKES: &[(&str, &str)] = &[
    ("array", "Makes::Array"),
    ("arrow-buffer", "Makes::ArrowBuffer"),
    ("arrow-field", "Makes::ArrowField"),
    ("arrow-type", "Makes::ArrowType"),
    ("bit-generator", "Makes::BitGenerator"),
    ("bytes", "Makes::Bytes"),
    ("device", "Makes::Device"),
    ("dtype", "Makes::Dtype"),
    ("estimator", "Makes::Estimator"),
    ("frame-part", "Makes::FramePart"),
    ("layout", "Makes::Layout"),
    ("memory-format", "Makes::MemoryFormat"),
    ("multiclass-loss", "Makes::MulticlassLoss"),
    ("ordered-dict", "Makes::OrderedDict"),
    ("seed", "Makes::Seed"),
    ("size-of-tensor", "Makes::Size"),
    ("spline", "Makes::Spline"),
    ("tensor", "Makes::Tensor"),
];

const CHECKS: &[(&str, &str)] = &[
    ("applier", "Check::Applier"),
    ("array-state", "Check::ArrayState"),
    (
        "arrow-alias",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Alias))",
    ),
    (
        "arrow-array",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Array))",
    ),
    (
        "arrow-binary",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Binary))",
    ),
    (
        "arrow-buffer",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Buffer))",
    ),
    (
        "arrow-chunks",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Chunks))",
    ),
    (
        "arrow-column",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Column))",
    ),
    (
        "arrow-decimal128",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Decimal(16)))",
    ),
    (
        "arrow-decimal256",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Decimal(32)))",
    ),
    (
        "arrow-decimal32",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Decimal(4)))",
    ),
    (
        "arrow-decimal64",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Decimal(8)))",
    ),
    (
        "arrow-dictionary",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Dictionary))",
    ),
    (
        "arrow-field",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Field))",
    ),
    (
        "arrow-large-list",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::List { wide: true }))",
    ),
    (
        "arrow-list",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::List { wide: false }))",
    ),
    (
        "arrow-map",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Map))",
    ),
    (
        "arrow-struct",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Struct))",
    ),
    (
        "arrow-texts",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Texts))",
    ),
    (
        "arrow-timestamp",
        "Check::Contents(ContentsCheck::Arrow(ArrowCheck::Timestamp))",
    ),
    ("boosting", "Check::Contents(ContentsCheck::Boosting)"),
    ("dtype", "Check::Dtype"),
    ("pydantic", "Check::Pydantic"),
    ("dummy", "Check::Contents(ContentsCheck::Dummy)"),
    (
        "frame",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Frame))",
    ),
    (
        "frame-array",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Array))",
    ),
    (
        "frame-block",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Block))",
    ),
    (
        "frame-intervals",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Intervals))",
    ),
    (
        "frame-labels",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Labels))",
    ),
    (
        "frame-manager",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Manager))",
    ),
    (
        "frame-masked",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Masked))",
    ),
    (
        "frame-positions",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Positions))",
    ),
    (
        "frame-series",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Series))",
    ),
    (
        "frame-sparse",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Sparse))",
    ),
    (
        "frame-type",
        "Check::Contents(ContentsCheck::Frame(FrameCheck::Type))",
    ),
    ("fraction", "Check::Fraction"),
    ("frombuffer", "Check::Frombuffer"),
    (
        "gradient-boosting",
        "Check::Contents(ContentsCheck::GradientBoosting)",
    ),
    (
        "isolation-forest",
        "Check::Contents(ContentsCheck::IsolationForest)",
    ),
    ("isotonic", "Check::Contents(ContentsCheck::Isotonic)"),
    ("joblib-bytes", "Check::JoblibBytes"),
    ("joblib-file", "Check::JoblibFile"),
    ("keeps-state", "Check::KeepsState"),
    ("layers", "Check::Layers"),
    (
        "predictor-nodes",
        "Check::Contents(ContentsCheck::PredictorNodes)",
    ),
    (
        "multiclass-loss",
        "Check::Contents(ContentsCheck::MulticlassLoss)",
    ),
    ("metric", "Check::Contents(ContentsCheck::Metric)"),
    (
        "neighbour-tree",
        "Check::Contents(ContentsCheck::NeighbourTree)",
    ),
    ("optimizer", "Check::Contents(ContentsCheck::Optimizer)"),
    ("quantized", "Check::Quantized"),
    ("random-state", "Check::RandomState"),
    ("scalar", "Check::Scalar"),
    ("sparse", "Check::Sparse"),
    (
        "sparse-blocks",
        "Check::Contents(ContentsCheck::SparseBlocks)",
    ),
    (
        "sparse-columns",
        "Check::Contents(ContentsCheck::SparseColumns)",
    ),
    (
        "sparse-coordinates",
        "Check::Contents(ContentsCheck::SparseCoordinates)",
    ),
    (
        "sparse-diagonals",
        "Check::Contents(ContentsCheck::SparseDiagonals)",
    ),
    ("sparse-keys", "Check::Contents(ContentsCheck::SparseKeys)"),
    ("sparse-rows", "Check::Contents(ContentsCheck::SparseRows)"),
    ("spline", "Check::Contents(ContentsCheck::Spline)"),
    ("strided", "Check::Strided"),
    (
        "support-vectors",
        "Check::Contents(ContentsCheck::SupportVectors)",
    ),
    (
        "support-vectors-of-numbers",
        "Check::Contents(ContentsCheck::SupportVectorsOfNumbers)",
    ),
    (
        "tree-estimator",
        "Check::Contents(ContentsCheck::TreeEstimator)",
    ),
    ("tree-nodes", "Check::Contents(ContentsCheck::TreeNodes)"),
    ("zone-name", "Check::ZoneName"),
];

/// The kinds of what is only named.
const VALUES: &[&str] = &["dtype", "qscheme", "layout", "value", "callback"];

/// The shapes of what no `shapes` describes, by kind. They stand behind that of a value.
const OF_KINDS: &[(&str, &str)] = &[
    ("instance", "{instances: true, state: fields}"),
    ("enum", "{calls: [[{one-of: [text, int]}]]}"),
];

/// Those of them that cannot even be called.
const INERT: &[&str] = &["dtype", "qscheme", "layout"];

/// What all packs say.
#[derive(Default)]
struct Packs {
    /// Every name, in today's spelling, and its kind.
    kinds: BTreeMap<String, String>,
    /// Rust of each shape; the first is that of a value.
    shapes: Vec<String>,
    /// Which shape a name has.
    of: BTreeMap<String, usize>,
    python2: Mapping,
}

/// Writes the tables for the packs in a folder.
pub(crate) fn compile(policies: &Path, out: &Path) -> Result<()> {
    let mut packs = Packs {
        python2: serde_yaml::from_str(&fs::read_to_string(policies.join("python2-names.yaml"))?)?,
        ..Packs::default()
    };
    packs.shapes.push(shape(&Mapping::new(), &packs)?);
    for (_, said) in OF_KINDS {
        let said: Mapping = serde_yaml::from_str(said)?;
        packs.shapes.push(shape(&said, &packs)?);
    }
    let read = mappings(&policies.join("globals"))?;
    for (_, pack) in &read {
        for entry in sequence(pack.get("entries"))? {
            let entry = entry.as_mapping().ok_or("an entry that is no mapping")?;
            let name = today(text(entry.get("global"))?);
            let kind = text(entry.get("kind"))?;
            // What only configurations name has no shape in a pickle.
            if kind != "configured" {
                packs.kinds.insert(name, kind.to_owned());
            }
        }
    }
    for (path, pack) in &read {
        let said = |error: Box<dyn Error>| format!("{}: {error}", path.display());
        packs.add(pack).map_err(said)?;
    }
    for (name, kind) in &packs.kinds {
        if let Some(at) = OF_KINDS.iter().position(|(known, _)| kind == known) {
            packs.of.entry(name.clone()).or_insert(at + 1);
        }
        let value = VALUES.contains(&kind.as_str());
        if value == packs.of.contains_key(name) {
            return Err(format!(
                "`{name}` is of kind `{kind}`: a value has no shape, anything else has one"
            )
            .into());
        }
    }
    fs::write(out.join("shapes.rs"), packs.tables()?)?;
    Ok(())
}

impl Packs {
    /// Takes over the shapes of a pack.
    fn add(&mut self, pack: &Mapping) -> Result<()> {
        let Some(shapes) = pack.get("shapes") else {
            return Ok(());
        };
        for said in sequence(Some(shapes))? {
            let said = said.as_mapping().ok_or("a shape that is no mapping")?;
            let at = self.shapes.len();
            for name in sequence(said.get("of"))? {
                let name = today(text(Some(name))?);
                if !self.kinds.contains_key(&name) {
                    return Err(format!("a shape of `{name}`, which no pack lists").into());
                }
                if self.of.insert(name.clone(), at).is_some() {
                    return Err(format!("two shapes of `{name}`").into());
                }
            }
            let shape = shape(said, self).map_err(|error| format!("{error} in {said:?}"))?;
            self.shapes.push(shape);
        }
        Ok(())
    }

    fn tables(&self) -> Result<String> {
        let mut out = String::from("/// Every shape; the first is that of what is only named.\n");
        writeln!(out, "pub(super) static SHAPES: &[Shape] = &[")?;
        for shape in &self.shapes {
            writeln!(out, "    {shape},")?;
        }
        writeln!(
            out,
            "];\n\n/// Every name of every pack in every spelling, sorted."
        )?;
        writeln!(out, "pub(super) static SPELLINGS: &[Spelling] = &[")?;
        let mut spellings = BTreeMap::new();
        for name in self.kinds.keys() {
            let shape = self.of.get(name).copied().unwrap_or(0);
            for spelling in self.spellings(name)? {
                if spellings.insert(spelling.clone(), (shape, name)).is_some() {
                    return Err(format!("{spelling:?} is two names").into());
                }
            }
        }
        for ((module, name), (shape, canonical)) in spellings {
            let callable = !self
                .kinds
                .get(canonical)
                .is_some_and(|kind| INERT.contains(&kind.as_str()));
            let callback = self
                .kinds
                .get(canonical)
                .is_some_and(|kind| kind == "callback");
            writeln!(
                out,
                "    Spelling {{ module: {module:?}, name: {name:?}, shape: {shape}, canonical: {canonical:?}, callable: {callable}, callback: {callback} }},"
            )?;
        }
        writeln!(out, "];")?;
        Ok(out)
    }

    /// Every module and name by which pickles store a name.
    fn spellings(&self, name: &str) -> Result<BTreeSet<(String, String)>> {
        let divided = name.split_once(':').or_else(|| name.rsplit_once('.'));
        let (module, name) = divided.ok_or("a name without a module")?;
        let mut today = BTreeSet::from([module.to_owned()]);
        for (from, to) in MOVED {
            if let Some(rest) = module.strip_prefix(to) {
                today.insert(format!("{from}{rest}"));
            }
        }
        let mut all = BTreeSet::new();
        for module in today {
            for row in sequence(self.python2.get("names"))? {
                let row = strings(row)?;
                if let [old, old_name, to, into] = row.as_slice()
                    && *to == module
                    && *into == name
                {
                    all.insert((old.clone(), old_name.clone()));
                }
            }
            for row in sequence(self.python2.get("modules"))? {
                let row = strings(row)?;
                if let [old, to] = row.as_slice()
                    && *to == module
                {
                    all.insert((old.clone(), name.to_owned()));
                }
            }
            all.insert((module, name.to_owned()));
        }
        Ok(all)
    }

    /// The names of a kind, as Rust.
    fn of_kind(&self, kind: &str) -> String {
        let names: Vec<&String> = self
            .kinds
            .iter()
            .filter(|(_, k)| *k == kind)
            .map(|(name, _)| name)
            .collect();
        format!("&{names:?}")
    }
}

/// A name as it is spelled today.
fn today(name: &str) -> String {
    for (from, to) in MOVED {
        if let Some(rest) = name.strip_prefix(from)
            && rest.starts_with('.')
        {
            return format!("{to}{rest}");
        }
    }
    name.to_owned()
}

/// A shape, as Rust.
fn shape(said: &Mapping, packs: &Packs) -> Result<String> {
    const KEYS: &[&str] = &[
        "of",
        "calls",
        "instances",
        "state",
        "filled",
        "check",
        "makes",
    ];
    for key in said.keys() {
        if !key.as_str().is_some_and(|key| KEYS.contains(&key)) {
            return Err(format!("`{key:?}` is no key of a shape").into());
        }
    }
    let forms = |forms: Option<&Value>| -> Result<String> {
        match forms {
            None => Ok(String::new()),
            Some(Value::Bool(true)) => Ok("&[]".to_owned()),
            Some(forms) => {
                let forms = sequence(Some(forms))?.iter();
                let forms: Result<Vec<String>> = forms
                    .map(|form| Ok(format!("&[{}]", patterns(form, packs)?)))
                    .collect();
                Ok(forms?.join(", "))
            }
        }
    };
    let (calls, instances) = (forms(said.get("calls"))?, forms(said.get("instances"))?);
    let state = match said.get("state") {
        Some(state) => format!("Some({})", pattern(state, packs)?),
        None => "None".to_owned(),
    };
    let check = match said.get("check") {
        Some(check) => format!("Some({})", word(text(Some(check))?, CHECKS)?),
        None => "None".to_owned(),
    };
    let makes = match said.get("makes") {
        Some(makes) => word(text(Some(makes))?, MAKES)?,
        None => "Makes::Other",
    };
    let fills = match said.get("filled") {
        None => "Fills::No",
        Some(Value::Bool(true)) => "Fills::Items",
        Some(_) => word(
            text(said.get("filled"))?,
            &[("attributes", "Fills::Attributes"), ("list", "Fills::List")],
        )?,
    };
    Ok(format!(
        "Shape {{ calls: &[{calls}], constructs: &[{instances}], state: {state}, fills: {fills}, check: {check}, makes: {makes} }}"
    ))
}

fn patterns(list: &Value, packs: &Packs) -> Result<String> {
    let list = sequence(Some(list))?.iter();
    let list: Result<Vec<String>> = list.map(|one| pattern(one, packs)).collect();
    Ok(list?.join(", "))
}

/// A pattern, as Rust.
fn pattern(value: &Value, packs: &Packs) -> Result<String> {
    match value {
        Value::Null => Ok("Pattern::None".to_owned()),
        Value::Bool(is) => Ok(format!("Pattern::Is({is})")),
        Value::Number(number) => Ok(format!("Pattern::Int({number}, {number})")),
        Value::String(name) => match word(name, MAKES) {
            Ok(makes) if name != "bytes" => Ok(format!("Pattern::Made({makes})")),
            _ => Ok(word(name, WORDS)?.to_owned()),
        },
        Value::Sequence(_) => Ok(format!("Pattern::Tuple(&[{}])", patterns(value, packs)?)),
        Value::Mapping(pairs) => {
            let pair = pairs.iter().next().filter(|_| pairs.len() == 1);
            let Some((Value::String(key), value)) = pair else {
                return Err(format!("{pairs:?} is no pattern").into());
            };
            match key.as_str() {
                "text" => Ok(format!("Pattern::OneText(&{:?})", strings(value)?)),
                "bytes" => Ok(format!("Pattern::OneBytes({:?})", text(Some(value))?)),
                "one-of" => Ok(format!("Pattern::OneOf(&[{}])", patterns(value, packs)?)),
                "optional" => Ok(format!("Pattern::Optional(&{})", pattern(value, packs)?)),
                "module" => Ok(format!("Pattern::Module({:?})", text(Some(value))?)),
                "kind" => {
                    let kind = text(Some(value))?;
                    Ok(format!(
                        "Pattern::Global({}, \"a {kind} of torch\")",
                        packs.of_kind(kind)
                    ))
                }
                "global" => {
                    let names: Vec<String> =
                        strings(value)?.iter().map(|name| today(name)).collect();
                    if let Some(name) = names.iter().find(|name| !packs.kinds.contains_key(*name)) {
                        return Err(format!("no pack lists `{name}`").into());
                    }
                    Ok(format!(
                        "Pattern::Global(&{names:?}, {:?})",
                        names.join(" or ")
                    ))
                }
                _ => Err(format!("`{key}` is no pattern").into()),
            }
        }
        Value::Tagged(_) => Err("a tag is no pattern".into()),
    }
}

fn word<'a>(word: &str, words: &[(&str, &'a str)]) -> Result<&'a str> {
    let found = words.iter().find(|(known, _)| *known == word);
    found
        .map(|(_, rust)| *rust)
        .ok_or_else(|| format!("`{word}` is not known").into())
}

fn text(value: Option<&Value>) -> Result<&str> {
    value
        .and_then(Value::as_str)
        .ok_or_else(|| "a text is missing".into())
}

fn sequence(value: Option<&Value>) -> Result<&Vec<Value>> {
    value
        .and_then(Value::as_sequence)
        .ok_or_else(|| "a list is missing".into())
}

fn strings(value: &Value) -> Result<Vec<String>> {
    let list = sequence(Some(value))?.iter();
    list.map(|one| text(Some(one)).map(str::to_owned)).collect()
}
