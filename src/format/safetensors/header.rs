//! The JSON header, parsed as the reference parser does, with what that one lets pass noted.
//!
//! The reference parser buffers every entry and then takes any form serde would: an entry may be an array of its three
//! fields, a dtype an object of its name and null. These visitors take the same and keep nothing but names, sizes
//! and ranges, so memory stays below the header's own size.

use std::fmt;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

use crate::fact::{EntryForm, SafetensorsAnomaly, Short, Tensor as Listed, Text};

/// Anomalies that are kept; a header full of them is odd enough.
const KEPT: usize = 64;

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The last entry of each name.
    pub(super) tensors: Vec<(String, Tensor)>,
    /// What parsers could take differently.
    pub(super) anomalies: Vec<SafetensorsAnomaly>,
    /// `format` in the metadata: a short word for the framework that wrote it.
    pub(super) framework: Option<String>,
}

/// An entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor {
    /// Bits of one element.
    pub(super) bits: u64,
    /// The product of the shape; `None` if it overflows.
    pub(super) elements: Option<u64>,
    /// First byte and the byte after the last, from the start of the data.
    pub(super) range: (u64, u64),
}

pub(super) fn parse(text: &str) -> Result<Header, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut header = Header::default();
    (&mut json).deserialize_map(Top(&mut header))?;
    json.end()?;
    Ok(header)
}

/// The tensors of a header that has been parsed, for people: an entry that is written in an odd form may be missing.
pub(super) fn list(text: &str) -> Vec<Listed> {
    /// An entry; serde takes an array of its fields as well.
    #[derive(serde::Deserialize)]
    struct Entry {
        dtype: String,
        shape: Vec<u64>,
        data_offsets: (u64, u64),
    }
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Value {
        Tensor(Entry),
        Other(IgnoredAny),
    }
    struct Entries(Vec<Listed>);
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<Listed>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of tensors")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Vec<Listed>, A::Error> {
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                if let Value::Tensor(entry) = value {
                    let (start, end) = entry.data_offsets;
                    self.0.push(Listed {
                        name: Text::from(name),
                        dtype: entry.dtype,
                        shape: entry.shape,
                        bytes: end.saturating_sub(start),
                    });
                }
            }
            Ok(self.0)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Entries(Vec::new()))
        .unwrap_or_default()
}

impl Header {
    fn note(&mut self, anomaly: SafetensorsAnomaly) {
        if self.anomalies.len() < KEPT {
            self.anomalies.push(anomaly);
        }
    }
}

/// Bits of one element of each dtype.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "C64" | "F64" | "I64" | "U64" => 64,
        _ => return None,
    })
}

struct Top<'h>(&'h mut Header);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut tensors: IndexMap<String, Tensor, FxBuildHasher> = IndexMap::default();
        let mut metadata = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                if metadata {
                    return Err(A::Error::duplicate_field("__metadata__"));
                }
                metadata = true;
                map.next_value_seed(Metadata(self.0))?;
                continue;
            }
            let tensor = map.next_value_seed(Entry {
                header: self.0,
                name: &name,
            })?;
            if tensors.contains_key(&name) {
                let name = Short::from(name.as_str());
                self.0.note(SafetensorsAnomaly::DuplicateTensor { name });
            }
            tensors.insert(name, tensor);
        }
        self.0.tensors = tensors.into_iter().collect();
        Ok(())
    }
}

/// `__metadata__`: null, or an object of strings.
struct Metadata<'h>(&'h mut Header);

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Metadata<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen: FxHashSet<String> = FxHashSet::default();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if key == "format" {
                self.0.framework = Some(value);
            }
            if seen.contains(&key) {
                self.0.note(SafetensorsAnomaly::DuplicateKey {
                    key: Short::from(key.as_str()),
                    entry: None,
                });
            }
            seen.insert(key);
        }
        Ok(())
    }
}

