//! Shapes: how the writers of Python, numpy and torch use the names that packs list.
//!
//! A name says which code runs, a shape says what it is made to do. `policies/globals/` says for each name of a pack with which
//! arguments it is called, which state it gets and whether it is filled; the build makes tables of that. A use is compared
//! with them when it happens, with the values at hand; what does not fit is observed, with the shape that was expected.
//! A name that no pack lists has the plain shape: data in, attributes as state.

mod arrow;
mod attributes;
mod checks;
mod fit;
mod frame_arrays;
mod frame_parts;
mod frames;
mod matrices;
pub(super) mod models;
mod neighbours;
mod table;
mod trees;
mod vectors;
mod zones;

pub(super) use arrow::Made as ArrowMade;
pub(super) use fit::{States, Values, few, few_of};
pub(super) use frame_parts::part as frame_part;

use std::fmt;

use super::{
    frames::FramePart,
    opcode as op,
    value::{Value, ValueKind},
    widths::Width,
};
use crate::fact::{GlobalName, Misfit};

/// How one name is used.
#[derive(Debug)]
pub(super) struct Shape {
    /// The arguments of its calls (`REDUCE`), one list for each form.
    calls: &'static [&'static [Pattern]],
    /// The arguments of `NEWOBJ`, one list for each form, of a class whose instances are made by that.
    constructs: &'static [&'static [Pattern]],
    /// The state that what it makes may get, once.
    state: Option<Pattern>,
    /// Whether items may be set on what it makes, and which.
    fills: Fills,
    /// What a pattern cannot say.
    check: Option<Check>,
    /// What it makes.
    makes: Makes,
}

