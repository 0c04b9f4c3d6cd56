//! Why `torch.load(weights_only=True)` does not load an artifact.

use std::fmt;

use crate::fact::{
    ArchiveReason, CallReason, GlobalName, LegacyReason, Op, PickleReason, QuantizedReason, Sizes,
    SparseReason, StateReason, StorageReason, TensorReason, TorchReason, TorchType, Unread,
};

impl fmt::Display for TorchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script => {
                f.write_str("TorchScript archives are not loaded with weights_only=True")
            }
            Self::Tar => {
                f.write_str("files of before 0.1.10 are not loaded with weights_only=True")
            }
            Self::Archive(reason) => reason.fmt(f),
            Self::Legacy(reason) => reason.fmt(f),
            Self::Pickle(reason) => reason.fmt(f),
            Self::Call { callee, reason } => called(f, callee, reason),
            Self::State(reason) => reason.fmt(f),
            Self::Storage(reason) => reason.fmt(f),
            Self::Tensor(reason) => reason.fmt(f),
            Self::Quantized(reason) => reason.fmt(f),
            Self::Sparse(reason) => reason.fmt(f),
        }
    }
}

impl fmt::Display for TorchType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Number => "a number",
            Self::Complex => "a complex number",
            Self::Str => "a string",
            Self::Bytes => "bytes",
            Self::Tuple => "a tuple",
            Self::Size => "a torch.Size",
            Self::Device => "a device",
            Self::Layout => "a layout",
            Self::NumpyDtype => "a numpy dtype",
            Self::List => "a list",
            Self::Dict => "a dict",
            Self::OrderedDict => "an OrderedDict",
            Self::Counter => "a Counter",
            Self::Set => "a set",
            Self::ByteArray => "a bytearray",
            Self::Tensor => "a tensor",
            Self::Storage => "a storage",
            Self::Global(name) => return write!(f, "{name} itself"),
            Self::MadeBy(name) => return write!(f, "what {name} made"),
        })
    }
}

/// `(2, 3)`.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (n, size) in self.first.iter().enumerate() {
            write!(f, "{}{size}", if n == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.more { ", ...)" } else { ")" })
    }
}

/// What was not read, as the end of a sentence that says so.
struct Cause<'a>(Option<&'a Unread>);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("bytes of it could not be had"),
            Some(Unread::Malformed(how)) => how.fmt(f),
            Some(Unread::Limit(limit)) => write!(f, "more than {limit}"),
            Some(Unread::Unsupported(form)) => form.fmt(f),
            Some(other) => other.fmt(f),
        }
    }
}

impl fmt::Display for ArchiveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotZip => {
                "it does not begin as a zip: torch.load takes it for a file of before 1.6"
            }
            Self::BytesBefore => "bytes stand before the archive: torch does not open it",
            Self::NoPickle => "there is no data.pkl in the folder of the first entry",
            Self::NoVersion => "there is no version record",
            Self::StorageAlignment => "its storage alignment is no number",
            Self::SerializationId => "its serialization id is not UTF-8",
            Self::OutsideRoot { member } => {
                return write!(f, "{member} is not in the folder of the first entry");
            }
            Self::PickleUnread(unread) => {
                return write!(f, "data.pkl cannot be read: {}", Cause(unread.as_ref()));
            }
            Self::Version {
                found,
                oldest,
                newest,
            } => {
                return write!(
                    f,
                    "its version is \"{found}\", torch reads {oldest} to {newest}"
                );
            }
            Self::ByteOrder(found) => return write!(f, "its byteorder is \"{found}\""),
        })
    }
}

impl fmt::Display for LegacyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMagicNumber => f.write_str(
                "it has no magic number: torch.load runs the pickle first and complains afterwards",
            ),
            Self::ProtocolVersion { wanted } => write!(f, "its protocol version is not {wanted}"),
            Self::NoStorageKeys => f.write_str("its fifth pickle is no list of storage keys"),
            Self::UnknownStorage => {
                f.write_str("a storage follows that its object does not ask for")
            }
            Self::StoragesCutOff => f.write_str("its storages are cut off"),
            Self::StorageCount {
                bytes,
                elements,
                itemsize,
            } => write!(
                f,
                "a storage of {bytes} bytes follows as one of {elements} elements of {itemsize}"
            ),
        }
    }
}

