//! Assembles GGUF files.

use super::fixture::Fixture;

/// A file that is written: version and byte order, keys, tensors and what follows.
#[derive(Clone)]
pub(crate) struct Gguf {
    pub(crate) version: u32,
    pub(crate) big_endian: bool,
    pub(crate) keys: Vec<(Vec<u8>, Value)>,
    pub(crate) tensors: Vec<Tensor>,
    /// Counts other than those of the lists.
    pub(crate) counts: Option<(u64, u64)>,
    pub(crate) alignment: usize,
    /// Bytes of data, from the start of the data.
    pub(crate) data: usize,
}

/// A value of a key.
#[derive(Clone)]
pub(crate) enum Value {
    U8(u8),
    U16(u16),
    U32(u32),
    Bool(u8),
    Text(Vec<u8>),
    Texts(Vec<&'static str>),
    Floats(usize),
    /// A type and bytes behind it.
    Raw(u32, Vec<u8>),
}

/// A tensor of the list.
#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: Vec<u8>,
    pub(crate) shape: Vec<u64>,
    pub(crate) of_type: u32,
    pub(crate) offset: u64,
}

/// A tensor of 32-bit floats.
pub(crate) fn floats(name: &str, shape: &[u64], offset: u64) -> Tensor {
    Tensor {
        name: name.into(),
        shape: shape.to_vec(),
        of_type: 0,
        offset,
    }
}

impl Gguf {
    /// What a writer makes of a small model: two tensors and some keys.
    pub(crate) fn model() -> Self {
        Self {
            version: 3,
            big_endian: false,
            keys: vec![
                ("general.architecture".into(), Value::Text("llama".into())),
                ("llama.context_length".into(), Value::U32(512)),
                (
                    "tokenizer.ggml.tokens".into(),
                    Value::Texts(vec!["<s>", "</s>", "a"]),
                ),
                ("tokenizer.ggml.scores".into(), Value::Floats(3)),
                ("tokenizer.ggml.add_bos_token".into(), Value::Bool(1)),
            ],
            tensors: vec![
                floats("a", &[3, 2], 0),
                Tensor {
                    name: "b".into(),
                    shape: vec![32, 2],
                    of_type: 2,
                    offset: 32,
                },
            ],
            counts: None,
            alignment: 32,
            data: 32 + 64,
        }
    }

    /// One key more.
    pub(crate) fn key(mut self, key: &str, value: Value) -> Self {
        self.keys.push((key.into(), value));
        self
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.header();
        if !self.tensors.is_empty() {
            out.resize(out.len().next_multiple_of(self.alignment) + self.data, 0);
        }
        out
    }

    /// The bytes before the data.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        self.number(&mut out, self.version.into(), 4);
        let listed = (self.tensors.len() as u64, self.keys.len() as u64);
        let (tensors, keys) = self.counts.unwrap_or(listed);
        self.size(&mut out, tensors);
        self.size(&mut out, keys);
        for (key, value) in &self.keys {
            self.text(&mut out, key);
            self.value(&mut out, value);
        }
        for tensor in &self.tensors {
            self.text(&mut out, &tensor.name);
            self.number(&mut out, tensor.shape.len() as u64, 4);
            for size in &tensor.shape {
                self.size(&mut out, *size);
            }
            self.number(&mut out, tensor.of_type.into(), 4);
            self.number(&mut out, tensor.offset, 8);
        }
        out
    }

    fn number(&self, out: &mut Vec<u8>, number: u64, bytes: usize) {
        let little = &number.to_le_bytes()[..bytes];
        if self.big_endian {
            out.extend(little.iter().rev());
        } else {
            out.extend(little);
        }
    }

    fn size(&self, out: &mut Vec<u8>, size: u64) {
        self.number(out, size, if self.version == 1 { 4 } else { 8 });
    }

    fn text(&self, out: &mut Vec<u8>, text: &[u8]) {
        self.size(out, text.len() as u64);
        out.extend(text);
    }

    fn value(&self, out: &mut Vec<u8>, value: &Value) {
        let mut put = |of_type: u32, number: u64, bytes: usize| {
            self.number(out, of_type.into(), 4);
            self.number(out, number, bytes);
        };
        match value {
            Value::U8(number) => put(0, (*number).into(), 1),
            Value::U16(number) => put(2, (*number).into(), 2),
            Value::U32(number) => put(4, (*number).into(), 4),
            Value::Bool(byte) => put(7, (*byte).into(), 1),
            Value::Text(text) => {
                self.number(out, 8, 4);
                self.text(out, text);
            }
            Value::Texts(texts) => {
                self.number(out, 9, 4);
                self.number(out, 8, 4);
                self.size(out, texts.len() as u64);
                for text in texts {
                    self.text(out, text.as_bytes());
                }
            }
            Value::Floats(count) => {
                self.number(out, 9, 4);
                self.number(out, 6, 4);
                self.size(out, *count as u64);
                out.resize(out.len() + 4 * count, 0);
            }
            Value::Raw(of_type, bytes) => {
                self.number(out, (*of_type).into(), 4);
                out.extend(bytes);
            }
        }
    }
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let model = Gguf::model();
    let template = Value::Text("{% for m in messages %}{{ m['content'] }}{% endfor %}".into());
    vec![
        ("model.gguf", model.bytes()),
        (
            "chat.gguf",
            model
                .clone()
                .key("tokenizer.chat_template", template)
                .bytes(),
        ),
        (
            "first.gguf",
            Gguf {
                version: 1,
                ..model.clone()
            }
            .bytes(),
        ),
        (
            "big.gguf",
            Gguf {
                big_endian: true,
                ..model.clone()
            }
            .bytes(),
        ),
        (
            "vocabulary.gguf",
            Gguf {
                tensors: Vec::new(),
                ..model
            }
            .bytes(),
        ),
    ]
}
