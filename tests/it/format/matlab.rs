//! MATLAB: objects of its own classes, which are data, and matrices of version 4.

use super::tables::{doubles, element, found, mat, matrix, opaque, packed};
use crate::support::{
    fixture::{facts, told},
    hdf5::{File, attribute, contiguous, hard},
    oracle,
};

/// What objects are made of: these names, and a class for each pair of a namespace and a name.
fn classes(names: &str, classes: &[(u32, u32)]) -> Vec<u8> {
    let mut text = names.as_bytes().to_vec();
    text.resize(text.len().next_multiple_of(8), 0);
    let count = names.bytes().filter(|byte| *byte == 0).count();
    let start = 40 + u32::try_from(text.len()).unwrap();
    let pairs: Vec<u32> = [(0, 0)]
        .iter()
        .chain(classes)
        .flat_map(|(space, name)| [*space, *name, 0, 0])
        .collect();
    let end = start + u32::try_from(pairs.len() * 4).unwrap();
    let mut front = vec![4, u32::try_from(count).unwrap(), start];
    front.resize(10, end);
    let number = |numbers: &[u32]| -> Vec<u8> {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        bytes.collect()
    };
    [number(&front), text, number(&pairs)].concat()
}

fn size(columns: u8) -> Vec<u8> {
    element(5, &[1, 0, 0, 0, columns, 0, 0, 0])
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    matrix(9, &[&size(1), &element(1, b""), &element(2, bytes)])
}

/// The variable that holds it, with more cells.
fn inner(metadata: &[u8], more: &[&[u8]], aliases: &[u8]) -> Vec<u8> {
    let cells = [
        bytes(metadata),
        doubles(),
        more.concat(),
        bytes(aliases),
        doubles(),
    ]
    .concat();
    let cell = matrix(1, &[&size(4), &element(1, b""), &cells]);
    let parts: [&[u8]; 4] = [
        &element(1, b""),
        &element(1, b"MCOS"),
        &element(1, b"FileWrapper__"),
        &cell,
    ];
    let file = [b"\0\x01IM\0\0\0\0".to_vec(), matrix(17, &parts)].concat();
    bytes(&file)
}

/// A file whose head points to the last variable.
fn pointing(variables: &[&[u8]], last: &[u8]) -> Vec<u8> {
    let mut file = mat(&[variables.concat().as_slice(), last]);
    let at = u64::try_from(128 + variables.concat().len()).unwrap();
    file[116..124].copy_from_slice(&at.to_le_bytes());
    file
}

#[test]
fn objects_of_its_own_classes_are_data() {
    let made = inner(&classes("any\0string\0", &[(0, 2)]), &[], &[0; 4]);
    for file in [
        pointing(&[&opaque("string")], &made),
        pointing(&[&packed(&opaque("string"))], &packed(&made)),
    ] {
        assert_eq!(told(&file, "m.mat"), "");
        assert_eq!(told(&file, "model.bin"), "[] is matlab");
    }
    let map = inner(&classes("Map\0containers\0", &[(2, 1)]), &[], &[0; 4]);
    assert_eq!(
        told(&pointing(&[&opaque("containers.Map")], &map), "m.mat"),
        ""
    );
}