impl fmt::Display for PickleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opcode {
                op,
                protocol: Some(protocol),
            } => write!(f, "opcode {op} (protocol {protocol}) is not supported"),
            Self::Opcode { op, protocol: None } => {
                write!(f, "opcode {:#04x} is not supported", op.byte())
            }
            Self::Unread(unread) => Cause(unread.as_ref()).fmt(f),
            Self::TooManyValues => f.write_str("it holds more values than are followed"),
            Self::TooManyGlobals => f.write_str("it names more globals than are read"),
            Self::NotUtf8 => f.write_str("a string that is not UTF-8"),
            Self::CalleeNotGlobal(Op::NEWOBJ) => {
                f.write_str("NEWOBJ instantiates something that is not a listed global")
            }
            Self::CalleeNotGlobal(op) => {
                write!(f, "{op} calls something that is not a listed global")
            }
            Self::KeyWithoutValue(op) => write!(f, "{op} sets a key that has no value"),
            Self::UnhashableKey(op) => write!(f, "{op} sets a key that cannot be hashed"),
            Self::Items { op, target } => write!(f, "{op} adds items to {target}"),
        }
    }
}

fn called(f: &mut fmt::Formatter<'_>, callee: &GlobalName, reason: &CallReason) -> fmt::Result {
    match reason {
        CallReason::NotATuple(with) => write!(
            f,
            "{callee} is called with {with}, not with a tuple of arguments"
        ),
        CallReason::Arguments { given } => write!(
            f,
            "{callee} is called with {given} arguments, which it does not take"
        ),
        CallReason::ArgumentsBetween { given, least, most } => {
            let name = &callee.name;
            write!(
                f,
                "{name} is called with {given} arguments, it takes {least}"
            )?;
            if most > least {
                write!(f, " or {most}")?;
            }
            Ok(())
        }
        CallReason::Argument(with) => write!(f, "{callee} is called with {with}"),
        CallReason::Unencodable => write!(
            f,
            "{callee} is called with characters that the encoding has not"
        ),
        CallReason::OtherDevice => write!(
            f,
            "{callee} makes a tensor on another device, or of another layout"
        ),
        CallReason::NotAFunction => write!(f, "{callee} is called, and is no function"),
        CallReason::NotMadeByNewobj => write!(
            f,
            "NEWOBJ instantiates {callee}, which is no class that torch makes so"
        ),
        CallReason::NotAClass => write!(f, "NEWOBJ instantiates {callee}, which is no class"),
        CallReason::CallsItself => write!(f, "{callee} calls itself too often"),
        CallReason::Makes { made, class } => write!(f, "{callee} makes {made} a {class}"),
    }
}

impl fmt::Display for StateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(target) => write!(f, "BUILD sets state on {target}"),
            Self::NumpyDtype => {
                f.write_str("BUILD sets state on a numpy dtype whose class is not known")
            }
            Self::Updates { target, state } => {
                write!(f, "BUILD updates the attributes of {target} with {state}")
            }
            Self::Unknown(state) => write!(f, "BUILD sets {state}"),
            Self::UnknownOf { target, state } => write!(f, "the state of {target} is {state}"),
            Self::NotDictOrPair => f.write_str("a state that is neither a dict nor a pair"),
            Self::NotDict { target, state } => {
                write!(f, "the state of {target} is {state}, not a dict")
            }
            Self::TooManyAttributes => f.write_str("a state of more attributes than are followed"),
            Self::AttributeName => f.write_str("an attribute is set whose name is no text"),
            Self::Attribute {
                name,
                target,
                value,
            } => write!(f, "the attribute {name} of {target} is set to {value}"),
            Self::Data(data) => write!(f, "the data of a tensor are {data}"),
            Self::DataKind => f.write_str("the data of a tensor are of another kind"),
            Self::DataGradient => {
                f.write_str("the data of a tensor that requires gradients have none")
            }
            Self::Tensor(state) => write!(f, "BUILD sets the state of a tensor to {state}"),
            Self::TensorParts(parts) => {
                write!(f, "BUILD sets the state of a tensor to {parts} values")
            }
            Self::Unchangeable => f.write_str("BUILD changes a tensor that cannot be changed"),
            Self::Source { dtype, source } => {
                write!(f, "BUILD puts a tensor of {dtype} on {source}")
            }
            Self::ComputedParameter => f.write_str("BUILD changes a parameter that was computed"),
            Self::Parameter(state) => {
                write!(f, "BUILD sets the state of a parameter to {state}")
            }
        }
    }
}

