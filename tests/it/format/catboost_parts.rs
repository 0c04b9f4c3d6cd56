//! The parts of a model of CatBoost for texts and embeddings. Files of the library itself are in `trees`.

use crate::support::{
    fixture::{Fixture, told},
    flatbuffer::{Field, Table, file},
};

const TOKENIZER: [u8; 16] = [1; 16];
const DICTIONARY: [u8; 16] = [2; 16];
const BAYES: [u8; 16] = [3; 16];
const NEIGHBOURS: [u8; 16] = [4; 16];

/// What a test changes.
#[derive(Clone)]
struct Change {
    /// The number under which the dictionary says that it stands.
    dictionary: [u8; 16],
    /// Slots of the dictionary, and what is in each.
    slots: (usize, u8),
    /// What the tables of frequencies say of their size.
    mask: u64,
    /// The parts that are there of those that the list names.
    parts: usize,
    /// Which number of the calculation a feature is.
    local: u32,
    /// Classes of the items that neighbours are looked for among, and a neighbour of each.
    classes: [u32; 2],
    neighbours: [u32; 2],
    /// Numbers of an item.
    dimension: u32,
}

const GENUINE: Change = Change {
    dictionary: DICTIONARY,
    slots: (2, 0xff),
    mask: 1,
    parts: 3,
    local: 0,
    classes: [0, 1],
    neighbours: [1, 0],
    dimension: 2,
};

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes(), bytes].concat()
}

