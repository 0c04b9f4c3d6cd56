//! Assembles protobuf messages field by field.

/// A number of variable length.
pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A field with a number.
pub(crate) fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A field with bytes: a text or a message.
pub(crate) fn bytes(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let length = u64::try_from(value.len()).unwrap();
    [&varint(field << 3 | 2), &varint(length), value].concat()
}

/// A field with bytes whose length is said to be another one.
pub(crate) fn bytes_of(field: u64, length: u64, value: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2), &varint(length), value].concat()
}
