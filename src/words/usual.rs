//! Uses that no writer makes.

use std::fmt;

use crate::{
    fact::{ContentsFault, DtypeFault, Global, GlobalName, Misfit, Part, SeenUse, UnusualUse},
    format::pickle::{written_arguments, written_state},
};

impl UnusualUse {
    /// The use in words: what a call runs, or what is filled and how.
    pub fn done(&self) -> String {
        let Self {
            global,
            misfit,
            part,
            op,
            seen,
            ..
        } = self;
        let seen = match seen {
            SeenUse::Call(given) => given.of(global).to_string(),
            SeenUse::Value(value) => value.to_string(),
        };
        match (misfit, part) {
            (Misfit::UnfinishedArray, _) => format!("{seen} by the memo"),
            (_, Part::Items) => format!("{op} on {seen}"),
            _ => seen,
        }
    }

    /// What is written instead: `(a text, False, True)`.
    pub fn expected(&self) -> String {
        let of_pack = |written: fn(&GlobalName) -> Option<String>| match &self.global {
            Global::Named(name) => written(name),
            Global::Unresolved(_) => None,
        };
        let written = match &self.misfit {
            Misfit::Arguments => of_pack(written_arguments),
            Misfit::ArgumentsOf(name) => written_arguments(name),
            Misfit::State => of_pack(written_state),
            _ => None,
        };
        written.unwrap_or_else(|| self.misfit.to_string())
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "another state",
            Self::Dtype(fault) => {
                return write!(f, "a state that numpy writes ({fault})");
            }
            Self::ShortStorage { needed, elements } => {
                return write!(
                    f,
                    "a storage of {needed} elements for a tensor of this size, and this one has {elements}"
                );
            }
            Self::Contents(fault) => {
                return write!(f, "arrays that fit one another ({fault})");
            }
            Self::ListItems { items } => {
                return write!(f, "a list of {items} items for an array of that many");
            }
            Self::EmptyItems { most } => {
                return write!(f, "no more than {most} items of no size");
            }
            Self::ArrayBytes { bytes } => {
                return write!(f, "{bytes} bytes for an array of that many");
            }
            Self::ItemBytes { bytes } => {
                return write!(f, "{bytes} bytes for an item of that many");
            }
            Self::NotByReduce => "only by REDUCE",
            Self::NotByNewobj => "only by NEWOBJ, without arguments",
            Self::NewobjArguments => "other arguments of NEWOBJ",
            Self::KeptState => "a dict that nothing changes later, because the instance keeps it",
            Self::KeptList => "a list that nothing changes once something has it",
            Self::PlainItems => "keys that are names of plain attributes",
            Self::RandomState => "a random generator's words and a position among them",
            Self::Layers => "a small number as `num_layers`",
            Self::Keywords => "without keywords",
            Self::StateNotFresh => "state once, on what was just made",
            Self::ItemsNotFresh => "items on what was just made",
            Self::NoItems => "no items",
            Self::NotPairs => "keys and values",
            Self::NotValues => "values without keys",
            Self::UnfinishedArray => "an array only once its state is set",
            Self::NoState => "no state",
            Self::PlainArguments => "(data and instances)",
            Self::PlainState => "a dict of plain attributes",
            Self::QuantizedStorage => "a storage of numbers that are not quantized",
            Self::Arguments | Self::ArgumentsOf(_) | Self::OtherArguments => "other arguments",
            Self::DtypeCode => "a kind and a size, as in 'f8'",
            Self::DtypeUnfinished => "a dtype whose state is set, and which is no array itself",
            Self::Dimensions => "sizes and strides of at most 64 dimensions",
            Self::Strides => "as many strides as sizes",
            Self::PlainStorage => "a storage of quantized numbers",
            Self::StorageElements => "a storage of as many elements",
            Self::Channels => "a scale and a zero point for each channel",
            Self::ZeroPoints => "zero points that are integers",
            Self::SparseParts => "indices, values and sizes that belong together",
            Self::ListForBytes => "bytes for an array that holds no objects",
            Self::ObjectDtype => "a dtype that holds no objects",
            Self::Axes => "as many axes as sizes",
            Self::ScalarOfObjects => "a dtype that is not of objects",
            Self::ArrayForBytes => "bytes for an item that holds no objects",
            Self::ScalarArray => "an array without dimensions, of the same dtype",
            Self::NotATensorFunction => "a function of torch that makes a tensor",
            Self::NotATensorClass => "a class of tensors",
            Self::NotSizes => "a tuple of sizes",
            Self::MatrixSizes => "two sizes for a matrix",
        })
    }
}

