//! Assembles tar archives, with any spelling of their numbers.

/// How a number is spelled in a field of so many bytes.
pub(crate) type Number = fn(u64, usize) -> Vec<u8>;

/// As tar writes it.
pub(crate) fn octal(number: u64, width: usize) -> Vec<u8> {
    format!("{number:0digits$o}\0", digits = width - 1).into_bytes()
}

/// A header and its content.
pub(crate) fn member(name: &str, kind: u8, content: &[u8], number: Number) -> Vec<u8> {
    let mut member = header(name, kind, content.len() as u64, number);
    member.extend(content);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// The header of a member with content of this size.
pub(crate) fn header(name: &str, kind: u8, size: u64, number: Number) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, &number(size, 12));
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum = header.iter().map(|b| u64::from(*b)).sum();
    header[148..156].copy_from_slice(&number(sum, 8));
    header
}

/// An archive of these files.
pub(crate) fn archive(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar: Vec<u8> = members
        .iter()
        .flat_map(|(name, content)| member(name, b'0', content, octal))
        .collect();
    tar.extend([0; 1024]);
    tar
}