fn mark(text: &str) -> Vec<u8> {
    let mut mark = text.as_bytes().to_vec();
    mark.resize(16, 0);
    mark
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn part(kind: u8, guid: [u8; 16]) -> Vec<u8> {
    let table = Table(vec![(0, Field::U8(kind)), (1, Field::Inline(guid))]);
    sized(&file([0; 4], table))
}

fn tokenizer() -> Vec<u8> {
    let options = [
        vec![1, 0],
        words(&[1, 1]),
        b"7".to_vec(),
        words(&[0, 1]),
        b" ".to_vec(),
        vec![0, 1],
        words(&[1, 5, 0, 0]),
    ];
    [
        part(0, TOKENIZER),
        mark("TokenizerV1"),
        TOKENIZER.to_vec(),
        options.concat(),
    ]
    .concat()
}

fn dictionary(change: &Change) -> Vec<u8> {
    let about = Table(vec![(0, Field::U32(1)), (1, Field::Table(Table(vec![])))]);
    let about = sized(&file([0; 4], about));
    let (count, byte) = change.slots;
    let slots = vec![byte; 16 * count];
    let size = 8 + about.len() + 16 + slots.len();
    [
        part(1, DICTIONARY),
        mark("DictionaryV1"),
        change.dictionary.to_vec(),
        mark("MMapDictionary"),
        (size as u64).to_le_bytes().to_vec(),
        about,
        (slots.len() as u64).to_le_bytes().to_vec(),
        vec![0; 8],
        slots,
    ]
    .concat()
}

fn calculation(text: &str, kinds: (u32, u8), guid: [u8; 16], value: Table) -> Vec<u8> {
    let table = Table(vec![
        (0, Field::Inline(guid)),
        (1, Field::Numbers(vec![0])),
        (2, Field::U8(kinds.1)),
        (3, Field::Table(value)),
    ]);
    [mark(text), words(&[kinds.0]), sized(&file([0; 4], table))].concat()
}

fn bayes(change: &Change) -> Vec<u8> {
    let value = Table(vec![
        (0, Field::U32(2)),
        (4, Field::Numbers(vec![1, 1])),
        (5, Field::Wide(2)),
    ]);
    let mut bytes = part(2, BAYES);
    bytes.extend(calculation("FeatureCalcerV1", (1, 2), BAYES, value));
    bytes.extend(words(&[2]));
    for _ in 0..2 {
        for number in [change.mask, 0, 1] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(words(&[2, u32::MAX, 0, 7, 1, u32::MAX, 0]));
    }
    bytes
}

fn texts(change: &Change) -> Vec<u8> {
    let list = |numbers: &[u32]| Table(vec![(0, Field::Numbers(numbers.to_vec()))]);
    let header = Table(vec![
        (0, Field::Structs(vec![TOKENIZER])),
        (1, Field::Structs(vec![DICTIONARY])),
        (2, Field::Structs(vec![BAYES])),
        (3, Field::Tables(vec![list(&[0])])),
        (4, Field::Tables(vec![list(&[0])])),
    ]);
    let parts = [tokenizer(), dictionary(change), bayes(change)];
    let parts: Vec<u8> = parts.into_iter().take(change.parts).flatten().collect();
    [
        mark("text_process_v2"),
        sized(&file([0; 4], header)),
        parts,
        part(3, *b"___ILLEGAL_GUID\0"),
    ]
    .concat()
}

fn embeddings(change: &Change) -> Vec<u8> {
    let header = Table(vec![(0, Field::Structs(vec![NEIGHBOURS]))]);
    let value = Table(vec![
        (0, Field::U32(change.dimension)),
        (1, Field::U32(2)),
        (2, Field::U32(5)),
        (3, Field::U32(2)),
    ]);
    let [one, other] = change.neighbours;
    let graph = words(&[32, 1, 2, one, other]);
    let tail = [
        words(&[2]),
        words(&change.classes),
        words(&[u32::try_from(graph.len()).unwrap()]),
        graph,
        words(&[4, 0, 0, 0, 0]),
    ];
    let calculation = calculation("EmbedCalcerV1", (4, 2), NEIGHBOURS, value);
    let parts = [part(0, NEIGHBOURS), calculation, tail.concat()];
    [
        mark("embed_process_1"),
        sized(&file([0; 4], header)),
        parts.concat(),
    ]
    .concat()
}

/// A model of one tree that asks for a feature of a text.
fn model(change: &Change) -> Vec<u8> {
    let estimated = Table(vec![
        (0, Field::U32(0)),
        (1, Field::Inline(BAYES)),
        (2, Field::U32(change.local)),
        (3, Field::Numbers(vec![0])),
    ]);
    let trees = Table(vec![
        (0, Field::U32(1)),
        (1, Field::Numbers(vec![0])),
        (2, Field::Numbers(vec![1])),
        (3, Field::Numbers(vec![0])),
        (8, Field::Wide(2)),
        (13, Field::Tables(vec![estimated])),
    ]);
    let core = file(
        [0; 4],
        Table(vec![
            (0, Field::Text("FlabuffersModel_v1")),
            (1, Field::Table(trees)),
            (3, Field::Texts(vec!["text_process_v2", "embed_process_1"])),
        ]),
    );
    [
        b"CBM1".to_vec(),
        words(&[u32::try_from(core.len()).unwrap()]),
        core,
        texts(change),
        embeddings(change),
    ]
    .concat()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![("parts.cbm", model(&GENUINE))]
}

#[test]
fn what_texts_and_embeddings_are_looked_up_in_is_followed() {
    assert_eq!(told(&model(&GENUINE), "m.cbm"), "[] is catboost");
    let of = |change: Change| {
        let told = told(&model(&change), "m.cbm");
        told.strip_prefix("[] is catboost\n[] unread: ")
            .unwrap_or(&told)
            .to_owned()
    };
    let changed = |change: fn(&mut Change)| {
        let mut changed = GENUINE;
        change(&mut changed);
        of(changed)
    };
    // A dictionary without an empty slot is searched without end; of another size than a power of two, beyond its end.
    insta::assert_snapshot!(changed(|it| it.slots = (2, 7)), @"malformed: `TokenToId` has a value that its library does not write");
    insta::assert_snapshot!(changed(|it| it.slots = (3, 0xff)), @"malformed: `TokenToId` has a value that its library does not write");
    insta::assert_snapshot!(changed(|it| it.mask = 3), @"malformed: `Frequencies` has a value that its library does not write");
    insta::assert_snapshot!(changed(|it| it.dictionary = BAYES), @"malformed: `Id` refers to what is not there");
    insta::assert_snapshot!(changed(|it| it.parts = 2), @"malformed: there is no `TCollectionPart`");
    insta::assert_snapshot!(changed(|it| it.local = 1), @"malformed: a node compares feature 1 of 1");
    // Classes and neighbours are places in lists.
    insta::assert_snapshot!(changed(|it| it.classes = [0, 2]), @"malformed: `Targets` refers to what is not there");
    insta::assert_snapshot!(changed(|it| it.neighbours = [2, 0]), @"malformed: `Cloud` refers to what is not there");
    insta::assert_snapshot!(changed(|it| it.dimension = 3), @"malformed: `Points` has 4 items where the model says 6");
}

/// The part for embeddings goes to the end of the file.
#[test]
fn what_follows_is_no_part() {
    let model = model(&GENUINE);
    insta::assert_snapshot!(told(&[model.as_slice(), &[0; 4]].concat(), "m.cbm"), @"
    [] is catboost
    [] unread: malformed: a value of the model needs 8 bytes, 4 are left
    ");
    let (whole, _) = model.split_at(model.len() - 4);
    insta::assert_snapshot!(told(whole, "m.cbm"), @"
    [] is catboost
    [] unread: malformed: a value of the model needs 16 bytes, 12 are left
    ");
}
