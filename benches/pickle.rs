//! The pickle machine: opcodes per second on small objects, bytes per second where payloads are skipped.
//!
//! `WEIGHBRIDGE_BENCH_PICKLE=FILE cargo bench --bench pickle` reads a file of yours as well.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]

use divan::{Bencher, counter::BytesCount};
use weighbridge::{bytes::Window, record::Recorder};

fn main() {
    divan::main();
}

/// A list of small dicts, as `pickle.dumps` of protocol 4 writes them.
fn objects(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94(".to_vec();
    for i in 0..count {
        out.extend(b"}\x94(\x8c\x02id\x94J");
        out.extend(i.to_le_bytes());
        let name = format!("object-{i:032x}");
        out.extend(
            [
                b"\x8c\x04name\x94\x8c".as_slice(),
                &[u8::try_from(name.len()).unwrap()],
                name.as_bytes(),
                b"\x94",
            ]
            .concat(),
        );
        out.extend(b"\x8c\x01v\x94G\x3f\xf0\0\0\0\0\0\0u");
    }
    out.extend(b"e.");
    out
}

/// One bytes object.
fn blob(length: u64) -> Vec<u8> {
    let mut out = b"\x80\x04\x8e".to_vec();
    out.extend(length.to_le_bytes());
    out.resize(out.len() + usize::try_from(length).unwrap(), 0x55);
    out.push(b'.');
    out
}

fn read(window: &Window) -> usize {
    let mut recorder = Recorder::default();
    weighbridge::format::read(window, b"model.pkl", &mut recorder);
    recorder.finish().len()
}

#[divan::bench(args = [1_000, 100_000])]
fn small_objects(bencher: Bencher<'_, '_>, count: u32) {
    let bytes = objects(count);
    let length = bytes.len();
    let window = Window::new(bytes);
    bencher
        .counter(BytesCount::new(length))
        .bench(|| read(&window));
}

#[divan::bench]
fn one_blob(bencher: Bencher<'_, '_>) {
    let bytes = blob(64 << 20);
    let length = bytes.len();
    let window = Window::new(bytes);
    bencher
        .counter(BytesCount::new(length))
        .bench(|| read(&window));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn file(bencher: Bencher<'_, '_>) {
    let Some(path) = std::env::var_os("WEIGHBRIDGE_BENCH_PICKLE") else {
        return;
    };
    let window = Window::new(weighbridge::bytes::FileSource::open(path.as_ref()).unwrap());
    bencher
        .counter(BytesCount::new(window.len()))
        .bench(|| read(&window));
}
