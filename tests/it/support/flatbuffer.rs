//! Assembles flatbuffers: each table behind the one that names it.

/// A field of a table.
pub(crate) enum Field {
    U8(u8),
    U32(u32),
    U64(u64),
    /// A structure of sixteen bytes, in the table itself.
    Inline([u8; 16]),
    /// A list of such structures.
    Structs(Vec<[u8; 16]>),
    Text(&'static str),
    Bytes(Vec<u8>),
    Texts(Vec<&'static str>),
    /// Numbers of four bytes.
    Numbers(Vec<u32>),
    /// So many numbers of eight bytes.
    Wide(usize),
    Table(Table),
    Tables(Vec<Table>),
}

/// A table: its fields by their numbers.
pub(crate) struct Table(pub(crate) Vec<(u16, Field)>);

/// A file with this identifier about a table.
pub(crate) fn file(identifier: [u8; 4], root: Table) -> Vec<u8> {
    let mut file = vec![0; 8];
    file[4..8].copy_from_slice(&identifier);
    put_table(&mut file, 0, root);
    file
}

/// Lets the offset at a place lead to the end, where the next thing is written.
fn lead(file: &mut Vec<u8>, from: usize) {
    file.resize(file.len().next_multiple_of(8), 0);
    let offset = u32::try_from(file.len() - from).unwrap();
    file[from..from + 4].copy_from_slice(&offset.to_le_bytes());
}

fn put_table(file: &mut Vec<u8>, from: usize, table: Table) {
    file.resize(file.len().next_multiple_of(8), 0);
    let slots = table
        .0
        .iter()
        .map(|(number, _)| number + 1)
        .max()
        .unwrap_or(0);
    let fields = file.len();
    file.extend((4 + 2 * slots).to_le_bytes());
    let room = |field: &Field| {
        if matches!(field, Field::Inline(_)) {
            16
        } else {
            8
        }
    };
    let size: usize = table.0.iter().map(|(_, field)| room(field)).sum();
    file.extend(u16::try_from(8 + size).unwrap().to_le_bytes());
    file.extend(vec![0; 2 * usize::from(slots)]);
    lead(file, from);
    let at = file.len();
    file.extend(u32::try_from(at - fields).unwrap().to_le_bytes());
    file.extend([0; 4]);
    let body = file.len();
    let mut places = Vec::new();
    let mut next = 0;
    for (number, field) in &table.0 {
        let slot = fields + 4 + 2 * usize::from(*number);
        file[slot..slot + 2].copy_from_slice(&u16::try_from(8 + next).unwrap().to_le_bytes());
        places.push(body + next);
        next += room(field);
    }
    file.extend(vec![0; size]);
    for (place, (_, field)) in places.into_iter().zip(table.0) {
        put_field(file, place, field);
    }
}

fn put_field(file: &mut Vec<u8>, at: usize, field: Field) {
    match field {
        Field::U8(number) => file[at] = number,
        Field::U32(number) => file[at..at + 4].copy_from_slice(&number.to_le_bytes()),
        Field::U64(number) => file[at..at + 8].copy_from_slice(&number.to_le_bytes()),
        Field::Inline(bytes) => file[at..at + 16].copy_from_slice(&bytes),
        Field::Structs(structs) => {
            let body = put_vector(file, at, 4 * structs.len());
            file[body - 4..body]
                .copy_from_slice(&u32::try_from(structs.len()).unwrap().to_le_bytes());
            file[body..].copy_from_slice(&structs.concat());
        }
        Field::Text(text) => put_bytes(file, at, text.as_bytes()),
        Field::Bytes(bytes) => put_bytes(file, at, &bytes),
        Field::Texts(texts) => {
            let body = put_vector(file, at, texts.len());
            for (n, text) in texts.into_iter().enumerate() {
                put_bytes(file, body + 4 * n, text.as_bytes());
            }
        }
        Field::Numbers(numbers) => {
            let body = put_vector(file, at, numbers.len());
            for (n, number) in numbers.into_iter().enumerate() {
                file[body + 4 * n..body + 4 * n + 4].copy_from_slice(&number.to_le_bytes());
            }
        }
        Field::Wide(count) => {
            put_vector(file, at, count);
            file.extend(vec![0; 4 * count]);
        }
        Field::Table(table) => put_table(file, at, table),
        Field::Tables(tables) => {
            let body = put_vector(file, at, tables.len());
            for (n, table) in tables.into_iter().enumerate() {
                put_table(file, body + 4 * n, table);
            }
        }
    }
}

fn put_vector(file: &mut Vec<u8>, from: usize, count: usize) -> usize {
    lead(file, from);
    file.extend(u32::try_from(count).unwrap().to_le_bytes());
    let body = file.len();
    file.extend(vec![0; 4 * count]);
    body
}

fn put_bytes(file: &mut Vec<u8>, from: usize, bytes: &[u8]) {
    lead(file, from);
    file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    file.extend(bytes);
    file.push(0);
}