/// A name as pickles store it.
#[derive(Debug)]
struct Spelling {
    module: &'static str,
    name: &'static str,
    /// Which of the shapes.
    shape: usize,
    /// The name as a policy has it: a name of Python 2, or of a module that was moved, is the same as today's.
    canonical: &'static str,
    /// Whether it can be called: dtypes of torch and their kin cannot.
    callable: bool,
    /// Whether objects of its library hold it, to call it when they are used.
    callback: bool,
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Pattern {
    /// Anything.
    Any,
    /// Data and instances: no global, however deep.
    Data,
    /// `None`.
    None,
    /// `True`, `False`, or 1 and 0 as Python 2 wrote them.
    Flag,
    /// One of these two.
    Is(bool),
    /// An integer from the first to the last.
    Int(i64, i64),
    /// A float.
    Float,
    /// A text that is a constant.
    Text,
    /// One of these texts.
    OneText(&'static [&'static str]),
    /// Just these bytes, or what makes bytes of a text.
    OneBytes(&'static str),
    /// Bytes: a constant, or what makes bytes of a text.
    Bytes,
    /// A tuple of integers that are not negative.
    Sizes,
    /// A tuple of just these.
    Tuple(&'static [Pattern]),
    /// A list.
    List,
    /// A dict.
    Dict,
    /// A dict of attributes, or a pair of one for `__dict__` and one for slots.
    Attributes,
    /// The same for a tensor, of which some attributes are no plain ones.
    TensorAttributes,
    /// A dict of attributes for `__dict__` alone: of an instance whose class has methods.
    Fields,
    /// What a call of such a name made.
    Made(Makes),
    /// An ordered dict that was made here and is empty.
    Hooks,
    /// A storage that a persistent id names.
    Storage,
    /// One of these globals, and what they are.
    Global(&'static [&'static str], &'static str),
    /// A global of this module.
    Module(&'static str),
    /// A class that no pack knows: one that the policy itself has to list.
    OtherClass,
    /// One of these.
    OneOf(&'static [Pattern]),
    /// This, or nothing: only at the end of arguments.
    Optional(&'static Pattern),
}

/// Which items may be set on what a call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fills {
    /// None.
    No,
    /// Any keys and values.
    Items,
    /// Any values, one after another.
    List,
    /// Those that its class answers as attributes.
    Attributes,
}

/// What a call makes, as far as others ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Makes {
    Other,
    Array,
    /// The bytes of an array of pyarrow.
    ArrowBuffer,
    /// A name and a type of pyarrow.
    ArrowField,
    /// A type of pyarrow.
    ArrowType,
    BitGenerator,
    Bytes,
    Device,
    Dtype,
    /// A tree of scikit-learn, or an estimator of which it counts how many columns it needs or gives.
    Estimator,
    /// An index, an array or a block of pandas, or what holds blocks.
    FramePart,
    Layout,
    MemoryFormat,
    /// What tells classes apart, as many as there are.
    MulticlassLoss,
    OrderedDict,
    Seed,
    Size,
    /// The numbers of a spline of scipy.
    Spline,
    Tensor,
}

/// Where joblib keeps an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoblibArray {
    /// Behind the opcode that sets the state of what stands in its place.
    Bytes,
    /// In a file of its own.
    File,
}

/// What a pattern cannot say, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The state of an array against its dtype and shape.
    ArrayState,
    /// A function, a type, the function's arguments and the state of what it makes.
    Applier,
    /// What a dtype is made from, and its state.
    Dtype,
    /// A fraction in digits: a power of ten costs as much as it says.
    Fraction,
    /// Bytes against dtype and shape.
    Frombuffer,
    /// The state of what joblib stores in place of an array whose bytes follow: its observer compares it.
    JoblibBytes,
    /// The same of an array that has a file of its own.
    JoblibFile,
    /// The state becomes the `__dict__` of the instance, not a copy of it.
    KeepsState,
    /// The state says how many layers a recurrent network has.
    Layers,
    /// The state of a model of pydantic, which holds its `__dict__` beside what else it has.
    Pydantic,
    /// A tensor of which the function makes as many elements as its sizes say, whatever its strides.
    Quantized,
    /// The state of a random generator, whose words are read at a position that it says.
    RandomState,
    /// A scalar against its dtype.
    Scalar,
    /// Indices, values and sizes of a sparse tensor.
    Sparse,
    /// Sizes and strides of a tensor, in its storage.
    Strided,
    /// The name of a time zone, which is looked up in a folder.
    ZoneName,
    /// What arrays hold that a class uses as it is.
    Contents(ContentsCheck),
}

/// What arrays hold against one another, and against the numbers beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentsCheck {
    /// Rows of a sparse matrix.
    SparseRows,
    /// Columns of a sparse matrix.
    SparseColumns,
    /// Rows of blocks.
    SparseBlocks,
    /// Coordinates of each value.
    SparseCoordinates,
    /// Diagonals.
    SparseDiagonals,
    /// Values by their coordinates, which scipy compares when it uses them.
    SparseKeys,
    /// A tree of scikit-learn.
    TreeNodes,
    /// An estimator that is a tree, or holds trees that get its whole input.
    TreeEstimator,
    /// The same, each of whose trees gets some columns.
    IsolationForest,
    /// A tree of histogram-based gradient boosting.
    PredictorNodes,
    /// What holds such trees.
    Boosting,
    /// Gradient boosting, which adds what trees say to columns that another estimator gives.
    GradientBoosting,
    /// An estimator of libsvm that tells classes apart.
    SupportVectors,
    /// One that does not.
    SupportVectorsOfNumbers,
    /// An estimator that says the same of each row.
    Dummy,
    /// A loss of several classes.
    MulticlassLoss,
    /// Something of pandas.
    Frame(FrameCheck),
    /// Something of pyarrow, or of pandas around it.
    Arrow(ArrowCheck),
    /// A tree of neighbours.
    NeighbourTree,
    /// What such a tree measures with.
    Metric,
    /// An estimator that interpolates once its state is set.
    Isotonic,
    /// A spline of scipy.
    Spline,
    /// An optimizer of torch, which looks at each parameter of each group when its state is set.
    Optimizer,
}

/// What of pandas is compared with what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameCheck {
    /// An index.
    Labels,
    /// An array that keeps its items in one of numpy's.
    Array,
    /// An array of numbers of which some are missing.
    Masked,
    /// An array of intervals.
    Intervals,
    /// A sparse array.
    Sparse,
    /// Where a sparse array has values.
    Positions,
    /// A type of categories.
    Type,
    /// A block.
    Block,
    /// What holds blocks.
    Manager,
    Frame,
    Series,
}

/// What of pyarrow is compared with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrowCheck {
    /// A type without parameters, by its name.
    Alias,
    /// A type of times, with a zone.
    Timestamp,
    /// A type of decimals in so many bytes.
    Decimal(u64),
    /// A type of bytes, as many each.
    Binary,
    /// A name and a type.
    Field,
    /// A type of lists, with offsets of eight bytes or of four.
    List { wide: bool },
    /// A type of records.
    Struct,
    /// A type of lists of pairs.
    Map,
    /// A type of numbers of a dictionary's items.
    Dictionary,
    /// Bytes.
    Buffer,
    /// An array.
    Array,
    /// Arrays, one behind another.
    Chunks,
    /// An array of pandas.
    Column,
    /// The same, of texts.
    Texts,
}

