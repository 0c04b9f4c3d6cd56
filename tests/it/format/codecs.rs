//! Decompression, against Python's own readers of compressed files, and what it may cost.

use std::{fmt::Write as _, sync::Arc};

use weighbridge::bytes::{Budget, ByteSource, Codec, Inflated, Window};

use crate::support::{
    fixture::{facts, told},
    joblib::{BYTES, padded, wrapper},
    oracle,
    pickle::payload,
    tar,
};

use super::wrapped::{is_seen, zlib};

/// What a file decompresses to, and whether that ended before its end.
fn decompress(file: Vec<u8>, codec: Codec) -> (Vec<u8>, bool) {
    let inflated = Inflated::open(Window::new(file), codec, 0, Arc::new(Budget::default()));
    let inflated = Arc::new(inflated);
    let window = Window::shared(Arc::clone(&inflated) as Arc<dyn ByteSource>);
    let bytes = window.bytes_at(0, 1 << 20).unwrap();
    assert_eq!(window.len(), bytes.len() as u64);
    (bytes, inflated.stopped().is_some())
}

/// All that Python reads is read here, or reading stops with an error. Of a genuine file nothing else is read, without an error if Python
/// has none. (Python takes a stream that is damaged near its beginning for no stream, and passes over all that follows; here it is damage.)
#[test]
fn files_decompress_as_pythons_readers_decompress_them() {
    let Some(python) = oracle::python("bz2, gzip, lzma") else {
        return;
    };
    let count = oracle::number("WEIGHBRIDGE_CODEC_FILES", 4000).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let mut wrong = String::new();
    let mut genuine = 0;
    for case in oracle::run(&python, "codecs.py", &[&count, &seed]) {
        let hex = |key: &str| {
            let hex = case[key].as_str().unwrap().as_bytes();
            data_encoding::HEXLOWER.decode(hex).unwrap()
        };
        let file = hex("file");
        let codec = match case["codec"].as_str().unwrap() {
            "gzip" => Codec::Gzip,
            "bzip2" => Codec::Bzip2,
            "xz" => Codec::Xz,
            "zstd" => Codec::Zstd,
            "lz4" => Codec::Lz4,
            _ => Codec::Lzma,
        };
        let theirs = hex("out");
        let broke = case["broke"].as_bool().unwrap();
        let (ours, stopped) = decompress(file, codec);
        let same = if case["genuine"].as_bool().unwrap() && !broke {
            genuine += 1;
            ours == theirs && !stopped
        } else {
            ours.starts_with(&theirs) || stopped
        };
        if !same {
            writeln!(
                wrong,
                "{codec:?}: {} of {} bytes, stopped: {stopped}, Python broke: {broke}: {}",
                ours.len(),
                theirs.len(),
                case["file"].as_str().unwrap()
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(genuine > 1000);
}

/// An array of zeros is as small as a bomb, and no bomb.
#[test]
fn a_compressed_array_of_zeros_is_read() {
    const SIZE: usize = 80_000_000;
    let shape = [
        b"J".as_slice(),
        &u32::try_from(SIZE).unwrap().to_le_bytes(),
        b"\x85",
    ]
    .concat();
    let file = wrapper(&padded(&shape, BYTES)).raw([1, 0]);
    let file = zlib(&file.raw(vec![0; SIZE]).stop());
    assert!(file.len() * 300 < SIZE);
    let told = told(&file, "zeros.joblib");
    assert!(
        told.contains("is joblib") && !told.contains("unread"),
        "{told}"
    );
}

/// A frame of zstd with some bytes and then so many zeros, in blocks of four bytes each.
fn zeros_in_zstd(front: &[u8], blocks: usize) -> Vec<u8> {
    const BLOCK: u32 = 128 << 10;
    let header = |kind: u32, size: u32, last: u32| {
        (size << 3 | kind << 1 | last).to_le_bytes()[..3].to_vec()
    };
    // A window of 128 KiB.
    let mut file = b"\x28\xb5\x2f\xfd\0\x38".to_vec();
    file.extend(header(0, u32::try_from(front.len()).unwrap(), 0));
    file.extend(front);
    for _ in 0..blocks {
        file.extend(header(1, BLOCK, 0));
        file.push(0);
    }
    file.extend(header(0, 0, 1));
    file
}

/// The header of a member that has so many blocks of zeros.
fn start(blocks: u64) -> Vec<u8> {
    tar::header("zeros", b'0', blocks * (128 << 10), tar::octal)
}

/// A small file that decompresses to a tar of a gibibyte.
pub(crate) fn bomb() -> Vec<u8> {
    zeros_in_zstd(&start(8192), 8192)
}

/// A tar that expands so far that it is not read to its end is not silent, wherever in it the artifact would be.
#[test]
fn a_limit_that_decompressing_reaches_is_told() {
    insta::assert_snapshot!(told(&bomb(), "x.dat"), @"
    [] is compressed
    [] unread: past the limit of 512 MiB decompressed from one file, all its members together, whatever `inflate-ratio` says
    ");
    // One that stays below is read to its end.
    let mut file = zeros_in_zstd(&start(320), 320);
    let mut behind = tar::member("w", b'0', &payload(), tar::octal);
    behind.extend([0; 1024]);
    file.extend(zeros_in_zstd(&behind, 0));
    assert!(is_seen(file, "x.dat"));
}

#[test]
fn frames_that_every_reader_skips_hide_nothing() {
    let zstd = ruzstd::encoding::compress_to_vec(
        payload().as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let skipped = b"\x53\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    assert!(is_seen([skipped.clone(), zstd.clone()].concat(), "x.dat"));
    assert!(is_seen(
        [zstd.clone(), skipped.clone(), zstd].concat(),
        "x.dat"
    ));
    assert!(facts(skipped, "x.dat").is_empty());
}

/// LZMA alone with other settings than the usual ones is read under the names that its loaders go by.
#[test]
fn lzma_with_any_settings_is_read_by_name() {
    const SCRIPT: &str = "import sys, lzma
d = sys.stdin.buffer.read()
f = [{'id': lzma.FILTER_LZMA1, 'lc': 0, 'lp': 2, 'pb': 1, 'dict_size': 1 << 13}]
print(lzma.compress(d, format=lzma.FORMAT_ALONE, filters=f).hex())
print((lzma.compress(b'N0') + lzma.compress(d, format=lzma.FORMAT_ALONE, filters=f)).hex())
print((lzma.compress(b'N0', format=lzma.FORMAT_ALONE) + lzma.compress(d, format=lzma.FORMAT_ALONE)).hex())";
    let Some(told) = oracle::piped("lzma", SCRIPT, &payload()) else {
        return;
    };
    for line in told.lines() {
        let bytes = data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap();
        for name in ["features.dat.xz", "x.lzma"] {
            assert!(is_seen(bytes.clone(), name), "{line}");
        }
    }
}
