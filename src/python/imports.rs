//! Imports of names from modules, as the text has them.

/// The modules of `from module import names`, each with its list of names as it is written.
pub(super) fn imports_from(text: &str) -> impl Iterator<Item = (&str, &[u8])> {
    /// Bytes of a module's name, and of a list of names, that are looked at.
    const MODULE: usize = 200;
    const LIST: usize = 1500;
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, " import").filter_map(move |at| {
        let near = bytes.get(at.saturating_sub(MODULE)..at)?;
        let line = memchr::memrchr2(b'\n', b'\r', near).map_or(0, |end| end.saturating_add(1));
        let line = std::str::from_utf8(near.get(line..)?).ok()?;
        let module = line.trim().strip_prefix("from")?;
        let module = module
            .strip_prefix([' ', '\t', '.'].as_slice())
            .map(|_| module.trim())?;
        let rest = bytes.get(at.saturating_add(" import".len())..)?;
        let rest = rest.get(..LIST).unwrap_or(rest).trim_ascii_start();
        let end = match rest.strip_prefix(b"(") {
            // A longer list, or none.
            Some(list) => memchr::memchr(b')', list)?,
            None => memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()),
        };
        let names = rest.get(..end)?;
        Some((module, names))
    })
}
