//! A 40 GB artifact costs its index.

use std::{io::Write as _, sync::atomic::Ordering};

use flate2::{Compression, write::GzEncoder};
use weighbridge::fact::Fact;

use crate::support::{fixture::facts, npy, random::Random, sparse::Sparse, tar, zip};

const LONG: u64 = 40 << 30;

fn costs_little(source: Sparse, name: &str, id: &'static str) {
    let read = source.counter();
    let seen = facts(source, name);
    let bad: Vec<_> = seen
        .iter()
        .filter(|o| matches!(o.fact, Fact::Unread(_) | Fact::Anomaly { .. }))
        .collect();
    assert!(bad.is_empty(), "{name}: {bad:?}");
    assert!(seen.iter().any(|o| o.fact == Fact::Is(id.into())), "{name}");
    let read = read.load(Ordering::Relaxed);
    assert!(read < 1 << 20, "{name}: {read} bytes read");
}

#[test]
fn safetensors() {
    let data = LONG - 4096;
    let header = format!(r#"{{"w":{{"dtype":"U8","shape":[{data}],"data_offsets":[0,{data}]}}}}"#);
    let mut front = 4088_u64.to_le_bytes().to_vec();
    front.extend(header.as_bytes());
    front.resize(4096, b' ');
    let source = Sparse::new(LONG, vec![(0, front)]);
    costs_little(source, "w.safetensors", "safetensors");
}

#[test]
fn npy() {
    let front = npy::array("'|u1'", &format!("({},)", LONG - 128), &[]);
    assert_eq!(front.len(), 128);
    costs_little(Sparse::new(LONG, vec![(0, front)]), "w.npy", "npy");
}

/// 256 tensors of 160 MB, in zip64 as torch writes it.
#[test]
fn zip() {
    const TENSORS: u64 = 256;
    let each: u32 = 160_000_000;
    let mut patches = Vec::new();
    let mut directory = Vec::new();
    let mut at: u64 = 0;
    for i in 0..TENSORS {
        let mut member = zip::stored(format!("m/data/{i}"), b"").torch();
        let name = member.name.len();
        let local = zip::archive(std::slice::from_ref(&member));
        let header = local[..30 + name + member.local_extra.len()].to_vec();
        let after = at + header.len() as u64 + u64::from(each);
        patches.push((at, header));
        let mut descriptor = b"PK\x07\x08\0\0\0\0".to_vec();
        descriptor.extend(each.to_le_bytes());
        descriptor.extend(each.to_le_bytes());
        patches.push((after, descriptor));
        member.size = each;
        member.crc = 0;
        let mut entry = member.entry(u32::MAX);
        entry[20..24].copy_from_slice(&each.to_le_bytes());
        entry[30..32].copy_from_slice(&12_u16.to_le_bytes());
        entry.extend([1, 0, 8, 0]);
        entry.extend(at.to_le_bytes());
        directory.extend(entry);
        at = after + 16;
    }
    let start = at;
    let record_at = start + directory.len() as u64;
    let mut tail = directory.clone();
    tail.extend(b"PK\x06\x06");
    tail.extend(44_u64.to_le_bytes());
    tail.extend([0; 12]);
    tail.extend(TENSORS.to_le_bytes());
    tail.extend(TENSORS.to_le_bytes());
    tail.extend((directory.len() as u64).to_le_bytes());
    tail.extend(start.to_le_bytes());
    tail.extend(b"PK\x06\x07\0\0\0\0");
    tail.extend(record_at.to_le_bytes());
    tail.extend([1, 0, 0, 0]);
    let size = u32::try_from(directory.len()).unwrap();
    tail.extend(zip::end(
        u16::try_from(TENSORS).unwrap(),
        size,
        u32::MAX,
        b"",
    ));
    let len = start + tail.len() as u64;
    assert!(len > 38 << 30);
    patches.push((start, tail));
    costs_little(Sparse::new(len, patches), "m.zip", "zip");
}

/// Eight shards of five gigabytes.
#[test]
fn tar() {
    const SHARD: u64 = 5 << 30;
    let data = SHARD - 4096;
    let json = format!(r#"{{"w":{{"dtype":"U8","shape":[{data}],"data_offsets":[0,{data}]}}}}"#);
    let mut front = 4088_u64.to_le_bytes().to_vec();
    front.extend(json.as_bytes());
    front.resize(4096, b' ');
    let patches = (0..8).flat_map(|n| {
        let at = n * (SHARD + 512);
        let name = format!("m/model-{n}.safetensors");
        let header = tar::header(&name, b'0', SHARD, tar::octal);
        [(at, header), (at + 512, front.clone())]
    });
    let source = Sparse::new(LONG + 8 * 512 + 1024, patches.collect());
    costs_little(source, "model.tar", "tar");
}

/// A pickle that is packed is unpacked once, whether it can be held or not.
#[test]
fn packed_content_is_unpacked_once() {
    for length in [9_u32 << 20, 17 << 20] {
        let mut pickle = b"\x80\x04B".to_vec();
        pickle.extend(length.to_le_bytes());
        let mut random = Random::new(7);
        pickle.extend((0..length).map(|_| random.next().to_le_bytes()[0]));
        pickle.push(b'.');
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&pickle).expect("to memory");
        let wrappings = [
            (zip::archive(&[zip::deflated("m.pkl", &pickle)]), "m.zip"),
            (gzip.finish().expect("to memory"), "m.pkl.gz"),
        ];
        for (packed, name) in wrappings {
            let once = packed.len() as u64;
            let source = Sparse::new(once, vec![(0, packed)]);
            let read = source.counter();
            let seen = facts(source, name);
            let is_read = seen.iter().any(|o| o.fact == Fact::Is("pickle".into()));
            assert!(is_read, "{name}, {length}: {seen:?}");
            let read = read.load(Ordering::Relaxed);
            assert!(
                read < once + (1 << 20),
                "{name}, {length}: {read} of {once} bytes read"
            );
        }
    }
}