impl fmt::Display for StorageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdNotATuple(id) => write!(f, "a persistent id is {id}, not a tuple"),
            Self::IdNotStorage => f.write_str("a persistent id that names no storage"),
            Self::IdUnexpected => f.write_str("a persistent id where torch takes none"),
            Self::IdParts { parts, wanted } => write!(
                f,
                "a storage's persistent id has {parts} parts, torch unpacks {wanted}"
            ),
            Self::Type(value) => write!(f, "the type of a storage is {value}"),
            Self::Length(value) => write!(f, "the length of a storage is {value}"),
            Self::LengthNotACount => {
                f.write_str("the length of a storage is not a count of elements")
            }
            Self::Key(value) => write!(f, "the key of a storage is {value}"),
            Self::Location(value) => write!(f, "the location of a storage is {value}"),
            Self::UnknownLocation(tag) => write!(
                f,
                "no device is known for the location \"{tag}\" of a storage"
            ),
            Self::NoRecord { name } => write!(f, "there is no record data/{name}"),
            Self::RecordSize {
                name,
                record,
                storage,
            } => write!(
                f,
                "record data/{name} has {record} bytes, its storage has {storage}"
            ),
            Self::View => f.write_str("a view of a storage is not a key, an offset and a length"),
            Self::ViewKey => f.write_str("the key of a view is no key"),
            Self::ViewOfNoStorage => f.write_str("a view of something that is no storage"),
            Self::NegativeView => {
                f.write_str("a view of a storage with a negative offset or length")
            }
        }
    }
}

impl fmt::Display for TensorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyElements { sizes } => write!(
                f,
                "a tensor of size {sizes} has more elements than can be counted"
            ),
            Self::SizesNotIntegers(value) => write!(
                f,
                "the size of a tensor is {value}, not a tuple of integers"
            ),
            Self::StridesNotIntegers(value) => write!(
                f,
                "the stride of a tensor is {value}, not a tuple of integers"
            ),
            Self::OffsetNotInteger(value) => {
                write!(f, "the offset of a tensor is {value}, not an integer")
            }
            Self::NotOfStorage(value) => {
                write!(f, "a tensor is made of {value}, not of a storage")
            }
            Self::Symbolic => {
                f.write_str("a tensor whose sizes or strides are no numbers to torch")
            }
            Self::Dimensions { sizes, strides } => {
                write!(f, "a tensor has {sizes} sizes and {strides} strides")
            }
            Self::NegativeSize { sizes } => write!(f, "a tensor of the negative size {sizes}"),
            Self::NegativeOffset(offset) => {
                write!(f, "a tensor begins at the negative offset {offset}")
            }
            Self::BeyondMemory { sizes, strides } => write!(
                f,
                "a tensor of size {sizes} and stride {strides} reaches further than memory can"
            ),
            Self::OutsideStorage {
                sizes,
                strides,
                offset,
                needed,
                storage,
            } => {
                write!(
                    f,
                    "a tensor of size {sizes}, stride {strides} and offset {offset} needs "
                )?;
                match needed {
                    Some(needed) => write!(f, "{needed}")?,
                    None => f.write_str("more")?,
                }
                write!(f, " bytes, its storage has {storage}")
            }
            Self::TooLarge => f.write_str("a tensor that no memory holds"),
            Self::Dtype(value) => write!(f, "the dtype of a tensor is {value}"),
            Self::Gradient { dtype } => write!(f, "a tensor of {dtype} requires gradients"),
            Self::RequiresGrad(value) => write!(f, "requires_grad is {value}, not a bool"),
            Self::GradientOfV3 => {
                f.write_str("_rebuild_tensor_v3 is asked for a tensor that requires gradients")
            }
            Self::MetadataUnknown => f.write_str("the metadata of a tensor are not known"),
            Self::MetadataNotDict(value) => {
                write!(f, "the metadata of a tensor are {value}, not a dict")
            }
            Self::MetadataName => {
                f.write_str("the metadata of a tensor have a name that is no text")
            }
            Self::MetadataFlag => {
                f.write_str("the metadata of a tensor have a flag that is no bool")
            }
            Self::Conjugated { dtype } => write!(f, "a tensor of {dtype} is conjugated"),
            Self::ParameterOf(value) => write!(f, "a parameter is made of {value}"),
            Self::ConvertedFrom(value) => write!(f, "a tensor is made of {value}"),
            Self::Converted => f.write_str("a sparse or quantized tensor is converted"),
            Self::MovedTo(value) => write!(f, "a tensor is moved to {value}"),
        }
    }
}

