//! Texts of a stream, kept once each: those that could name a module or a class, and those that are known before any stream.
//!
//! An attribute that a reader asks for has the same value in every stream, so asking for one costs a stream nothing, and none is
//! lost where a stream has more texts than are kept.

use std::{borrow::Cow, sync::LazyLock};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{
    marks::Marks,
    value::{Value, ValueKind},
};

macro_rules! attributes {
    ($($key:ident = $name:literal),* $(,)?) => {
        /// A name of an attribute that is asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Attribute {
            $(#[doc = concat!("`", $name, "`")] $key,)*
        }

        const ATTRIBUTES: &[(Attribute, &str)] = &[$((Attribute::$key, $name)),*];
    };
}

attributes! {
    Alignment = "numpy_array_alignment_bytes",
    AllowMmap = "allow_mmap",
    ArrayDtype = "dtype",
    ArrowArray = "_pa_array",
    ArrayShape = "shape",
    Axes = "axes",
    BitGenerator = "bit_generator",
    BlockLocations = "mgr_locs",
    BlockValues = "values",
    BlocksOfFrame = "blocks",
    BufferPosition = "buffer_pos",
    Cache = "_cache",
    Categories = "categories",
    CategoriesBefore = "_categories",
    ClassPrior = "class_prior_",
    Classes = "n_classes_",
    Closed = "closed",
    Codes = "codes",
    CodesBefore = "labels",
    CodesOfArray = "_codes",
    Coefficients = "_c",
    CoefficientsBefore = "c",
    Column = "col",
    Coordinates = "coords",
    Data = "data",
    DataOfArray = "_data",
    Degree = "k",
    DrawnFeatures = "estimators_features_",
    DtypeOfArray = "_dtype",
    DualCoefficients = "_dual_coef_",
    Estimators = "estimators_",
    Features = "n_features_",
    FeaturesIn = "n_features_in_",
    FeaturesOfBoosting = "_n_features",
    Filename = "filename",
    FittedShape = "shape_fit_",
    Form = "_format",
    FormBefore = "format",
    Frequency = "freq",
    FrequencyOfArray = "_freq",
    Implementation = "_impl",
    Increment = "inc",
    IndexPointers = "indptr",
    Indices = "indices",
    Init = "init_",
    InitArgs = "init_args",
    Intercepts = "_intercept_",
    IsMulticlass = "is_multiclass",
    Kernel = "kernel",
    Key = "key",
    Keys = "_dict",
    Knots = "_t",
    KnotsBefore = "t",
    Layers = "num_layers",
    Left = "left",
    LeftOfArray = "_left",
    Length = "length",
    Levels = "levels",
    LibraryVersion = "_sklearn_version",
    Loss = "_loss",
    LossBefore = "loss_",
    Manager = "_mgr",
    Mask = "_mask",
    MaxDepth = "max_depth",
    MaxFeatures = "_max_features",
    Name = "name",
    Names = "names",
    Ndarray = "_ndarray",
    NodeCount = "node_count",
    Nodes = "nodes",
    Offset = "offset",
    Offsets = "offsets",
    Order = "order",
    Ordered = "_ordered",
    Outputs = "n_outputs_",
    ParameterGroups = "param_groups",
    Position = "pos",
    Predictors = "_predictors",
    Preprocessor = "_preprocessor",
    ProbabilityA = "_probA",
    ProbabilityABefore = "probA_",
    ProbabilityB = "_probB",
    ProbabilityBBefore = "probB_",
    ReadOnly = "_readonly",
    RelativePath = "relative_path",
    Right = "right",
    RightOfArray = "_right",
    Row = "row",
    SavedArrays = "__numpys",
    SavedMatrices = "__scipys",
    SavedObjects = "__recursive_saveloads",
    Shape = "_shape",
    SortOrder = "sortorder",
    Sparse = "_sparse",
    SparseIndex = "_sparse_index",
    SparseValues = "_sparse_values",
    Start = "start",
    State = "state",
    StateOfManager = "0.14.1",
    Step = "step",
    Stop = "stop",
    Subclass = "subclass",
    Support = "support_",
    SupportCounts = "_n_support",
    SupportCountsBefore = "n_support_",
    SupportVectors = "support_vectors_",
    ThresholdValues = "y_thresholds_",
    ThresholdValuesBefore = "_necessary_y_",
    Thresholds = "X_thresholds_",
    ThresholdsBefore = "_necessary_X_",
    TimeZone = "tz",
    Tree = "tree_",
    TreesPerIteration = "n_trees_per_iteration_",
}