/// How a name is used where nothing says how it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum KnownUse {
    /// A name that no pack lists.
    Plain,
    /// A name of a pack.
    Shape(&'static Shape),
}

/// How the writers of a name use it, by the module and the name that a pickle stores.
pub(super) fn known(module: &[u8], name: &[u8]) -> KnownUse {
    let shape = spelling(module, name).and_then(|spelling| table::SHAPES.get(spelling.shape));
    shape.map_or(KnownUse::Plain, KnownUse::Shape)
}

/// The arguments with which the writers of a name call it, if a pack says so: `(a text, False, True)`.
pub fn written_arguments(name: &GlobalName) -> Option<String> {
    shape_of(name).map(Shape::forms)
}

/// The state that they set on what it makes.
pub fn written_state(name: &GlobalName) -> Option<String> {
    shape_of(name)?.state.as_ref().map(ToString::to_string)
}

fn shape_of(name: &GlobalName) -> Option<&'static Shape> {
    match known(name.module.as_bytes(), name.name.as_bytes()) {
        KnownUse::Shape(shape) => Some(shape),
        KnownUse::Plain => None,
    }
}

/// Whether a pack lists a name.
pub(super) fn is_known(module: &[u8], name: &[u8]) -> bool {
    spelling(module, name).is_some()
}

/// Whether a pack lists a class whose instances are made with items.
pub(super) fn is_filled_class(module: &[u8], name: &[u8]) -> bool {
    matches!(known(module, name), KnownUse::Shape(shape) if shape.is_instantiated() && matches!(shape.fills, Fills::Items | Fills::Attributes))
}

/// Whether a pack lists a function that its library calls through a `functools.partial`, which keeps one keyword.
pub(super) fn is_in_partial(module: &[u8], name: &[u8]) -> bool {
    const BLOCK: Check = Check::Contents(ContentsCheck::Frame(FrameCheck::Block));
    matches!(known(module, name), KnownUse::Shape(shape) if shape.check == Some(BLOCK))
}

/// The keyword: how many dimensions a block has.
pub(super) const PARTIAL_KEYWORD: &[u8] = b"ndim";

/// The one name that a policy has for a name of a pack.
pub(super) fn canonical(module: &[u8], name: &[u8]) -> Option<&'static str> {
    spelling(module, name).map(|spelling| spelling.canonical)
}

fn spelling(module: &[u8], name: &[u8]) -> Option<&'static Spelling> {
    let found = table::SPELLINGS.binary_search_by(|known| {
        (known.module.as_bytes(), known.name.as_bytes()).cmp(&(module, name))
    });
    table::SPELLINGS.get(found.ok()?)
}

impl Shape {
    /// What calling it makes.
    pub(super) fn makes(&self) -> Makes {
        self.makes
    }

    /// Whether its calls have bytes, a dtype and sizes in front.
    pub(super) fn is_of_buffer(&self) -> bool {
        self.check == Some(Check::Frombuffer)
    }

    /// Whether its calls have a storage, an offset, sizes and strides in front.
    pub(super) fn is_strided(&self) -> bool {
        matches!(self.check, Some(Check::Strided | Check::Quantized))
    }

    /// Whether it is a value: a name that is never called.
    pub(super) fn is_only_named(&self) -> bool {
        self.calls.is_empty() && self.constructs.is_empty()
    }

    /// What joblib stores in place of an array, if it is that.
    pub(super) fn joblib_array(&self) -> Option<JoblibArray> {
        match self.check {
            Some(Check::JoblibBytes) => Some(JoblibArray::Bytes),
            Some(Check::JoblibFile) => Some(JoblibArray::File),
            _ => None,
        }
    }

    /// Whether it asks what arrays hold.
    pub(super) fn asks_contents(&self) -> bool {
        matches!(self.check, Some(Check::Contents(_) | Check::RandomState))
    }

    /// What a tree or an estimator needs whose state was set and fits.
    pub(super) fn width(&self, target: Value, state: Value, values: &Values<'_>) -> Width {
        match self.check {
            Some(Check::Contents(ContentsCheck::Metric)) => {
                neighbours::width(target, state, values)
            }
            Some(Check::Contents(check)) => trees::width(check, target, state, values),
            _ => Width::UNKNOWN,
        }
    }