impl fmt::Display for QuantizedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meta => "a quantized tensor on the meta device",
            Self::TooLarge => "a quantized tensor that no memory holds",
            Self::Type { dtype } => return write!(f, "a quantized tensor of {dtype}"),
            Self::Parameters => "a quantized tensor whose parameters are none that torch takes",
            Self::ScaleAndZeroPoint => {
                "the scale and zero point of a quantized tensor are no numbers"
            }
            Self::Axis => "the axis of a quantized tensor is no integer",
            Self::ScaleDimensions => "the scales of a quantized tensor have not one dimension",
            Self::Scales => "the scales of a quantized tensor are neither list nor tensor",
            Self::ScalesNotNumbers => "the scales of a quantized tensor are no numbers",
            Self::ZeroPoints => "a quantized tensor has not as many zero points as scales",
            Self::ScaleCount {
                sizes,
                axis,
                scales,
            } => {
                return write!(
                    f,
                    "a tensor of size {sizes} is quantized along axis {axis} with {scales} scales"
                );
            }
        })
    }
}

impl fmt::Display for SparseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arguments => "_rebuild_sparse_tensor takes a layout and its parts",
            Self::NotATuple => "a sparse tensor is made of something that is no tuple",
            Self::Parts => "a sparse tensor has not the parts of its layout",
            Self::Layout(value) => return write!(f, "{value} is no layout of a sparse tensor"),
            Self::PartOf(value) => return write!(f, "a sparse tensor is made of {value}"),
            Self::IsCoalesced(value) => {
                return write!(f, "is_coalesced of a sparse tensor is {value}");
            }
            Self::Size => "the size of a sparse tensor is no tuple of integers",
            Self::IndexDimensions => "the indices of a sparse tensor have not two dimensions",
            Self::NoIndexDimension => "the indices of a sparse tensor have no dimension",
            Self::IndexType => "the indices of a sparse tensor are no integers",
            Self::IndexTypes => {
                "the indices of a sparse tensor are not both of the type int32 or int64"
            }
            Self::NoValueDimension => "the values of a sparse tensor have no dimension",
            Self::ValueDimensions => "the values of a sparse tensor have too few dimensions",
            Self::Dimensions => "a sparse tensor has too few dimensions",
            Self::SizeDiffers => {
                "the size of a sparse tensor is not that of its indices and values"
            }
            Self::ValueCount => "a sparse tensor has not as many values as indices",
            Self::Batches => "the parts of a sparse tensor have other batches than its size",
            Self::Blocks => "the size of a sparse tensor is no multiple of its blocks",
            Self::CompressedCount => "a sparse tensor has not a compressed index for each row",
            Self::TwoDevices => "a sparse tensor whose parts are on two devices",
            Self::IndicesElsewhere => "the indices of a sparse tensor are not in the archive",
            Self::IndicesTooLong { bytes } => {
                return write!(
                    f,
                    "the indices of a sparse tensor are not checked: they are longer than {} MiB",
                    bytes >> 20
                );
            }
            Self::IndicesUnread => "the indices of a sparse tensor cannot be read",
            Self::Index {
                index,
                dimension: Some(dimension),
                size,
            } => {
                return write!(
                    f,
                    "a sparse tensor has the index {index} in dimension {dimension}, which has {size}"
                );
            }
            Self::Index {
                index,
                dimension: None,
                size,
            } => {
                return write!(
                    f,
                    "a sparse tensor has the index {index} in a dimension that has {size}"
                );
            }
            Self::NotCoalesced => {
                "a sparse tensor is called coalesced and its indices are not in order"
            }
            Self::FirstCompressed => "the first compressed index of a sparse tensor is not 0",
            Self::LastCompressed => {
                "the last compressed index of a sparse tensor is not its number of values"
            }
            Self::CompressedOrder => {
                "the compressed indices of a sparse tensor are not in order"
            }
            Self::CompressedOutside => {
                "a compressed index of a sparse tensor is outside its values"
            }
            Self::IndexOrder => "the indices of a sparse tensor are not in order",
        })
    }
}
