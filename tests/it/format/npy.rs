//! npy: what numpy would unpickle is found, what it would refuse is refused, and the header is never evaluated.

use weighbridge::fact::Fact;

use crate::support::{
    fixture::{anomalies, facts, told},
    npy::{array, with_header},
    oracle,
    random::Random,
};

/// Whether the payload is read as a pickle.
fn pickled(bytes: &[u8]) -> bool {
    facts(bytes.to_vec(), "x.npy")
        .iter()
        .any(|o| matches!(&o.fact, Fact::Is(id) if id == "pickle"))
}

fn refused(bytes: &[u8]) -> bool {
    facts(bytes.to_vec(), "x.npy")
        .iter()
        .any(|o| matches!(o.fact, Fact::Unread(_)))
}

#[test]
fn numbers_are_data() {
    let bytes = array("'<f8'", "(2, 3)", &[0; 48]);
    assert_eq!(told(&bytes, "x.npy"), "[] is npy");
}

#[test]
fn objects_are_pickles_wherever_they_are() {
    for descr in [
        "'|O'",
        "'|O8'",
        "'O'",
        "[('a', '<f8'), ('b', '|O')]",
        "[('a', [('b', '|O4')])]",
        "[(('title', 'a'), '|O', (2, 2))]",
    ] {
        assert!(pickled(&array(descr, "(1,)", b"\x80\x02]N.")), "{descr}");
    }
}

#[test]
fn a_short_array_is_malformed_and_a_long_one_is_odd() {
    let bytes = array("'<f8'", "(2,)", &[0; 15]);
    insta::assert_snapshot!(told(&bytes, "x.npy"), @"
    [] is npy
    [] unread: malformed: the array needs 16 bytes, 15 are left
    ");
    let bytes = array("'<f8'", "(2,)", &[0; 17]);
    assert_eq!(anomalies(&bytes, "x.npy"), ["trailing-data"]);
}

#[test]
fn a_header_is_not_evaluated_nor_believed() {
    for header in [
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (), 'more': 1}",
    ] {
        assert!(refused(&with_header(1, header, &[0; 8])), "{header}");
    }
    assert!(refused(&with_header(2, &"(".repeat(50_000), b"")));
}

const NUMPY: &str = r"
import io, struct, sys, warnings
import numpy
warnings.simplefilter('ignore')
data = sys.stdin.buffer
while True:
    n = data.read(8)
    if not n: break
    item = data.read(struct.unpack('<Q', n)[0])
    try:
        numpy.lib.format.read_array(io.BytesIO(item), allow_pickle=False)
        print('data')
    except ValueError as e:
        print('objects' if 'Object arrays' in str(e) else 'refused')
    except Exception as e:
        print('refused')
";

/// Where numpy finds objects we find a pickle; what it refuses we refuse; what it takes as data we take, unless a header
/// is written as no writer writes it, which may be refused, but is never taken for data when it is not.
#[test]
fn agrees_with_numpy() {
    let descrs = [
        "'<f8'",
        "'|O'",
        "'|O8'",
        "'>i4'",
        "'<U3'",
        "'|S5'",
        "'<M8[ns]'",
        "'|b1'",
        "'<c16'",
        "'|V3'",
        "'f9'",
        "'<f16'",
        "[('a', '<f8'), ('b', '|u1')]",
        "[('a', '<f8'), ('b', '|O')]",
        "[('a', [('c', '|O')])]",
        "[('a', '<f4', (2, 2))]",
        "[(('t', 'a'), '<f4')]",
        "[('', '|V4'), ('x', '<i2')]",
        "'?'",
        "'q'",
        "3",
        "None",
        "[]",
        "('<f4', (2,))",
        "'<O'",
        "'O4'",
        "'f4,O'",
        "'object'",
    ];
    let shapes = [
        "()",
        "(1,)",
        "(2,)",
        "(1, 2)",
        "(0,)",
        "(2L,)",
        "[2]",
        "2",
        "(-1,)",
        "(1 2)",
        "(True,)",
        "(99999999999999999999,)",
    ];
    let mut random = Random::new(0x000a_11ce);
    let mut items = Vec::new();
    for _ in 0..1200 {
        let order = *random.pick(&["False", "True", "False", "False", "0", "None"]);
        let header = format!(
            "{{'descr': {}, 'fortran_order': {order}, 'shape': {}{}}}",
            random.pick(&descrs),
            random.pick(&shapes),
            random.pick(&[", ", "", ", ", ", 'x': 1"]),
        );
        let version = *random.pick(&[1, 1, 2, 3]);
        let data = vec![0; *random.pick(&[200, 200, 200, 3])];
        let mut bytes = with_header(version, &header, &data);
        if random.below(4) == 0 {
            let at = 10 + random.below(header.len());
            bytes[at] = *random.pick(b"'(){}[],: xO8<|L\\\n\xff");
        }
        items.push(bytes);
    }
    let Some(answers) = oracle::piped("numpy", NUMPY, &oracle::framed(&items)) else {
        return;
    };
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), items.len());
    let mut strict = 0;
    for (item, answer) in items.iter().zip(&answers) {
        let shown = String::from_utf8_lossy(item);
        match *answer {
            "objects" => assert!(pickled(item) || refused(item), "objects: {shown}"),
            "refused" => assert!(refused(item) || pickled(item), "refused: {shown}"),
            _ if refused(item) => strict += 1,
            _ => assert!(!pickled(item), "data: {shown}"),
        }
    }
    assert!(
        strict < items.len() / 10,
        "{strict} headers refused that numpy takes"
    );
}
