//! Uses of globals that no writer makes.

use serde::{Deserialize, Serialize};

use super::{CallArguments, Expression, Global, GlobalName, Op, Usage};

/// A use of a global whose shape is not one of those in which it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnusualUse {
    /// The global.
    pub global: Global,
    /// How it is used.
    pub usage: Usage,
    /// What of the use is unusual.
    pub part: Part,
    /// Whether it is known how the library behind the name writes it; otherwise the plain shape is expected.
    pub known: bool,
    /// What does not fit.
    pub misfit: Misfit,
    /// The opcode that uses it.
    pub op: Op,
    /// What it is used with.
    pub seen: SeenUse,
}

/// What a use was seen with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenUse {
    /// A call with these arguments.
    Call(CallArguments),
    /// The state that is set, or what is filled.
    Value(Expression),
}

/// A part of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The arguments of a call.
    Arguments,
    /// The opcode that calls, or keywords.
    Opcode,
    /// The state that is set on what it made.
    State,
    /// The items that are set on what it made.
    Items,
}

/// How a use differs from those that are written. Most variants say what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misfit {
    /// Only by REDUCE.
    NotByReduce,
    /// Only by NEWOBJ.
    NotByNewobj,
    /// By NEWOBJ, with other arguments.
    NewobjArguments,
    /// Without keywords.
    Keywords,
    /// State once, on what was just made.
    StateNotFresh,
    /// Items on what was just made.
    ItemsNotFresh,
    /// No items.
    NoItems,
    /// Keys and values.
    NotPairs,
    /// Values alone.
    NotValues,
    /// An array only once its state is set.
    UnfinishedArray,
    /// No state.
    NoState,
    /// A state to which nothing is added, because the instance keeps it as its own.
    KeptState,
    /// A list to which nothing is added once something has it.
    KeptList,
    /// Items whose keys are names of plain attributes.
    PlainItems,
    /// A small number of layers.
    Layers,
    /// A state of a random generator, with as many words as it has and a position among them.
    RandomState,
    /// (data and instances).
    PlainArguments,
    /// A dict of plain attributes.
    PlainState,
    /// A storage of numbers that are not quantized.
    QuantizedStorage,
    /// Other arguments.
    OtherArguments,
    /// A kind and a size, as in 'f8'.
    DtypeCode,
    /// A dtype whose state is set, and which is no array itself.
    DtypeUnfinished,
    /// Sizes and strides of at most 64 dimensions.
    Dimensions,
    /// As many strides as sizes.
    Strides,
    /// A storage of quantized numbers.
    PlainStorage,
    /// A storage of as many elements.
    StorageElements,
    /// A scale and a zero point for each channel.
    Channels,
    /// Zero points that are integers.
    ZeroPoints,
    /// Indices, values and sizes that belong together.
    SparseParts,
    /// Bytes for an array that holds no objects.
    ListForBytes,
    /// A dtype that holds no objects.
    ObjectDtype,
    /// As many axes as sizes.
    Axes,
    /// A dtype that is not of objects.
    ScalarOfObjects,
    /// Bytes for an item that holds no objects.
    ArrayForBytes,
    /// An array without dimensions, of the same dtype.
    ScalarArray,
    /// A function of torch that makes a tensor.
    NotATensorFunction,
    /// A class of tensors.
    NotATensorClass,
    /// A tuple of sizes.
    NotSizes,
    /// Two sizes for a matrix.
    MatrixSizes,
    /// The arguments have none of the forms in which they are written: the pack says which.
    Arguments,
    /// The same, of a function that another name applies.
    ArgumentsOf(GlobalName),
    /// The state has not the form in which it is written: the pack says which.
    State,
    /// The state of a dtype that NumPy did not write.
    Dtype(DtypeFault),
    /// A storage with fewer elements than a tensor needs.
    ShortStorage {
        /// How many it needs.
        needed: u64,
        /// How many there are.
        elements: u64,
    },
    /// Arrays that do not fit one another.
    Contents(ContentsFault),
    /// A list that has not so many items.
    ListItems {
        /// How many it should have.
        items: u64,
    },
    /// More items of no size than this.
    EmptyItems {
        /// The most.
        most: u64,
    },
    /// Not so many bytes for an array.
    ArrayBytes {
        /// How many there should be.
        bytes: u64,
    },
    /// Not so many bytes for an item.
    ItemBytes {
        /// How many there should be.
        bytes: u64,
    },
}