    /// What is kept of an estimator besides its class when a call makes it: for how many features a tree is, or of which kind
    /// a metric is.
    pub(super) fn kept_of_estimator(&self, first: Value, values: &Values<'_>) -> Option<u64> {
        if self.check != Some(Check::Contents(ContentsCheck::Metric)) {
            return u64::try_from(values.preview.integer(first)?).ok();
        }
        let class = values.canonical(first)?;
        let class = class.rsplit_once('.').map_or(class, |(_, class)| class);
        Some(neighbours::metric_of(class))
    }

    /// What of a frame a call makes that fits.
    pub(super) fn frame_part(&self, arguments: Value, values: &Values<'_>) -> FramePart {
        match (self.check, values.preview.nodes.all(arguments)) {
            (Some(Check::Contents(ContentsCheck::Frame(check))), Some(arguments)) => {
                frames::call(check, arguments, values).unwrap_or_default()
            }
            (Some(Check::Contents(ContentsCheck::Arrow(ArrowCheck::Array))), Some(arguments)) => {
                arrow::compared(arguments, values).unwrap_or_default()
            }
            (Some(Check::Contents(ContentsCheck::Arrow(check))), Some(arguments)) => {
                match arrow::call(check, arguments, values) {
                    Ok(ArrowMade::Part(part)) => part,
                    _ => FramePart::Unknown,
                }
            }
            _ => FramePart::Unknown,
        }
    }

    /// What of pyarrow a call makes that fits: a type, or a field of one.
    pub(super) fn arrow(&self, arguments: Value, values: &Values<'_>) -> Option<ArrowMade> {
        let Some(Check::Contents(ContentsCheck::Arrow(check))) = self.check else {
            return None;
        };
        arrow::call(check, values.preview.nodes.all(arguments)?, values).ok()
    }

    /// What of a frame a value is whose state was set and fits.
    pub(super) fn frame_part_of_state(
        &self,
        target: Value,
        state: Value,
        values: &Values<'_>,
    ) -> FramePart {
        match self.check {
            Some(Check::Contents(ContentsCheck::Frame(check))) => {
                frames::state(check, target, state, values).unwrap_or_default()
            }
            Some(Check::Contents(ContentsCheck::Arrow(check))) => {
                arrow::state(check, state, values).unwrap_or_default()
            }
            _ => FramePart::Unknown,
        }
    }

    /// Whether what it makes gets a state.
    pub(super) fn has_state(&self) -> bool {
        self.state.is_some()
    }

    /// Whether what it makes may be filled by an opcode.
    pub(super) fn fill(&self, code: u8) -> Result<(), Misfit> {
        let is_pairs = matches!(code, op::SETITEM | op::SETITEMS);
        let is_values = matches!(code, op::APPEND | op::APPENDS);
        match self.fills {
            Fills::No => Err(Misfit::NoItems),
            Fills::Items | Fills::Attributes if is_pairs => Ok(()),
            Fills::Items | Fills::Attributes => Err(Misfit::NotPairs),
            Fills::List if is_values => Ok(()),
            Fills::List => Err(Misfit::NotValues),
        }
    }

    /// Whether an instance may be made of the class: a subclass of `dict` with the items that stand last.
    pub(super) fn instantiate(&self, arguments: Value, values: &Values<'_>) -> Result<(), Misfit> {
        if !self.is_instantiated() {
            return Err(Misfit::NotByReduce);
        }
        let parts = values.preview.nodes.all(arguments).unwrap_or_default();
        let items = parts.last().filter(|last| last.kind() == ValueKind::Dict);
        match (items, self.fills) {
            (None, _) | (_, Fills::Items) => Ok(()),
            (Some(items), Fills::Attributes)
                if values.attributes().are_attributes_of_data(*items) =>
            {
                Ok(())
            }
            (_, Fills::Attributes) => Err(Misfit::PlainItems),
            (_, Fills::No | Fills::List) => Err(Misfit::NoItems),
        }
    }

    /// Whether its class answers the items of an instance as attributes.
    pub(super) fn answers_items(&self) -> bool {
        self.fills == Fills::Attributes
    }

    /// Whether its instances are made by `NEWOBJ`.
    pub(super) fn is_instantiated(&self) -> bool {
        !self.constructs.is_empty()
    }

    /// Whether making an instance by `NEWOBJ` fits.
    pub(super) fn construct(&self, arguments: Value, values: &Values<'_>) -> Result<(), Misfit> {
        let fits = |form: &&'static [Pattern]| values.arguments(form, arguments);
        match self.constructs {
            forms if forms.iter().any(fits) => Ok(()),
            [[]] => Err(Misfit::NotByNewobj),
            _ => Err(Misfit::NewobjArguments),
        }
    }