/// Texts, with what is known of them as names of attributes, in the order of their ids.
type Texts = IndexMap<Cow<'static, [u8]>, Marks, FxBuildHasher>;

/// What every stream has before its own texts: the attributes, each at its number.
static KNOWN: LazyLock<Texts> = LazyLock::new(|| {
    let known = ATTRIBUTES.iter().map(|(_, name)| {
        let text = name.as_bytes();
        (Cow::Borrowed(text), Marks::of_text(text))
    });
    known.collect()
});

impl Attribute {
    /// The attribute of a name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let (attribute, _) = ATTRIBUTES.get(KNOWN.get_index_of(name)?)?;
        Some(*attribute)
    }

    /// The attribute that an interned text names.
    #[inline]
    pub(super) fn of(key: Value) -> Option<Self> {
        let (attribute, _) = ATTRIBUTES.get(key.index())?;
        attribute.is(key).then_some(*attribute)
    }

    /// Whether an interned text names it.
    #[inline]
    #[allow(clippy::as_conversions, reason = "the attributes are numbered from 0")]
    pub(super) const fn is(self, key: Value) -> bool {
        key.is_string(self as u64)
    }
}

/// Strings are interned up to here; a pickle of more distinct names keeps offsets for the others.
const INTERNED_BYTES: usize = 8 << 20;
/// ... and up to so many.
const INTERNED: usize = 128 << 10;

/// The texts of one stream.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// Nothing until the stream has a text: most of what is tried as a pickle has none.
    texts: Texts,
    bytes: usize,
}

impl Interner {
    /// The value of a text, new or not; `None` once the arena is full.
    #[inline]
    pub(super) fn intern(&mut self, text: &[u8]) -> Option<Value> {
        match self.texts.get_full(text) {
            Some((id, _, marks)) => Some(Self::value(id, *marks)),
            None => self.add(text),
        }
    }

    fn add(&mut self, text: &[u8]) -> Option<Value> {
        if self.texts.is_empty() {
            self.texts.clone_from(&KNOWN);
            return self.intern(text);
        }
        let id = self.texts.len();
        let bytes = self.bytes.saturating_add(text.len());
        if id >= INTERNED || bytes > INTERNED_BYTES {
            return None;
        }
        self.bytes = bytes;
        let marks = Marks::of_text(text);
        self.texts.insert(Cow::Owned(text.to_vec()), marks);
        Some(Self::value(id, marks))
    }

    fn value(id: usize, marks: Marks) -> Value {
        Value::new(ValueKind::Str, crate::bytes::wide(id)).with(marks)
    }

    /// The text of an id.
    pub(super) fn text(&self, id: usize) -> &[u8] {
        self.texts
            .get_index(id)
            .map(|(text, _)| text.as_ref())
            .unwrap_or_default()
    }
}

/// A text that is not interned: its opcode's offset.
pub(super) fn text_at(at: u64, text: &[u8]) -> Value {
    Value::new(ValueKind::StrAt, at).with(Marks::of_text(text))
}

#[cfg(test)]
mod tests {
    use super::{ATTRIBUTES, Attribute, INTERNED, Interner};

    #[test]
    fn an_attribute_is_the_same_value_in_every_stream() {
        let (mut first, mut full) = (Interner::default(), Interner::default());
        for n in 0..=INTERNED {
            full.intern(n.to_string().as_bytes());
        }
        assert_eq!(full.intern(b"one more"), None);
        for (attribute, name) in ATTRIBUTES {
            let value = first.intern(name.as_bytes()).unwrap();
            assert_eq!(Attribute::of(value), Some(*attribute));
            assert_eq!(full.intern(name.as_bytes()), Some(value));
            assert_eq!(full.text(value.index()), name.as_bytes());
        }
        let other = first.intern(b"weight").unwrap();
        assert_eq!(Attribute::of(other), None);
        assert_eq!(first.text(other.index()), b"weight");
    }
}
