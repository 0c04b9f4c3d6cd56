//! Parts of pickles, for tests that put many of them together.

use crate::support::pickle::Pickle;

/// What is pushed, as one letter a kind: short to read where a table holds many.
pub(super) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub(super) fn text(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"X", &len[..], text.as_bytes()].concat()
}

pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [
        b"B",
        &u32::try_from(bytes.len()).unwrap().to_le_bytes()[..],
        bytes,
    ]
    .concat()
}

pub(super) fn int(n: i32) -> Vec<u8> {
    [b"J", &n.to_le_bytes()[..]].concat()
}

pub(super) fn tuple(parts: &[&[u8]]) -> Vec<u8> {
    [b"(", &parts.concat()[..], b"t"].concat()
}

/// A dict of one pair.
pub(super) fn pair(key: &str, value: &[u8]) -> Vec<u8> {
    [b"}", &text(key)[..], value, b"s"].concat()
}

pub(super) fn call(callee: &[u8], arguments: &[&[u8]]) -> Vec<u8> {
    [callee, &tuple(arguments)[..], b"R"].concat()
}

pub(super) fn with(made: &[u8], state: &[u8]) -> Vec<u8> {
    [made, state, b"b"].concat()
}

pub(super) fn pickle(body: &[u8]) -> Vec<u8> {
    Pickle::proto(4).raw(body).stop()
}

pub(super) fn ordered() -> Vec<u8> {
    [&global("collections", "OrderedDict")[..], b")R"].concat()
}

pub(super) fn dtype(code: &str, order: &str, flags: i32) -> Vec<u8> {
    let made = call(&global("numpy", "dtype"), &[&text(code), b"\x89", b"\x88"]);
    let state = tuple(&[
        &int(3),
        &text(order),
        b"N",
        b"N",
        b"N",
        &int(-1),
        &int(-1),
        &int(flags),
    ]);
    with(&made, &state)
}
