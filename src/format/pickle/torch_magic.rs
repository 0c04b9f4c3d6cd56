//! torch's magic number: the pickle that begins the layout of before torch 1.6, which is no pickle file to anybody else.

/// torch's magic number, little-endian.
pub(in crate::format) const TORCH_MAGIC: [u8; 10] =
    [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The same in decimal, as protocols 0 and 1 write it.
const TORCH_MAGIC_TEXT: &[u8] = b"119547037146038801333356";

/// Whether the bytes begin with a pickle of the magic number.
pub(in crate::format) fn begins_with_torch_magic(front: &[u8]) -> bool {
    let front = match front {
        [0x80, _, rest @ ..] => rest,
        all => all,
    };
    let front = match front {
        [0x95, _, _, _, _, _, _, _, _, rest @ ..] => rest,
        all => all,
    };
    let after = match front {
        [0x8a, 10, rest @ ..] | [0x8b, 10, 0, 0, 0, rest @ ..] => rest.strip_prefix(&TORCH_MAGIC),
        [b'L' | b'I', rest @ ..] => rest
            .strip_prefix(TORCH_MAGIC_TEXT)
            .map(|rest| rest.strip_prefix(b"L").unwrap_or(rest))
            .and_then(|rest| rest.strip_prefix(b"\n")),
        _ => None,
    };
    after.is_some_and(|rest| rest.starts_with(b"."))
}
