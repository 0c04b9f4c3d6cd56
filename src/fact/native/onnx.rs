//! Operators of ONNX: of the standard, of ONNX Runtime, and of its extensions.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::Reach;

/// What ONNX defines and ONNX Runtime brings, one name a line. `policies/generate/onnx_operators.py` writes it.
static KNOWN: LazyLock<FxHashSet<&'static [u8]>> = LazyLock::new(|| {
    include_str!("../../../policies/operators/onnx.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::as_bytes)
        .collect()
});

/// Domains whose operators ONNX and ONNX Runtime bring.
const OWN_DOMAINS: &[&str] = &[
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.ms.internal.nhwc",
];

/// Operators that reach further than their tensors.
const FAR: &[(&str, &str, Reach)] = &[
    ("ai.onnx.contrib", "ImageReader", Reach::ReadsFile),
    ("com.microsoft", "PythonOp", Reach::Python),
    ("com.microsoft", "PythonOpGrad", Reach::Python),
    ("com.microsoft", "Recv", Reach::Exchange),
    ("com.microsoft", "Send", Reach::Exchange),
    ("com.microsoft", "TritonOp", Reach::Python),
];

/// Domains that reach further as a whole.
const FAR_DOMAINS: &[(&str, Reach)] = &[("com.microsoft.extensions", Reach::Exchange)];

/// The domain of the extensions of ONNX Runtime. Functions of Python are registered in it, under any name.
const EXTENSIONS: &[u8] = b"ai.onnx.contrib";

/// Operators of the extensions that are native code, in their releases up to 0.15.
const NATIVE_EXTENSIONS: &[&str] = &[
    "AudioDecoder",
    "BasicTokenizer",
    "BertTokenizer",
    "BertTokenizerDecoder",
    "BlingFireSentenceBreaker",
    "BpeDecoder",
    "CLIPTokenizer",
    "DecodeImage",
    "DrawBoundingBoxes",
    "EncodeImage",
    "GPT2Tokenizer",
    "GaussianBlur",
    "HfBertTokenizer",
    "HfJsonTokenizer",
    "ImageDecoder",
    "Inverse",
    "MaskedFill",
    "MergeSignalSegments",
    "NegPos",
    "RaggedTensorToDense",
    "RaggedTensorToSparse",
    "RobertaTokenizer",
    "SegmentExtraction",
    "SegmentSum",
    "SentencepieceDecoder",
    "SentencepieceTokenizer",
    "SplitSignalSegments",
    "SpmTokenizer",
    "StftNorm",
    "StringConcat",
    "StringECMARegexReplace",
    "StringECMARegexSplitWithOffsets",
    "StringEqual",
    "StringHash",
    "StringHashFast",
    "StringJoin",
    "StringLength",
    "StringLower",
    "StringMapping",
    "StringRaggedTensorToDense",
    "StringRegexReplace",
    "StringRegexSplitWithOffsets",
    "StringSplit",
    "StringStrip",
    "StringToHashBucket",
    "StringToHashBucketFast",
    "StringToVector",
    "StringUpper",
    "TrieDetokenizer",
    "TrieTokenizer",
    "VectorToString",
    "WordpieceTokenizer",
];

/// Domain and name of an operator.
pub(super) fn parts(whole: &[u8]) -> (&[u8], &[u8]) {
    memchr::memmem::rfind(whole, b"::")
        .and_then(|at| Some((whole.get(..at)?, whole.get(at.saturating_add(2)..)?)))
        .unwrap_or((b"", whole))
}

/// Whether a domain belongs to ONNX or to its runtime.
pub(super) fn is_own(domain: &[u8]) -> bool {
    OWN_DOMAINS.iter().any(|own| own.as_bytes() == domain)
}

/// Whether ONNX or its runtime brings an operator.
pub(super) fn is_known(whole: &[u8]) -> bool {
    KNOWN.contains(whole)
}

/// What running an operator reaches, if that is more than tensors.
pub(super) fn reach(whole: &[u8]) -> Option<Reach> {
    let (domain, name) = parts(whole);
    let is = |text: &str, bytes: &[u8]| text.as_bytes() == bytes;
    let far = FAR.iter().find(|far| is(far.0, domain) && is(far.1, name));
    let far_domain = FAR_DOMAINS.iter().find(|far| is(far.0, domain));
    let any_python = || {
        (domain == EXTENSIONS && !NATIVE_EXTENSIONS.iter().any(|native| is(native, name)))
            .then_some(Reach::Python)
    };
    far.map(|far| far.2)
        .or(far_domain.map(|far| far.1))
        .or_else(any_python)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, is_own, parts};

    #[test]
    fn every_known_operator_is_in_a_domain_of_the_runtime() {
        assert!(KNOWN.len() > 300);
        assert!(KNOWN.iter().all(|whole| is_own(parts(whole).0)));
    }
}
