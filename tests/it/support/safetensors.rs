//! Assembles safetensors files.

use super::fixture::Fixture;

/// A file of this header and so many bytes of data.
pub(crate) fn file(header: &str, data: usize) -> Vec<u8> {
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.resize(out.len() + data, 0);
    out
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        (
            "two.safetensors",
            file(
                r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}  "#,
                22,
            ),
        ),
        ("empty.safetensors", file("{}", 0)),
    ]
}
