//! Compressed artifacts: reading them against the same crate decompressing them to nowhere. The goal is 1.2 times at most.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail loudly, and makes its own numbers"
)]

use std::io::{self, Cursor, Read, Write as _};

use divan::{Bencher, counter::BytesCount};
use weighbridge::{bytes::Window, fact::Fact, record::Recorder};

// What is held in memory costs what the program's allocator makes of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Bytes of the array in each pickle.
const LENGTH: usize = 16 << 20;

const WRAPPINGS: &[Wrapping] = &[
    Wrapping::Gzip,
    Wrapping::Zlib,
    Wrapping::Bzip2,
    Wrapping::Xz,
    Wrapping::Zstd,
    Wrapping::Lz4,
    Wrapping::Zip,
    Wrapping::SevenZip,
];

/// What a pickle is packed in.
#[derive(Debug, Clone, Copy)]
enum Wrapping {
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Zstd,
    Lz4,
    Zip,
    SevenZip,
}

/// A pickle of bytes that compress as weights do: half of each number is noise.
fn pickle() -> Vec<u8> {
    let mut out = b"\x80\x04\x8e".to_vec();
    out.extend((LENGTH as u64).to_le_bytes());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..LENGTH / 4 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let number = ((state >> 52) as f32 - 2048.0) / 4096.0;
        out.extend(number.to_le_bytes());
    }
    out.push(b'.');
    out
}

fn pack(wrapping: Wrapping, bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match wrapping {
        Wrapping::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Wrapping::Zlib => {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), level);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Wrapping::Bzip2 => {
            let mut writer =
                bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Wrapping::Xz => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Wrapping::Zstd => {
            ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
        }
        Wrapping::Lz4 => {
            let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Wrapping::Zip => zip(bytes),
        Wrapping::SevenZip => {
            let mut writer = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
            let entry = sevenz_rust2::ArchiveEntry::new_file("model.pkl");
            writer
                .push_archive_entry(entry, Some(Cursor::new(bytes)))
                .unwrap();
            writer.finish().unwrap().into_inner()
        }
    }
}

/// Where the only member of the archive begins.
const LOCAL: usize = 30 + 9;

/// An archive of one deflated member.
fn zip(bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), level);
    writer.write_all(bytes).unwrap();
    let packed = writer.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let size = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut common = b"\x14\0\0\0\x08\0\0\0\x21\0".to_vec();
    common.extend(crc.sum().to_le_bytes());
    common.extend([size(packed.len()), size(bytes.len())].concat());
    common.extend(b"\x09\0\0\0");
    let local = [b"PK\x03\x04", common.as_slice(), b"model.pkl"].concat();
    assert_eq!(local.len(), LOCAL);
    let entry = [
        b"PK\x01\x02\x14\x03",
        common.as_slice(),
        &[0; 14],
        b"model.pkl",
    ]
    .concat();
    let start = local.len() + packed.len();
    let mut out = [local, packed, entry.clone()].concat();
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend([size(entry.len()), size(start)].concat());
    out.extend(b"\0\0");
    out
}

/// Decompresses to nowhere.
fn drain(wrapping: Wrapping, packed: &[u8]) -> u64 {
    let all = |mut reader: Box<dyn Read + '_>| io::copy(&mut reader, &mut io::sink()).unwrap();
    match wrapping {
        Wrapping::Gzip => all(Box::new(flate2::bufread::GzDecoder::new(packed))),
        Wrapping::Zlib => all(Box::new(flate2::bufread::ZlibDecoder::new(packed))),
        Wrapping::Bzip2 => all(Box::new(bzip2::bufread::BzDecoder::new(packed))),
        Wrapping::Xz => all(Box::new(lzma_rust2::XzReader::new(packed, true))),
        Wrapping::Zstd => {
            let reader = ruzstd::decoding::StreamingDecoder::new(packed).unwrap();
            all(Box::new(reader))
        }
        Wrapping::Lz4 => all(Box::new(lz4_flex::frame::FrameDecoder::new(packed))),
        Wrapping::Zip => {
            let (_, member) = packed.split_at(LOCAL);
            all(Box::new(flate2::bufread::DeflateDecoder::new(member)))
        }
        Wrapping::SevenZip => {
            let source = Cursor::new(packed);
            let password = sevenz_rust2::Password::empty();
            let mut archive = sevenz_rust2::ArchiveReader::new(source, password).unwrap();
            archive.set_thread_count(1);
            let mut length = 0;
            archive
                .for_each_entries(|_, content| {
                    length += io::copy(content, &mut io::sink())?;
                    Ok(true)
                })
                .unwrap();
            length
        }
    }
}

#[divan::bench(args = WRAPPINGS, sample_count = 7, sample_size = 1)]
fn drained(bencher: Bencher<'_, '_>, wrapping: Wrapping) {
    let packed = pack(wrapping, &pickle());
    bencher
        .counter(BytesCount::new(LENGTH))
        .bench(|| drain(wrapping, &packed));
}

#[divan::bench(args = WRAPPINGS, sample_count = 7, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>, wrapping: Wrapping) {
    let window = Window::new(pack(wrapping, &pickle()));
    let read = || {
        let mut recorder = Recorder::default();
        weighbridge::format::read(&window, b"model.pkl", &mut recorder);
        recorder.finish()
    };
    let is_pickle = |fact: &Fact| matches!(fact, Fact::Is(id) if id == "pickle");
    assert!(read().iter().any(|o| is_pickle(&o.fact)), "{wrapping:?}");
    bencher.counter(BytesCount::new(LENGTH)).bench(read);
}