#[test]
fn what_else_objects_are_made_of_is_refused() {
    let of = |metadata: &[u8], more: &[&[u8]], aliases: &[u8]| {
        let made = inner(metadata, more, aliases);
        found("m.mat", &pointing(&[&opaque("table")], &made))
    };
    let table = classes("table\0", &[(0, 1)]);
    assert_eq!(of(&table, &[], &[0; 4]), "");
    // A class of an object inside of a table.
    insta::assert_snapshot!(of(&classes("table\0Evil\0", &[(0, 1), (0, 2)]), &[], &[0; 4]), @"from 0x150 @ 0xb8..0x120 code-by-value: loading makes an object of the class `Evil` of MATLAB, which restores itself");
    // A function inside of one.
    let function = matrix(16, &[&size(1), &element(1, b"f"), &doubles()]);
    insta::assert_snapshot!(of(&table, &[&function], &[0; 4]), @"from 0x150 @ 0x158..0x1e0 code-by-value: loading makes a function handle of MATLAB");
    // Its class has another name as well.
    insta::assert_snapshot!(of(&table, &[], &[0, 1, 0, 0]), @"@ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself");
    // An empty name gives the others other numbers.
    insta::assert_snapshot!(of(&classes("table\0\0Evil\0", &[(0, 1)]), &[], &[0; 4]), @"
    @ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself
     incomplete-read: it does not read to its end: byte 40: no writer of the format writes such a `name`
    ");
    insta::assert_snapshot!(of(&classes("table\0", &[(0, 7)]), &[], &[0; 4]), @"
    @ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself
     incomplete-read: it does not read to its end: byte 64: no writer of the format writes such a `class`
    ");
    insta::assert_snapshot!(of(&[4, 0, 0, 0], &[], &[0; 4]), @"
    @ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself
     incomplete-read: it does not read to its end: its content needs 40 bytes, 4 are left
    ");
    // It is read where the head points, and nowhere else.
    let made = inner(&table, &[], &[0; 4]);
    insta::assert_snapshot!(found("m.mat", &mat(&[&opaque("table"), &made])), @"@ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself");
    let mut other = pointing(&[&opaque("table")], &made);
    other[116] ^= 8;
    insta::assert_snapshot!(found("m.mat", &other), @"
    @ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself
     incomplete-read: it does not read to its end: byte 116: no writer of the format writes such a `subsystem`
    ");
    // The object of another system of classes.
    let java = matrix(
        17,
        &[
            &element(1, b"x"),
            &element(1, b"java"),
            &element(1, b"table"),
            &doubles(),
        ],
    );
    insta::assert_snapshot!(found("m.mat", &pointing(&[&java], &made)), @"@ 0x80..0x118 code-by-value: loading makes an object of the class `table` of MATLAB, which restores itself");
}

#[test]
fn damaged_objects_are_refused_or_data() {
    let made = inner(&classes("any\0string\0", &[(0, 2)]), &[], &[0; 4]);
    let file = pointing(&[&opaque("string")], &made);
    for end in 0..file.len() {
        facts(file[..end].to_vec(), "m.mat");
    }
    for at in 100..file.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = file.clone();
            damaged[at] = value;
            facts(damaged, "m.mat");
        }
    }
}

/// A matrix of version 4.
fn old(kind: u32, sizes: [u32; 2], name: &[u8], data: &[u8]) -> Vec<u8> {
    let numbers = [
        kind,
        sizes[0],
        sizes[1],
        0,
        u32::try_from(name.len()).unwrap(),
    ];
    let header = numbers.iter().flat_map(|number| {
        if kind >= 1000 {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    });
    [&header.collect::<Vec<u8>>(), name, data].concat()
}

#[test]
fn matrices_of_version_4_are_data() {
    let matrix = old(0, [1, 2], b"x\0", &[0; 16]);
    let texts = old(1051, [1, 3], b"t_1\0", b"abc");
    for file in [
        matrix.clone(),
        texts.clone(),
        [matrix.clone(), texts].concat(),
        old(2, [1, 4], b"sparse\0", &[0; 32]),
    ] {
        assert_eq!(told(&file, "m.mat"), "");
        assert_eq!(told(&file, "model.bin"), "[] is matlab");
    }
    insta::assert_snapshot!(told(&old(0, [1, 3], b"x\0", &[0; 16]), "m.mat"), @"
    [] is matlab
    [] unread: malformed: its content needs 24 bytes, 16 are left
    ");
    insta::assert_snapshot!(told(&[matrix.clone(), matrix[..7].to_vec()].concat(), "m.mat"), @"
    [] is matlab
    [] unread: malformed: its content needs 20 bytes, 7 are left
    ");
    insta::assert_snapshot!(told(&[matrix, old(90, [1, 1], b"y\0", &[0; 8])].concat(), "m.mat"), @"
    [] is matlab
    [] unread: malformed: byte 38: no writer of the format writes such a `variable`
    ");
    // No header.
    for other in [
        old(0, [1, 1], b"1\0", &[0; 8]),
        old(0, [1, 1], b"x", &[0; 8]),
        old(4052, [1, 1], b"x\0", &[0; 8]),
        old(0, [u32::MAX, 1], b"x\0", &[0; 8]),
    ] {
        assert_eq!(told(&other, "m.mat"), "");
        assert!(!told(&other, "model.bin").contains("is matlab"));
    }
}

/// A file of version 7.3: a variable of a class, and at a path what objects are made of. `is_row` is how the variable is stored.
fn stored(class: &str, is_row: bool, metadata: &[u8], renamed: &[u8], path: [&str; 2]) -> Vec<u8> {
    let mut file = File::new();
    let data = |file: &mut File, bytes: &[u8], datatype: &[u8], class: &str| {
        let at = file.put(bytes);
        let mut messages = contiguous(at, bytes.len() as u64);
        messages[1].2 = datatype.to_vec();
        messages.push(attribute("MATLAB_class", class.as_bytes()));
        file.object(&messages)
    };
    let byte = [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
    let word = [0x10, 0, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
    let reference = [0x17, 0, 0, 0, 8, 0, 0, 0];
    let parts = [metadata, renamed, &[0]].map(|part| data(&mut file, part, &byte, "uint8"));
    let parts: Vec<u8> = parts.into_iter().flat_map(u64::to_le_bytes).collect();
    let list = data(&mut file, &parts, &reference, "FileWrapper__");
    let list = file.object(&[hard(path[1], list)]);
    let own = if is_row { &word } else { &byte };
    let x = data(&mut file, &[0, 0, 0, 0xdd], own, class);
    let root = file.object(&[hard(path[0], list), hard("x", x)]);
    file.finish(root)
}

#[test]
fn objects_of_version_7_3_are_data_where_their_list_says_so() {
    const PATH: [&str; 2] = ["#subsystem#", "MCOS"];
    let string = classes("any\0string\0", &[(0, 2)]);
    let of = |file: Vec<u8>| found("m.mat", &file);
    assert_eq!(of(stored("string", true, &string, &[0; 4], PATH)), "");
    // Another class in the list, or of the variable alone.
    let evil = classes("string\0Evil\0", &[(0, 1), (0, 2)]);
    insta::assert_snapshot!(of(stored("string", true, &evil, &[0; 4], PATH)), @"#subsystem#/MCOS/MATLAB_class code-by-value: loading makes an object of the class `Evil` of MATLAB, which restores itself");
    insta::assert_snapshot!(of(stored("Evil", true, &string, &[0; 4], PATH)), @"x/MATLAB_class code-by-value: loading makes an object of the class `Evil` of MATLAB, which restores itself");
    // The class has another name, or is one of the old kind.
    insta::assert_snapshot!(of(stored("string", true, &string, &[0, 1, 0, 0], PATH)), @"x/MATLAB_class code-by-value: loading makes an object of the class `string` of MATLAB, which restores itself");
    insta::assert_snapshot!(of(stored("string", false, &string, &[0; 4], PATH)), @"x/MATLAB_class code-by-value: loading makes an object of the class `string` of MATLAB, which restores itself");
    // What says that it is data, and has an object restored all the same.
    let mut hidden = File::new();
    let at = hidden.put(&[0, 0, 0, 0xdd]);
    let mut messages = contiguous(at, 4);
    messages.push(attribute("MATLAB_class", b"uint32"));
    messages.push(attribute("MATLAB_object_decode", b"3"));
    let x = hidden.object(&messages);
    let root = hidden.object(&[hard("x", x)]);
    insta::assert_snapshot!(of(hidden.finish(root)), @"x/MATLAB_class code-by-value: loading makes an object of the class `uint32` of MATLAB, which restores itself");
    // A list in another place, and one that cannot be read.
    insta::assert_snapshot!(of(stored("string", true, &string, &[0; 4], ["other", "MCOS"])), @"
    x/MATLAB_class code-by-value: loading makes an object of the class `string` of MATLAB, which restores itself
    other/MCOS/MATLAB_class code-by-value: loading makes an object of the class `FileWrapper__` of MATLAB, which restores itself
    ");
    insta::assert_snapshot!(of(stored("string", true, &[4, 0], &[0; 4], PATH)), @"
    x/MATLAB_class code-by-value: loading makes an object of the class `string` of MATLAB, which restores itself
    #subsystem#/MCOS incomplete-read: it does not read to its end: its content needs 40 bytes, 2 are left
    ");
}

/// Objects and matrices as libraries write them.
#[test]
fn libraries_write_them_so() {
    let Some(python) = oracle::python("matio, scipy, pandas") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let answers = oracle::run(&python, "matlab_objects.py", &[path]);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        if name.ends_with("v7.3.mat") {
            assert_eq!(told(&bytes, name), "[] is hdf5", "{name}");
        } else {
            assert_eq!(told(&bytes, name), "", "{name}");
            assert_eq!(told(&bytes, "model.bin"), "[] is matlab", "{name}");
        }
    }
    assert!(answers.len() >= 15);
}