/// An entry: an object, or an array of its fields in order.
struct Entry<'h, 'n> {
    header: &'h mut Header,
    name: &'n str,
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = Tensor;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tensor, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = Tensor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor's dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensor, A::Error> {
        let Self { header, name } = self;
        let mut dtype: Option<Dtype> = None;
        let mut shape: Option<Product> = None;
        let mut range: Option<Range> = None;
        let mut others: FxHashSet<String> = FxHashSet::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" if dtype.is_none() => dtype = Some(map.next_value()?),
                "shape" if shape.is_none() => shape = Some(map.next_value()?),
                "data_offsets" if range.is_none() => range = Some(map.next_value()?),
                "dtype" | "shape" | "data_offsets" => {
                    return Err(A::Error::custom(format!("duplicate field `{key}`")));
                }
                _ => {
                    map.next_value::<Skipped>()?;
                    if others.contains(&key) {
                        header.note(SafetensorsAnomaly::DuplicateKey {
                            key: Short::from(key.as_str()),
                            entry: Some(Short::from(name)),
                        });
                    } else {
                        header.note(SafetensorsAnomaly::UnknownKey {
                            key: Short::from(key.as_str()),
                            entry: Short::from(name),
                        });
                        others.insert(key);
                    }
                }
            }
        }
        let dtype = dtype.ok_or_else(|| A::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| A::Error::missing_field("shape"))?;
        let range = range.ok_or_else(|| A::Error::missing_field("data_offsets"))?;
        if dtype.unusual {
            header.note(SafetensorsAnomaly::UnusualEntry {
                entry: Short::from(name),
                form: EntryForm::DtypeObject,
            });
        }
        Ok(tensor(&dtype, &shape, &range))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tensor, A::Error> {
        let missing = |n| A::Error::invalid_length(n, &"a dtype, a shape and data_offsets");
        let dtype: Dtype = seq.next_element()?.ok_or_else(|| missing(0))?;
        let shape: Product = seq.next_element()?.ok_or_else(|| missing(1))?;
        let range: Range = seq.next_element()?.ok_or_else(|| missing(2))?;
        if seq.next_element::<Skipped>()?.is_some() {
            return Err(missing(4));
        }
        self.header.note(SafetensorsAnomaly::UnusualEntry {
            entry: Short::from(self.name),
            form: EntryForm::Array,
        });
        Ok(tensor(&dtype, &shape, &range))
    }
}

fn tensor(dtype: &Dtype, shape: &Product, range: &Range) -> Tensor {
    Tensor {
        bits: dtype.bits,
        elements: shape.0,
        range: range.0,
    }
}

/// A dtype: its name, or an object of its name and null.
struct Dtype {
    bits: u64,
    unusual: bool,
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Dtype;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dtype")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Dtype, E> {
                bits(name)
                    .map(|bits| Dtype {
                        bits,
                        unusual: false,
                    })
                    .ok_or_else(|| E::custom(format!("unknown dtype `{}`", shown(name))))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dtype, A::Error> {
                let Some((name, ())) = map.next_entry::<String, ()>()? else {
                    return Err(A::Error::custom("an empty object as dtype"));
                };
                if map.next_key::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("an object of several keys as dtype"));
                }
                let dtype: Dtype = self.visit_str(&name)?;
                Ok(Dtype {
                    unusual: true,
                    ..dtype
                })
            }
        }
        deserializer.deserialize_any(Name)
    }
}

fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The product of an array of unsigned numbers; `None` once it overflows.
struct Product(Option<u64>);

impl<'de> Deserialize<'de> for Product {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Product;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Product, A::Error> {
                let mut product = Some(1_u64);
                while let Some(size) = seq.next_element::<u64>()? {
                    product = product.and_then(|product| product.checked_mul(size));
                }
                Ok(Product(product))
            }
        }
        deserializer.deserialize_seq(Shape)
    }
}

/// Two offsets.
struct Range((u64, u64));

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(u64, u64)>::deserialize(deserializer).map(Self)
    }
}

/// Any value, checked as strictly as one that is kept: depth, numbers out of range, escapes.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Skipped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_str<E>(self, _: &str) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_unit<E>(self) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Skipped, A::Error> {
                while seq.next_element::<Skipped>()?.is_some() {}
                Ok(Skipped)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Skipped, A::Error> {
                while map.next_entry::<String, Skipped>()?.is_some() {}
                Ok(Skipped)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