    /// Whether a call fits; what it makes fits only what is said of that.
    pub(super) fn call(&self, arguments: Value, values: &Values<'_>) -> Result<(), Misfit> {
        let fits = |form: &&&'static [Pattern]| values.arguments(form, arguments);
        if !self.calls.iter().any(|form| fits(&form)) {
            return Err(Misfit::Arguments);
        }
        match self.check {
            Some(check) => {
                let arguments = values.preview.nodes.all(arguments).unwrap_or_default();
                checks::call(check, arguments, values)
            }
            None => Ok(()),
        }
    }

    /// Whether a state fits what it is set on.
    pub(super) fn state(
        &self,
        target: Value,
        state: Value,
        values: &Values<'_>,
    ) -> Result<(), Misfit> {
        let Some(pattern) = &self.state else {
            return Err(Misfit::NoState);
        };
        if !values.fits(pattern, state) {
            return Err(Misfit::State);
        }
        match self.check {
            Some(check) => checks::state(check, target, state, values),
            None => Ok(()),
        }
    }

    /// The arguments that are written, in words.
    fn forms(&self) -> String {
        match self.calls {
            [] if self.is_instantiated() => Misfit::NotByNewobj.to_string(),
            [] => "only named, never called".to_owned(),
            forms => {
                let forms: Vec<String> = forms
                    .iter()
                    .map(|form| format!("({})", listed(form)))
                    .collect();
                forms.join(" or ")
            }
        }
    }
}

fn listed(patterns: &[Pattern]) -> String {
    let words: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Data => f.write_str("data"),
            Self::None => f.write_str("None"),
            Self::Flag => f.write_str("True or False"),
            Self::Is(true) => f.write_str("True"),
            Self::Is(false) => f.write_str("False"),
            Self::Int(from, to) if from == to => write!(f, "{from}"),
            Self::Int(0, _) => f.write_str("an integer that is not negative"),
            Self::Int(..) => f.write_str("an integer"),
            Self::Float => f.write_str("a float"),
            Self::Text => f.write_str("a text"),
            Self::OneText(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
                f.write_str(&texts.join(" or "))
            }
            Self::OneBytes(bytes) => write!(f, "b'{bytes}'"),
            Self::Bytes => f.write_str("bytes"),
            Self::Sizes => f.write_str("a tuple of sizes"),
            Self::Tuple([one]) => write!(f, "({one},)"),
            Self::Tuple(parts) => write!(f, "({})", listed(parts)),
            Self::List => f.write_str("a list"),
            Self::Dict => f.write_str("a dict"),
            Self::Attributes | Self::TensorAttributes | Self::Fields => {
                f.write_str("a dict of plain attributes")
            }
            Self::Made(makes) => f.write_str(makes.words()),
            Self::Hooks => f.write_str("an empty ordered dict"),
            Self::Storage => f.write_str("a storage"),
            Self::Global(_, what) => f.write_str(what),
            Self::Module(module) => write!(f, "a class of {module}"),
            Self::OtherClass => f.write_str("a class of another library"),
            Self::OneOf(patterns) => {
                let words: Vec<String> = patterns.iter().map(ToString::to_string).collect();
                f.write_str(&words.join(" or "))
            }
            Self::Optional(pattern) => write!(f, "[{pattern}]"),
        }
    }
}

impl Makes {
    fn words(self) -> &'static str {
        match self {
            Self::Other => "what it makes",
            Self::Array => "an array",
            Self::ArrowBuffer => "a buffer of pyarrow",
            Self::ArrowField => "a field of pyarrow",
            Self::ArrowType => "a type of pyarrow",
            Self::BitGenerator => "a source of random numbers",
            Self::Bytes => "bytes",
            Self::Device => "a device",
            Self::Dtype => "a dtype whose state is set",
            Self::Estimator => "an estimator",
            Self::FramePart => "an index, an array or a block of pandas",
            Self::Layout => "a layout",
            Self::MemoryFormat => "a memory format",
            Self::MulticlassLoss => "a loss of several classes",
            Self::OrderedDict => "an ordered dict",
            Self::Seed => "a seed",
            Self::Size => "a torch.Size",
            Self::Spline => "the numbers of a spline",
            Self::Tensor => "a tensor",
        }
    }
}