/// What does not fit among arrays that a class uses as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentsFault {
    /// The sizes of a matrix are not two, or not one where that may be.
    MatrixSizes,
    /// A matrix says that it has another form than its class.
    Form,
    /// An attribute is missing, is there twice, or is no array whose items were read.
    Arrays,
    /// Where rows begin does not rise from 0 to at most as many values as there are.
    IndexPointers,
    /// An index lies outside the matrix.
    Indices,
    /// There are not as many indices as values.
    Lengths,
    /// Blocks do not divide the matrix.
    Blocks,
    /// An offset of a diagonal is beyond any matrix.
    Offsets,
    /// Nodes are no tree, or are not as many as it says.
    Nodes,
    /// A tree is deeper than it says.
    Depth,
    /// A node compares a feature that the tree has not.
    Feature,
    /// An estimator does not have as many features as its trees.
    Features,
    /// Each tree gets other columns than it was made for.
    DrawnFeatures,
    /// What transforms the input is not compared.
    Preprocessor,
    /// Arrays have something of another number of support vectors or classes.
    SupportVectors,
    /// Trees write into columns that may not be there.
    Columns,
    /// A frame or a part of one holds something else than its library gives it.
    Frame,
    /// Parts of a frame have other numbers of rows.
    Rows,
    /// A code numbers a category or a label that is not there.
    Codes,
    /// An array of pandas is kept in one of another type.
    Backing,
    /// A sparse array has other places than values.
    Positions,
    /// A type of pyarrow is not one that is followed, or an array within another has another type than that says.
    ArrowType,
    /// A buffer of pyarrow is missing, or shorter than the length of its array.
    ArrowBuffers,
    /// Offsets of pyarrow do not rise, or lead out of what they count.
    ArrowOffsets,
    /// An array of pyarrow misses another number of items than it says.
    ArrowMissing,
    /// A text of pyarrow is not UTF-8.
    ArrowTexts,
    /// A tree of neighbours has nodes, points or a metric that do not fit one another.
    Neighbours,
    /// A metric is not for a number of columns.
    Metric,
    /// A spline or an interpolation has too few coefficients, or what is no array of numbers.
    Spline,
    /// An optimizer has too many groups of parameters.
    Groups,
}

/// Why NumPy would not have written the state of a dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DtypeFault {
    /// Its state is not the tuple that numpy writes.
    State,
    /// Its size, alignment and flags are not integers.
    Integers,
    /// What it is made from is nothing that numpy writes.
    MadeFrom,
    /// Its byte order is none of its type.
    ByteOrder,
    /// It has parts, and its type has none.
    Parts,
    /// Its flags say otherwise than its type whether its items are objects.
    ObjectFlags,
    /// It has a size and an alignment of its own, and its type has not.
    OwnSize,
    /// Its size is another than it is made with.
    Size,
    /// Its alignment is none.
    Alignment,
    /// It has both fields and a shape.
    FieldsAndShape,
    /// Its flags are not those that numpy gives to its parts.
    PartFlags,
    /// Its base is not a dtype and a shape.
    Base,
    /// Its base is not a dtype whose state is set.
    BaseUnfinished,
    /// Its base and shape do not come to its size.
    BaseSize,
    /// It is a date or a duration without a unit.
    NoUnit,
    /// Its metadata are not what numpy writes.
    Metadata,
    /// Its unit is not what numpy writes.
    Unit,
    /// Its unit is none of numpy's.
    UnknownUnit,
    /// Its fields are not a tuple of names and a dict.
    Fields,
    /// Its fields are a dict that something else may change.
    SharedFields,
    /// A field reaches beyond its items.
    FieldBeyond,
    /// Some of its fields are no dtype and offset.
    FieldParts,
    /// A field is there twice.
    FieldTwice,
    /// A field has no name.
    FieldName,
    /// An object overlaps another field.
    ObjectOverlaps,
    /// Fields of its base overlap.
    BaseOverlaps,
    /// What it is made from has no state.
    NoState,
    /// Its size is negative, or more than numpy has.
    SizeRange,
    /// Its names cannot be told.
    UnknownNames,
    /// A name of a field is no text.
    NameType,
    /// Its names are not its fields.
    NamesDiffer,
    /// A field is of a dtype whose state is not set.
    FieldUnfinished,
}
