//! Assembles tables of TensorFlow: sorted keys and values in blocks.

use super::protobuf::varint;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A block of entries: their keys share what they have in common with the one before, but for every sixteenth.
pub(crate) fn block(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut restarts) = (Vec::new(), Vec::new());
    let mut before: &[u8] = &[];
    for (n, (key, value)) in entries.iter().enumerate() {
        let mut shared = before.iter().zip(key).take_while(|(a, b)| a == b).count();
        if n % 16 == 0 {
            shared = 0;
            restarts.push(u32::try_from(out.len()).unwrap());
        }
        let (_, own) = key.split_at(shared);
        for length in [shared, own.len(), value.len()] {
            out.extend(varint(length as u64));
        }
        out.extend(own);
        out.extend(value);
        before = key;
    }
    if restarts.is_empty() {
        restarts.push(0);
    }
    for restart in &restarts {
        out.extend(restart.to_le_bytes());
    }
    out.extend(u32::try_from(restarts.len()).unwrap().to_le_bytes());
    out
}

/// The checksum of a block, as tables store it.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = sum & 1 == 1;
            sum = (sum >> 1) ^ if odd { 0x82f6_3b78 } else { 0 };
        }
    }
    (!sum)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
        .to_le_bytes()
}

/// A table of blocks that are written already, each with the last of its keys and a byte for how it is packed.
pub(crate) fn of_blocks(blocks: &[(Vec<u8>, Vec<u8>, u8)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |block: &[u8], kind: u8| {
        let handle = [varint(out.len() as u64), varint(block.len() as u64)].concat();
        let sum = checksum(&[block, &[kind]].concat());
        out.extend([block, &[kind], &sum].concat());
        handle
    };
    let index: Vec<Entry> = blocks
        .iter()
        .map(|(last, block, kind)| (last.clone(), add(block, *kind)))
        .collect();
    let mut footer = add(&block(&[]), 0);
    footer.extend(add(&block(&index), 0));
    footer.resize(40, 0);
    out.extend(footer);
    out.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    out
}

/// A table with so many entries in each block.
pub(crate) fn table(entries: &[Entry], each: usize) -> Vec<u8> {
    let blocks: Vec<_> = entries
        .chunks(each)
        .map(|entries| {
            let last = entries.last().unwrap().0.clone();
            (last, block(entries), 0)
        })
        .collect();
    of_blocks(&blocks)
}
