//! An assembler for files of joblib.

use super::{
    fixture::Fixture,
    pickle::{Pickle, payload},
};

/// The dtype of bytes, and of objects.
pub(crate) const BYTES: &[u8] = b"cnumpy\ndtype\nX\x02\x00\x00\x00u1K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
pub(crate) const OBJECTS: &[u8] = b"cnumpy\ndtype\nX\x02\x00\x00\x00O8K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb";

/// What joblib writes in place of an array, with its state: the attributes and what makes their values.
pub(crate) fn wrapper(attributes: &[(&str, &[u8])]) -> Pickle {
    let mut pickle = Pickle::proto(2)
        .global("joblib.numpy_pickle", "NumpyArrayWrapper")
        .raw(b")\x81}(");
    for (key, value) in attributes {
        pickle = pickle.unicode(key).raw(value);
    }
    pickle.raw(b"ub")
}

/// The attributes that every release writes.
pub(crate) fn plain<'a>(shape: &'a [u8], dtype: &'a [u8]) -> Vec<(&'static str, &'a [u8])> {
    vec![
        ("subclass", b"cnumpy\nndarray\n"),
        ("shape", shape),
        ("order", b"X\x01\x00\x00\x00C"),
        ("dtype", dtype),
        ("allow_mmap", b"\x88"),
    ]
}

/// The same with the padding of joblib 1.2 and later.
pub(crate) fn padded<'a>(shape: &'a [u8], dtype: &'a [u8]) -> Vec<(&'static str, &'a [u8])> {
    let mut attributes = plain(shape, dtype);
    attributes.push(("numpy_array_alignment_bytes", b"K\x10"));
    attributes
}

/// An array that has a file of this name.
pub(crate) fn beside(name: &str) -> Vec<u8> {
    Pickle::proto(2)
        .global("joblib.numpy_pickle", "NDArrayWrapper")
        .raw(b")\x81}(")
        .unicode("filename")
        .unicode(name)
        .unicode("subclass")
        .global("numpy", "ndarray")
        .raw(b"ub")
        .stop()
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let size = b"K\x04\x85".as_slice();
    vec![
        (
            "bytes.joblib",
            wrapper(&padded(size, BYTES))
                .raw(b"\x03\xff\xff\xff\xfe\xfe\xfe\xfe")
                .raw(b"cposix\nsystem\nX\x04\x00\x00\x00true\x85R")
                .stop(),
        ),
        (
            "opcodes.joblib",
            wrapper(&plain(b"K(\x85", BYTES))
                .raw([payload(), vec![0; 40 - payload().len()]].concat())
                .stop(),
        ),
        (
            "objects.joblib",
            wrapper(&plain(size, OBJECTS)).raw(payload()).stop(),
        ),
        ("beside.joblib", beside("model.pkl_01.npy")),
    ]
}
