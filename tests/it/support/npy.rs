//! Assembles npy files.

use super::fixture::Fixture;

/// An array with a header as numpy writes it, version 1.
pub(crate) fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    with_header(1, &header, data)
}

/// An array with any header, padded as numpy pads.
pub(crate) fn with_header(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let lead = if version == 1 { 10 } else { 12 };
    let mut header = header.as_bytes().to_vec();
    while !(lead + header.len() + 1).is_multiple_of(64) {
        header.push(b' ');
    }
    header.push(b'\n');
    let mut out = b"\x93NUMPY".to_vec();
    out.extend([version, 0]);
    if version == 1 {
        out.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    } else {
        out.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    }
    out.extend(header);
    out.extend(data);
    out
}

/// What the property harness reads.
pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("numbers.npy", array("'<f8'", "(2, 3)", &[0; 48])),
        (
            "fields.npy",
            array("[('a', '<f4', (2,)), ('b', '|S3')]", "(2,)", &[0; 22]),
        ),
        ("objects.npy", array("'|O'", "(1,)", b"\x80\x02]N.")),
        ("trailing.npy", array("'|u1'", "(2,)", b"12\x80\x02N.")),
    ]
}
