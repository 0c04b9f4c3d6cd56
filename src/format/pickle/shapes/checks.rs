//! What a pattern cannot say, each compared with the real library by a test.

use super::{
    Check, ContentsCheck, KnownUse, Pattern, Shape, arrow, fit::Values, frames, known, matrices,
    models, neighbours, trees, vectors, zones::is_zone,
};
use crate::{
    bytes::wide,
    fact::Misfit,
    format::pickle::{
        dtype::{Layout, is_code},
        preview::Preview,
        tensors::{self, Indexes},
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// Items of no size that an array may have: they cost no bytes in the file and memory when they are listed.
const EMPTY_ITEMS: u64 = 1 << 24;

/// The words that Philox makes at once, of which it says which is next.
const PHILOX_BUFFER: i64 = 4;

/// Whether a text is a fraction as Python writes it: `-3/4`, or an integer.
fn is_fraction(text: &[u8]) -> bool {
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = text.splitn(2, |byte| *byte == b'/');
    parts.all(digits)
}

/// Compares the arguments of a call, which fit their patterns already. `Err` says what was expected.
pub(super) fn call(check: Check, arguments: &[Value], values: &Values<'_>) -> Result<(), Misfit> {
    let fits = match (check, arguments) {
        (Check::Applier, [function, class, arguments, _]) => {
            return applied(*function, *class, *arguments, values);
        }
        (Check::Frombuffer, [bytes, dtype, sizes, _, order @ ..]) => {
            return frombuffer(*bytes, *dtype, *sizes, order, values);
        }
        (Check::Contents(ContentsCheck::Frame(check)), arguments) => {
            let made = frames::call(check, arguments, values);
            return made.map(|_| ()).map_err(Misfit::Contents);
        }
        (Check::Contents(ContentsCheck::Arrow(check)), arguments) => {
            let made = arrow::call(check, arguments, values);
            return made.map(|_| ()).map_err(Misfit::Contents);
        }
        (Check::Contents(ContentsCheck::TreeNodes), [_, classes, outputs]) => {
            let array = values.array(*classes);
            let outputs = values.preview.integer(*outputs);
            let outputs = outputs.and_then(|outputs| u64::try_from(outputs).ok());
            array.is_some_and(
                |array| matches!(array.sizes.as_slice(), [classes] if Some(*classes) == outputs),
            )
        }
        (Check::Fraction, [numerator, rest @ ..]) => {
            let text = values.preview.string(*numerator);
            !rest.is_empty() || text.is_some_and(|text| is_fraction(text.as_bytes()))
        }
        (Check::ZoneName, [name, ..]) => {
            let name = values.preview.string(*name);
            name.is_some_and(|name| name.as_str().is_some_and(is_zone))
        }
        (Check::Scalar, [dtype, item]) => return scalar(*dtype, *item, values),
        (Check::Strided, [storage, offset, sizes, strides, rest @ ..]) => {
            // A quantized tensor needs more than these functions give it.
            let quantized = |value: &Value| {
                values
                    .canonical(*value)
                    .is_some_and(|name| name.starts_with("torch.q"))
            };
            if Preview::is_quantized(*storage) == Some(true) || rest.iter().any(quantized) {
                return Err(Misfit::QuantizedStorage);
            }
            return tensor(*storage, *offset, *sizes, *strides, values);
        }
        (Check::Quantized, [storage, offset, sizes, strides, parameters, ..]) => {
            quantized(*storage, *sizes, *parameters, values)?;
            return tensor(*storage, *offset, *sizes, *strides, values);
        }
        (Check::Sparse, [layout, parts]) => return sparse(*layout, *parts, values),
        (
            Check::ArrayState
            | Check::Contents(_)
            | Check::JoblibBytes
            | Check::JoblibFile
            | Check::KeepsState
            | Check::Layers
            | Check::Pydantic
            | Check::RandomState,
            _,
        ) => true,
        (Check::Dtype, [what, ..]) => return dtype(*what, values),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Misfit::OtherArguments)
    }
}

/// Compares a state, which fits its pattern already.
pub(super) fn state(
    check: Check,
    target: Value,
    state: Value,
    values: &Values<'_>,
) -> Result<(), Misfit> {
    if check == Check::Layers && !values.planted.has_few_layers(state) {
        return Err(Misfit::Layers);
    }
    if check == Check::Pydantic && !models::is_state(state, values) {
        return Err(Misfit::State);
    }
    if let Check::Contents(check) = check {
        let fits = match check {
            ContentsCheck::SparseRows
            | ContentsCheck::SparseColumns
            | ContentsCheck::SparseBlocks
            | ContentsCheck::SparseCoordinates
            | ContentsCheck::SparseDiagonals
            | ContentsCheck::SparseKeys => matrices::state(check, state, values),
            ContentsCheck::SupportVectors | ContentsCheck::SupportVectorsOfNumbers => {
                vectors::state(check, state, values)
            }
            ContentsCheck::NeighbourTree
            | ContentsCheck::Metric
            | ContentsCheck::Isotonic
            | ContentsCheck::Spline
            | ContentsCheck::Optimizer => neighbours::state(check, target, state, values),
            ContentsCheck::Frame(check) => frames::state(check, target, state, values).map(|_| ()),
            ContentsCheck::Arrow(check) => arrow::state(check, state, values).map(|_| ()),
            _ => trees::state(check, target, state, values),
        };
        return fits.map_err(Misfit::Contents);
    }
    match (check, values.preview.nodes.all(state)) {
        // A masked array has a mask behind, of which NumPy counts the bytes.
        (Check::ArrayState, Some([_, sizes, dtype, _, items, ..])) => {
            if tensors::is_matrix(target) && values.sizes(*sizes).is_none_or(|s| s.len() != 2) {
                return Err(Misfit::MatrixSizes);
            }
            array(*sizes, *dtype, *items, values)
        }
        (Check::RandomState, parts) => {
            let fits = match parts {
                Some([_, words, position, _, _]) if state.kind() == ValueKind::Tuple => {
                    twister(*words, *position, values)
                }
                Some([generator, _]) if state.kind() == ValueKind::Tuple => {
                    generator_state(*generator, values)
                }
                _ => generator_state(state, values),
            };
            if fits {
                Ok(())
            } else {
                Err(Misfit::RandomState)
            }
        }
        _ => Ok(()),
    }
}

/// Whether a dict is the state of one of numpy's generators.
fn generator_state(dict: Value, values: &Values<'_>) -> bool {
    let is_int = |value: Value| matches!(value.kind(), ValueKind::Int | ValueKind::Long);
    let get = |dict, name| values.named.get(dict, name).one();
    let (Some(name), Some(inner)) = (
        get(dict, Attribute::BitGenerator),
        get(dict, Attribute::State),
    ) else {
        return false;
    };
    let name = values.preview.string(name);
    let part = |name| get(inner, name);
    match name.as_ref().and_then(|name| name.as_str()) {
        Some("MT19937") => {
            matches!((part(Attribute::Key), part(Attribute::Position)), (Some(words), Some(position)) if twister(words, position, values))
        }
        Some("PCG64" | "PCG64DXSM") => {
            matches!((part(Attribute::State), part(Attribute::Increment)), (Some(state), Some(inc)) if is_int(state) && is_int(inc))
        }
        Some("SFC64") => part(Attribute::State).is_some_and(|words| has_words(words, 4, values)),
        Some("Philox") => {
            let next = get(dict, Attribute::BufferPosition);
            next.and_then(|next| values.preview.integer(next))
                .is_some_and(|next| (0..=PHILOX_BUFFER).contains(&next))
        }
        _ => false,
    }
}

/// The words of a Mersenne Twister, and which is next.
fn twister(words: Value, position: Value, values: &Values<'_>) -> bool {
    const WORDS: u64 = 624;
    let position = values.preview.integer(position);
    has_words(words, WORDS, values)
        && position
            .and_then(|position| u64::try_from(position).ok())
            .is_some_and(|position| position <= WORDS)
}

/// Whether a value is an array of so many items.
fn has_words(array: Value, count: u64, values: &Values<'_>) -> bool {
    values.makes(array) == Some(super::Makes::Array)
        && values
            .tensors
            .get(array)
            .is_some_and(|array| array.sizes == [count])
}

/// A kind and a size, as numpy writes them: it takes much else for a dtype.
fn dtype(what: Value, values: &Values<'_>) -> Result<(), Misfit> {
    let code = values.preview.string(what);
    let good = code.is_none_or(|code| code.as_str().is_some_and(is_code));
    if good { Ok(()) } else { Err(Misfit::DtypeCode) }
}

/// How an item is laid out that an array may have: an item that is itself an array would be more dimensions of it.
fn item(dtype: Value, values: &Values<'_>) -> Result<Layout, Misfit> {
    let layout = values.dtypes.layout(dtype).filter(|layout| !layout.array);
    layout.ok_or(Misfit::DtypeUnfinished)
}

/// As many strides as sizes.
fn strided(sizes: Value, strides: Value, values: &Values<'_>) -> bool {
    let count = |value: Value| {
        values
            .preview
            .nodes
            .summary(value)
            .map(|summary| summary.len)
    };
    count(sizes) == count(strides)
}

/// A tensor that lies in its storage: torch makes the storage of an old checkpoint as large as its tensors ask for.
fn tensor(
    storage: Value,
    offset: Value,
    sizes: Value,
    strides: Value,
    values: &Values<'_>,
) -> Result<(), Misfit> {
    let (Some(sizes), Some(strides)) = (values.sizes(sizes), values.sizes(strides)) else {
        return Err(Misfit::Dimensions);
    };
    if sizes.len() != strides.len() {
        return Err(Misfit::Strides);
    }
    let offset = values
        .preview
        .integer(offset)
        .and_then(|offset| u64::try_from(offset).ok());
    let needed = tensors::extent(offset.unwrap_or(u64::MAX), &sizes, &strides);
    match Preview::elements(storage) {
        Some(elements) if needed > elements => Err(Misfit::ShortStorage { needed, elements }),
        _ => Ok(()),
    }
}

/// A quantized tensor: as many elements as its sizes say, which are made first; and for each channel a scale and a zero point.
fn quantized(
    storage: Value,
    sizes: Value,
    parameters: Value,
    values: &Values<'_>,
) -> Result<(), Misfit> {
    if Preview::is_quantized(storage) == Some(false) {
        return Err(Misfit::PlainStorage);
    }
    let count = values.product(sizes);
    let elements = Preview::elements(storage);
    if elements.is_some_and(|elements| count.is_none_or(|count| count > elements)) {
        return Err(Misfit::StorageElements);
    }
    let Some([scheme, scales, zero_points, axis]) = values.preview.nodes.all(parameters) else {
        return Ok(());
    };
    // Writers store integers here: zero points of another kind belong to another scheme.
    let integers = match zero_points.kind() {
        ValueKind::List => true,
        _ => values
            .tensors
            .get(*zero_points)
            .is_some_and(|known| known.indexes.is_some()),
    };
    let of_integers = values.canonical(*scheme) != Some("torch.per_channel_affine_float_qparams");
    if Preview::is_quantized_int32(storage) && !(integers && of_integers) {
        return Err(Misfit::ZeroPoints);
    }
    let axis = values
        .preview
        .integer(*axis)
        .and_then(|axis| usize::try_from(axis).ok());
    let channels = axis.and_then(|axis| values.sizes(sizes)?.get(axis).copied());
    let of_each = |value: Value| match value.kind() {
        ValueKind::List => values
            .preview
            .nodes
            .summary(value)
            .map(|summary| summary.len),
        _ => values
            .tensors
            .get(value)
            .and_then(|known| match known.sizes.as_slice() {
                [count] => Some(*count),
                _ => None,
            }),
    };
    if channels.is_some() && of_each(*scales) == channels && of_each(*zero_points) == channels {
        Ok(())
    } else {
        Err(Misfit::Channels)
    }
}

/// The parts of a sparse tensor: torch believes that indices and values belong together.
fn sparse(layout: Value, parts: Value, values: &Values<'_>) -> Result<(), Misfit> {
    let name = tensors::layout(layout);
    let fits = match (name, values.preview.nodes.all(parts)) {
        ("torch.sparse_coo", Some([indices, items, size, ..])) => {
            coordinates(*indices, *items, *size, values)
        }
        (
            "torch.sparse_csr" | "torch.sparse_csc" | "torch.sparse_bsr" | "torch.sparse_bsc",
            Some(parts),
        ) => compressed(name, parts, values),
        _ => None,
    };
    match fits {
        Some(true) => Ok(()),
        _ => Err(Misfit::SparseParts),
    }
}

/// Whether coordinates have a row for each sparse dimension and a column for each value.
fn coordinates(indices: Value, items: Value, size: Value, values: &Values<'_>) -> Option<bool> {
    let (indices, items) = (values.tensors.get(indices)?, values.tensors.get(items)?);
    let size = values.sizes(size)?;
    if !matches!(indices.indexes, Some(Indexes::Long | Indexes::Untold)) {
        return Some(false);
    }
    let [rows, columns] = indices.sizes.as_slice() else {
        return Some(false);
    };
    let (count, dense) = items.sizes.split_first()?;
    let sparse = size.len().checked_sub(dense.len())?;
    Some(wide(sparse) == *rows && count == columns && size.get(sparse..)? == dense)
}

/// Whether compressed indices, plain ones and values are of sizes that belong together, as
/// `torch._validate_sparse_compressed_tensor_args` wants them.
fn compressed(layout: &str, parts: &[Value], values: &Values<'_>) -> Option<bool> {
    let [compressed, plain, items, size] = parts else {
        return Some(false);
    };
    let size = values.sizes(*size)?;
    let [compressed, plain, items] =
        [compressed, plain, items].map(|part| values.tensors.get(*part));
    let (compressed, plain, items) = (compressed?, plain?, items?);
    if compressed.indexes.is_none() || compressed.indexes != plain.indexes {
        return Some(false);
    }
    let (bounds, batch) = compressed.sizes.split_last()?;
    let (count, plain_batch) = plain.sizes.split_last()?;
    let [first, second, dense @ ..] = size.get(batch.len()..)? else {
        return Some(false);
    };
    let inner = items
        .sizes
        .strip_prefix(batch)?
        .strip_prefix(std::slice::from_ref(count))?;
    let blocked = layout.ends_with("bsr") || layout.ends_with("bsc");
    let (block, inner) = match inner {
        [height, width, inner @ ..] if blocked => ([*height, *width], inner),
        inner => ([1, 1], inner),
    };
    let rows = layout.ends_with('r');
    let [height, width] = block;
    let (along, block) = if rows {
        (first, height)
    } else {
        (second, width)
    };
    Some(
        batch == plain_batch
            && size.get(..batch.len())? == batch
            && inner == dense
            && block > 0
            && along.checked_rem(block) == Some(0)
            && along.checked_div(block)?.checked_add(1) == Some(*bounds)
            && compressed.contiguous
            && plain.contiguous,
    )
}

/// The items that an array of such sizes has. Where there are none, numpy wants the other sizes to be those of an array
/// that could be.
fn addressable(sizes: Value, layout: &Layout, values: &Values<'_>) -> Result<u64, Misfit> {
    let count = values.product(sizes).ok_or(Misfit::NotSizes)?;
    if count > 0 {
        return Ok(count);
    }
    let sizes = values.sizes(sizes).ok_or(Misfit::NotSizes)?;
    let bytes = sizes
        .iter()
        .filter(|size| **size > 0)
        .fold(layout.size.max(1), |bytes, size| {
            bytes.saturating_mul(*size)
        });
    if i64::try_from(bytes).is_ok() {
        Ok(0)
    } else {
        Err(Misfit::NotSizes)
    }
}

/// The items of an array: a list of as many where numpy pickles a list, otherwise as many bytes as they take.
fn array(sizes: Value, dtype: Value, items: Value, values: &Values<'_>) -> Result<(), Misfit> {
    let layout = item(dtype, values)?;
    let count = addressable(sizes, &layout, values)?;
    if layout.listed {
        let len = (items.kind() == ValueKind::List)
            .then(|| values.preview.nodes.summary(items))
            .flatten();
        return match len {
            Some(summary) if summary.len == count => Ok(()),
            _ => Err(Misfit::ListItems { items: count }),
        };
    }
    if items.kind() == ValueKind::List {
        return Err(Misfit::ListForBytes);
    }
    if layout.size == 0 && count > EMPTY_ITEMS {
        return Err(Misfit::EmptyItems { most: EMPTY_ITEMS });
    }
    let expected = count.saturating_mul(layout.size);
    match values.preview.length(items) {
        Some(length) if length != expected => Err(Misfit::ArrayBytes { bytes: expected }),
        // Bytes that are made of a text are counted by numpy itself; there are no more of them than of the file.
        None if expected > values.preview.window.len() => {
            Err(Misfit::ArrayBytes { bytes: expected })
        }
        _ => Ok(()),
    }
}

fn frombuffer(
    bytes: Value,
    dtype: Value,
    sizes: Value,
    order: &[Value],
    values: &Values<'_>,
) -> Result<(), Misfit> {
    let layout = item(dtype, values)?;
    if layout.listed {
        return Err(Misfit::ObjectDtype);
    }
    if let [order] = order
        && !strided(sizes, *order, values)
    {
        return Err(Misfit::Axes);
    }
    let count = addressable(sizes, &layout, values)?;
    let expected = count.saturating_mul(layout.size);
    match values.preview.length(bytes) {
        Some(length) if length != expected => Err(Misfit::ArrayBytes { bytes: expected }),
        _ => Ok(()),
    }
}

/// A scalar: the bytes of one item; an array of one where the item holds objects.
fn scalar(dtype: Value, item: Value, values: &Values<'_>) -> Result<(), Misfit> {
    let layout = self::item(dtype, values)?;
    let is_array = matches!(item.kind(), ValueKind::Result);
    let bytes = values.fits(&Pattern::Bytes, item)
        || matches!(item.kind(), ValueKind::Str | ValueKind::StrAt);
    if layout.texts || layout.objects && (bytes || !layout.record) {
        return Err(Misfit::ScalarOfObjects);
    }
    if !layout.listed && !bytes && is_array {
        return Err(Misfit::ArrayForBytes);
    }
    if is_array && !bytes {
        // numpy takes the first item without asking whether there is one.
        let array = values
            .tensors
            .get(item)
            .filter(|array| array.sizes.is_empty());
        let of = array.and_then(|array| values.dtypes.layout(array.dtype?));
        return match of {
            Some(of) if of == layout => Ok(()),
            _ => Err(Misfit::ScalarArray),
        };
    }
    match values.preview.length(item) {
        Some(length) if length != layout.size => Err(Misfit::ItemBytes { bytes: layout.size }),
        _ => Ok(()),
    }
}

/// A function of torch that makes a tensor, a class of tensors, and arguments as that function itself may get.
fn applied(
    function: Value,
    class: Value,
    arguments: Value,
    values: &Values<'_>,
) -> Result<(), Misfit> {
    let shape = values
        .shape(function)
        .filter(|shape| shape.makes == super::Makes::Tensor);
    let Some(shape) = shape.filter(|shape| shape.check != Some(Check::Applier)) else {
        return Err(Misfit::NotATensorFunction);
    };
    let of_torch = matches!(
        values.canonical(class),
        Some("torch.Tensor" | "torch.nn.parameter.Parameter")
    );
    if !of_torch && !values.fits(&Pattern::OtherClass, class) {
        return Err(Misfit::NotATensorClass);
    }
    shape.call(arguments, values).map_err(|misfit| {
        match (misfit, values.preview.log.name(function.index())) {
            (Misfit::Arguments, Some(name)) => Misfit::ArgumentsOf(name.clone()),
            (misfit, _) => misfit,
        }
    })
}

impl Values<'_> {
    /// The shape of a global of a pack.
    fn shape(&self, value: Value) -> Option<&'static Shape> {
        let global =
            (value.kind() == ValueKind::Global).then(|| self.preview.log.name(value.index()));
        let name = global.flatten()?;
        match known(name.module.as_bytes(), name.name.as_bytes()) {
            KnownUse::Shape(shape) => Some(shape),
            KnownUse::Plain => None,
        }
    }
}
