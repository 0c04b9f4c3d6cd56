//! No small file costs much memory: files that were made to, checked by the program, which is watched meanwhile.
//!
//! Linux alone says how much memory a process has taken at most.

#![cfg(target_os = "linux")]

use std::{fs, io::Write as _, path::Path, process::Stdio, thread, time::Duration};

use crate::support::{
    cli::program,
    zip::{archive, deflated, stored},
};

/// Bytes of memory that a check of a small file may take.
const MOST: u64 = 128 << 20;

/// Bytes of a small file.
const SMALL: usize = 1 << 20;

/// The most memory that a check of one file takes, and its exit code.
fn peak(folder: &Path, name: &str) -> (u64, i32) {
    let mut child = program(folder)
        .args(["check", "--threads", "1", name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // Of a process that has ended it says nothing.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let kilobytes = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) << 10);
        if let Some(status) = child.try_wait().unwrap() {
            return (peak, status.code().unwrap());
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A file that is refused, and costs little.
fn costs_little(name: &str, bytes: &[u8]) {
    assert_eq!(code_of_a_cheap_check(name, bytes), 1, "{name} is refused");
}

fn code_of_a_cheap_check(name: &str, bytes: &[u8]) -> i32 {
    assert!(bytes.len() <= SMALL, "{name} has {} bytes", bytes.len());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    let (peak, code) = peak(folder.path(), name);
    assert!(peak > 0 && peak <= MOST, "{name}: {} MiB", peak >> 20);
    code
}

/// A deflated checkpoint of torch.
fn checkpoint(parts: &[&[u8]]) -> Vec<u8> {
    archive(&[
        deflated("a/data.pkl", parts.concat()),
        stored("a/version", "3\n"),
    ])
}

#[test]
fn a_stack_of_nothing() {
    costs_little(
        "a.pt",
        &checkpoint(&[b"\x80\x02", &b"N".repeat(13 << 20), b"."]),
    );
}

#[test]
fn a_stack_of_lists() {
    costs_little(
        "a.pt",
        &checkpoint(&[b"\x80\x02", &b"]".repeat(9 << 20), b"."]),
    );
}

#[test]
fn a_memo_of_one_value() {
    costs_little(
        "a.pt",
        &checkpoint(&[b"\x80\x04N", &b"\x94".repeat(20 << 20), b"."]),
    );
}

#[test]
fn marks() {
    costs_little(
        "a.pt",
        &checkpoint(&[b"\x80\x02", &b"(".repeat(5 << 20), b"."]),
    );
}

/// What torch's weights-only unpickler makes of each list is kept as long as it goes on.
#[test]
fn lists_in_a_list_in_the_memo() {
    let mut pickle = b"\x80\x02]".to_vec();
    for index in 0..3_000_000_u32 {
        pickle.extend([b']', b'r']);
        pickle.extend((index % 0x100).to_le_bytes());
        pickle.push(b'a');
    }
    let code = code_of_a_cheap_check("a.pt", &checkpoint(&[&pickle, b"."]));
    assert_eq!(code, 0, "it is followed to its end");
}

/// Each is kept for its name, its uses and its calls.
#[test]
fn globals_that_are_called_and_filled() {
    let mut pickle = b"\x80\x02".to_vec();
    for name in 0..120_000 {
        pickle.extend(format!("c{name:x}\na\n)R}}b]a0").into_bytes());
    }
    costs_little("a.pt", &checkpoint(&[&pickle, b"N."]));
}

#[test]
fn globals_with_long_names() {
    let mut pickle = b"\x80\x02".to_vec();
    let long = "a".repeat(4000);
    for name in 0..6_000 {
        pickle.extend(format!("c{name:x}{long}\na\n)R0").into_bytes());
    }
    costs_little("a.pt", &checkpoint(&[&pickle, b"N."]));
}

/// Every entry of the directory leads to one local header, whose name is another and long.
#[test]
fn entries_with_one_local_header() {
    let mut member = stored("x", "");
    member.local_name = Some(vec![b'a'; 60_000]);
    let whole = archive(&[member.clone()]);
    let entry = member.entry(0);
    let count = u16::try_from(12_000_u32).unwrap();
    let directory = entry.repeat(usize::from(count));
    let end = whole.len() - entry.len() - 22;
    let bytes = [
        &whole[..end],
        &directory,
        &crate::support::zip::end(
            count,
            u32::try_from(directory.len()).unwrap(),
            u32::try_from(end).unwrap(),
            b"",
        ),
    ]
    .concat();
    costs_little("a.zip", &bytes);
}

/// Each member is no bomb, and together they are read to their ends.
#[test]
fn many_members_that_decompress_to_much() {
    let bomb = deflated(
        "a.pkl",
        [
            b"\x80\x04B\0\0\x80\x04".as_slice(),
            &vec![0; 72 << 20],
            b".",
        ]
        .concat(),
    );
    let members: Vec<_> = (0..8)
        .map(|n| {
            let mut member = bomb.clone();
            member.name = format!("{n}.pkl").into_bytes();
            member
        })
        .collect();
    let code = code_of_a_cheap_check("a.zip", &archive(&members));
    assert_eq!(code, 0, "they are read to their ends");
}

/// Some of each content is held while what is in it is read.
#[test]
fn compressed_content_in_compressed_content() {
    let mut bytes = [b"\x80\x04B\0\0\0\x02".as_slice(), &vec![0; 32 << 20], b"."].concat();
    for level in [0, 0, 0, 0, 0, 0, 6] {
        let level = flate2::Compression::new(level);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
        encoder.write_all(&bytes).unwrap();
        bytes = encoder.finish().unwrap();
    }
    let code = code_of_a_cheap_check("a.pkl.gz", &bytes);
    assert_eq!(code, 0, "it is read to its end");
}

#[test]
fn a_tar_that_decompresses_to_a_gibibyte() {
    costs_little("x.dat", &crate::format::codecs::bomb());
}
