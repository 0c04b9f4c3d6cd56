//! `OpenVINO`: the intermediate representation, a graph as XML beside a file with its constants.
//!
//! Follows the representation of versions 10 and 11 (`OpenVINO` 2020 to 2026). A constant is a range of the file beside it (`.bin`), which is data.

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    lines::Lines,
    operators::Names,
    xml::{Element, Prolog, Tag, Tags, line_of, malformed, narrowed},
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{
        Fact, FileReference, FileRole, GraphTensorFault, Malformed, Native, PathBase, Runtime,
        Short, Tensor, Text, Unsupported,
    },
    limits,
};

/// XML whose first element is `net` and has layers.
pub static FORMAT: Format = Format {
    id: "openvino",
    title: "OpenVINO model",
    doc: DOC,
    suffixes: &[Suffix::plain("xml")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A graph as XML (`model.xml`), with its constants in a file of the same name beside it (`model.bin`), as OpenVINO's converters write it.

## What loading it does

The runtime makes the operators that the layers name, and compiles them for a device. An operator that is in none of its sets is looked up among the
extensions that the application has added: native code.

## How it is recognised

By its first element, `net` in upper or lower case, and its version or `layers` first in it, under any name, also in UTF-16 and UTF-32, which are refused.

## What is checked

Versions 10 and 11. Every layer is an operator of a set, also in the bodies of loops and branches: `custom-operator` reports those that no set of
OpenVINO has. A constant has as many bytes as its type and shape need. A document type is malformed, and the files that its entities
name are reported with their paths. The `.bin` is raw data: it is there, and as long as the constants need (`incomplete-model`).

## What to prefer

ONNX, which OpenVINO reads itself; the weights as safetensors.
";

/// How the first element begins.
const ROOT: &[u8] = b"<net";
/// How much of a text is looked at for its second element.
const FRONT: usize = 64 << 10;

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    if let Some(text) = narrowed(front) {
        return Certainty::sure_if(is_model(&text));
    }
    let start = front
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(front)
        .trim_ascii_start();
    let is_root = |text: &[u8]| {
        text.get(..4)
            .is_some_and(|text| text.eq_ignore_ascii_case(ROOT))
    };
    let is_xml = start.starts_with(b"<?xml") || start.starts_with(b"<!") || is_root(start);
    let has_root =
        || memchr::memchr_iter(b'<', front).any(|at| front.get(at..).is_some_and(is_root));
    if !is_xml || front.len() < 4096 && !has_root() {
        return Certainty::No;
    }
    let look = |most| head.window.bytes_at(0, most).unwrap_or_default();
    let mut text = look(FRONT);
    if text.len() == FRONT && Prolog::of(&text).is_none() {
        // A comment of any length.
        text = look(narrow(limits::XML_BYTES));
    }
    Certainty::sure_if(is_model(&text))
}

/// Whether a text begins with `net`, in whatever case, and that with `layers` or with a version that is read.
fn is_model(text: &[u8]) -> bool {
    let is_root = |name: &[u8]| name.eq_ignore_ascii_case(b"net");
    let Some(prolog) = Prolog::of(text).filter(|of| of.root_name(text).is_some_and(is_root)) else {
        return false;
    };
    let mut tags = Tags::new(text, &prolog);
    let Some(Ok(Tag::Open(net))) = tags.next() else {
        return false;
    };
    let version = net.attribute(text, "version");
    let is = |tag: &Element| text.get(tag.name.clone()) == Some(b"layers");
    version.is_some_and(|(version, _)| matches!(&*version, b"10" | b"11"))
        || matches!(tags.next(), Some(Ok(Tag::Open(tag))) if is(&tag))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::XML_BYTES);
    let text = window.bytes_at(0, most.saturating_add(1))?;
    if text.len() > most {
        return Err(ReadError::Limit(limits::Id::XML_BYTES));
    }
    if narrowed(&text).is_some() {
        return Err(malformed("an encoding that is not read", 1));
    }
    let prolog = Prolog::of(&text).filter(|prolog| prolog.is_root(&text, "net"));
    let Some(prolog) = prolog else {
        return Err(malformed("the first element is not `net`", 1));
    };
    let tags = Tags::new(&text, &prolog);
    prolog.check(&text, "OpenVINO", reading)?;
    let mut walk = Walk {
        text: &text,
        lines: Lines::default(),
        names: Names::default(),
        open: Vec::new(),
        tensors: Vec::new(),
        end: 0,
    };
    let result = walk.run(tags, reading);
    walk.names.record(reading);
    // The runtime puts the other suffix in the place of this one.
    if walk.end > 0 && reading.name.as_bytes().ends_with(b".xml") {
        let reference = FileReference {
            base: PathBase::Stem,
            end: walk.end,
            ..FileReference::new(FileRole::Weights, Text::from(".bin"))
        };
        reading.record(Fact::FileReference(Box::new(reference)));
    }
    reading.recorder.list_tensors(|| walk.tensors);
    result
}

/// An element that has begun.
#[derive(Debug)]
enum Open {
    /// A layer: its name, and whether it is a constant.
    Layer {
        name: Text,
        is_constant: bool,
    },
    Other,
}