impl fmt::Display for ContentsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MatrixSizes => "its shape is not one of a matrix",
            Self::Form => "the form of a matrix is said by its class",
            Self::Arrays => "an array is missing, or its items cannot be read",
            Self::IndexPointers => "`indptr` does not rise from 0 to the number of values",
            Self::Indices => "an index is outside of the matrix",
            Self::Lengths => "there are not as many indices as values",
            Self::Blocks => "the blocks do not divide the matrix",
            Self::Offsets => "the offset of a diagonal is out of range",
            Self::Nodes => "its nodes are not a tree, or not as many as it says",
            Self::Depth => "its nodes are deeper than it says",
            Self::Feature => "a node compares a feature that the tree does not have",
            Self::Features => "its trees have another number of features than it says",
            Self::DrawnFeatures => {
                "its trees have another number of features than are drawn for them"
            }
            Self::SupportVectors => {
                "its arrays are not of as many support vectors and classes as it says"
            }
            Self::Columns => "its trees may give more columns than its first estimator",
            Self::Frame => "a frame holds something else than pandas gives it",
            Self::Rows => "parts of a frame have different numbers of rows",
            Self::Codes => "a code numbers a category or a label that does not exist",
            Self::Backing => "an array of pandas has items of another type than its class",
            Self::Positions => "a sparse array has other places than values",
            Self::ArrowType => "an array of pyarrow has a type that is not followed, or not the one that it is said to have",
            Self::ArrowBuffers => "a buffer of pyarrow is shorter than its array",
            Self::ArrowOffsets => "offsets of pyarrow do not rise within what they count",
            Self::ArrowMissing => "an array of pyarrow misses another number of items than it says",
            Self::ArrowTexts => "a text of pyarrow is not UTF-8",
            Self::Neighbours => {
                "the nodes, the points and the metric of a tree do not fit one another"
            }
            Self::Metric => "the weights of a metric cannot be read",
            Self::Spline => "a spline does not have as many coefficients as its knots ask for",
            Self::Groups => "an optimizer has more groups than its parameters allow",
            Self::Preprocessor => "what transforms its input is not compared with its trees",
        })
    }
}

impl fmt::Display for DtypeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "its state is not the tuple that numpy writes",
            Self::Integers => "its size, alignment and flags are not integers",
            Self::MadeFrom => "what it is made from is nothing that numpy writes",
            Self::ByteOrder => "its byte order does not fit its type",
            Self::Parts => "it has parts, and its type has none",
            Self::ObjectFlags => {
                "its flags say otherwise than its type whether its items are objects"
            }
            Self::OwnSize => "it has a size and an alignment of its own, and its type has not",
            Self::Size => "its size differs from the one it is made with",
            Self::Alignment => "its alignment is impossible",
            Self::FieldsAndShape => "it has both fields and a shape",
            Self::PartFlags => "its flags are not those that numpy gives to its parts",
            Self::Base => "its base is not a dtype and a shape",
            Self::BaseUnfinished => "its base is not a dtype whose state is set",
            Self::BaseSize => "its base and shape do not come to its size",
            Self::NoUnit => "it is a date or a duration without a unit",
            Self::Metadata => "its metadata are not what numpy writes",
            Self::Unit => "its unit is not what numpy writes",
            Self::UnknownUnit => "its unit is none of numpy's",
            Self::Fields => "its fields are not a tuple of names and a dict",
            Self::SharedFields => "its fields are a dict that something else may change",
            Self::FieldBeyond => "a field reaches beyond its items",
            Self::FieldParts => "some of its fields are not a dtype and an offset",
            Self::FieldTwice => "two fields have one name",
            Self::FieldName => "a field has no name",
            Self::ObjectOverlaps => "an object overlaps another field",
            Self::BaseOverlaps => "it is an array of items whose fields overlap",
            Self::NoState => "what it is made from has no state",
            Self::SizeRange => "its size is negative, or more than numpy has",
            Self::UnknownNames => "its names are not known",
            Self::NameType => "a name of a field is not a text",
            Self::NamesDiffer => "its names differ from its fields",
            Self::FieldUnfinished => "a field is of a dtype whose state is not set",
        })
    }
}