/// A walk through the layers of a graph.
struct Walk<'t> {
    text: &'t [u8],
    lines: Lines,
    names: Names,
    open: Vec<Open>,
    tensors: Vec<Tensor>,
    /// Where the last constant ends in the file beside it.
    end: u64,
}

impl Walk<'_> {
    fn run(&mut self, tags: Tags<'_>, reading: &Reading<'_>) -> Result<(), ReadError> {
        for tag in tags {
            let Tag::Open(element) = tag? else {
                self.open.pop();
                continue;
            };
            let opened = match self.text.get(element.name.clone()) {
                Some(b"layer") => self.layer(&element, reading)?,
                Some(b"data") => {
                    self.constant(&element)?;
                    Open::Other
                }
                Some(b"net") if self.open.is_empty() => {
                    self.version(&element)?;
                    Open::Other
                }
                _ => Open::Other,
            };
            self.open.push(opened);
        }
        Ok(())
    }

    fn attribute(&self, element: &Element, name: &str) -> Text {
        let found = element.attribute(self.text, name);
        found.map_or_else(Text::default, |(value, _)| Text::from(value.into_owned()))
    }

    fn version(&self, element: &Element) -> Result<(), ReadError> {
        let version = self.attribute(element, "version");
        if matches!(version.as_bytes(), b"10" | b"11") {
            return Ok(());
        }
        let version = Short::new(version.as_bytes());
        Err(ReadError::unsupported(Unsupported::OpenVinoVersion(
            version,
        )))
    }

    /// An operator of a set.
    fn layer(&mut self, element: &Element, reading: &Reading<'_>) -> Result<Open, ReadError> {
        let name = self.attribute(element, "name");
        let Some((operator, range)) = element.attribute(self.text, "type") else {
            let line = line_of(self.text, element.name.start);
            return Err(malformed("a layer without a type", line));
        };
        let set = self.attribute(element, "version");
        let whole = [set.as_bytes(), b"::", &operator].concat();
        let is_constant = matches!(&*operator, b"Const" | b"Constant");
        let native = Native::GraphOperator {
            runtime: Runtime::OpenVino,
            name: Text::from(whole),
        };
        let (lines, text) = (&mut self.lines, self.text);
        self.names.add(native, || {
            let site = reading.recorder.site(lines.place(text, &range));
            (site, Some(lines.excerpt(text, &range)))
        });
        Ok(Open::Layer { name, is_constant })
    }

    /// What a constant says of its bytes.
    fn constant(&mut self, element: &Element) -> Result<(), ReadError> {
        let Some(Open::Layer {
            name,
            is_constant: true,
        }) = self.open.last()
        else {
            return Ok(());
        };
        let fault = |fault| {
            let name = Short::new(name.as_bytes());
            Err(ReadError::malformed(Malformed::GraphTensor { name, fault }))
        };
        let has = |key: &str| element.attribute(self.text, key).is_some();
        let number = |key: &str| -> Option<u64> {
            let value = self.attribute(element, key);
            value.as_str()?.trim().parse().ok()
        };
        if !has("offset") || !has("size") {
            return Ok(());
        }
        let (Some(offset), Some(size)) = (number("offset"), number("size")) else {
            return fault(GraphTensorFault::Extent);
        };
        if i64::try_from(offset.saturating_add(size)).is_err() {
            return fault(GraphTensorFault::Extent);
        }
        let dtype = self.attribute(element, "element_type");
        let shape = self.attribute(element, "shape");
        let Some(shape) = dimensions(&shape) else {
            return fault(GraphTensorFault::Shape);
        };
        if let Some(bits) = bits(dtype.as_bytes()) {
            let elements = shape.iter().try_fold(1_u64, |all, of| all.checked_mul(*of));
            let Some(needed) = elements.and_then(|elements| elements.checked_mul(bits)) else {
                return fault(GraphTensorFault::Shape);
            };
            let needed = needed.div_ceil(8);
            if needed != size {
                return fault(GraphTensorFault::Size { needed, has: size });
            }
        }
        if size > 0 {
            self.end = self.end.max(offset.saturating_add(size));
        }
        if self.tensors.len() < limits::TENSORS_LISTED {
            self.tensors.push(Tensor {
                name: name.clone(),
                dtype: dtype.to_string(),
                shape,
                bytes: size,
            });
        }
        Ok(())
    }
}

/// The dimensions of a shape: `1, 3`; none of a scalar.
fn dimensions(shape: &Text) -> Option<Vec<u64>> {
    let shape = shape.as_str()?.trim();
    if shape.is_empty() {
        return Some(Vec::new());
    }
    if wide(shape.len()) > limits::PROTOBUF_TEXT {
        return None;
    }
    shape.split(',').map(|of| of.trim().parse().ok()).collect()
}

/// Bits of an element of a type, if they are always as many.
fn bits(dtype: &[u8]) -> Option<u64> {
    Some(match dtype {
        b"f64" | b"i64" | b"u64" => 64,
        b"f32" | b"i32" | b"u32" => 32,
        b"f16" | b"bf16" | b"i16" | b"u16" => 16,
        b"i8" | b"u8" | b"boolean" | b"f8e4m3" | b"f8e5m2" | b"f8e8m0" => 8,
        b"i4" | b"u4" | b"nf4" | b"f4e2m1" => 4,
        b"u2" | b"i2" => 2,
        b"u1" => 1,
        _ => return None,
    })
}
