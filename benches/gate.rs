//! The gate as a whole, in one process: a repository of twenty small files, and torch archives of any size, of which only
//! the index is read. Whole-process figures: `hyperfine 'weighbridge check PATH'`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark may fail loudly, and makes its own files"
)]

use std::{fs, io, path::Path, sync::Arc};

use divan::{Bencher, counter::ItemsCount};
use weighbridge::{
    bytes::{ByteSource, Window},
    fact::{Fact, GlobalName, Usage},
    inventory,
    pins::{Lock, Pin},
    policy::{GlobalVerdict, Policy},
    record::Recorder,
    scan,
};

fn main() {
    divan::main();
}

/// Zeros, with some bytes written over them.
struct Sparse {
    len: u64,
    patches: Vec<(u64, Vec<u8>)>,
}

impl ByteSource for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf
            .len()
            .min(usize::try_from(self.len.saturating_sub(offset)).unwrap());
        buf[..n].fill(0);
        for (at, bytes) in &self.patches {
            let (start, end) = (
                (*at).max(offset),
                (at + bytes.len() as u64).min(offset + n as u64),
            );
            if start < end {
                let from = usize::try_from(start - at).unwrap();
                let to = usize::try_from(start - offset).unwrap();
                let len = usize::try_from(end - start).unwrap();
                buf[to..to + len].copy_from_slice(&bytes[from..from + len]);
            }
        }
        Ok(n)
    }
}

/// A member's local header and its directory entry, both in zip64.
fn headers(name: &str, size: u64, at: u64) -> (Vec<u8>, Vec<u8>) {
    let n = u16::try_from(name.len()).unwrap().to_le_bytes();
    let sizes = [
        [1, 0, 16, 0].as_slice(),
        &size.to_le_bytes(),
        &size.to_le_bytes(),
    ]
    .concat();
    let mut local = b"PK\x03\x04\x2d\0\0\0\0\0\0\0\x21\0\0\0\0\0".to_vec();
    local.extend([0xff; 8]);
    local.extend([n.as_slice(), &[20, 0], name.as_bytes(), &sizes].concat());
    let mut entry = b"PK\x01\x02\x2d\0\x2d\0\0\0\0\0\0\0\x21\0\0\0\0\0".to_vec();
    entry.extend([0xff; 8]);
    entry.extend(
        [
            n.as_slice(),
            &[28, 0],
            &[0; 10],
            &[0xff; 4],
            name.as_bytes(),
        ]
        .concat(),
    );
    entry.extend([[1, 0, 24, 0].as_slice(), &sizes[4..], &at.to_le_bytes()].concat());
    (local, entry)
}

/// A torch zip of 256 tensors of `each` bytes.
fn torch_zip(each: u64) -> Sparse {
    let mut pickle = b"\x80\x02}q\0(".to_vec();
    for i in 0..256 {
        let (name, key) = (format!("layer{i}.w"), i.to_string());
        pickle.extend(
            [
                b"X".as_slice(),
                &u32::try_from(name.len()).unwrap().to_le_bytes(),
                name.as_bytes(),
            ]
            .concat(),
        );
        pickle.extend(
            b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n",
        );
        pickle.extend(
            [
                b"X".as_slice(),
                &u32::try_from(key.len()).unwrap().to_le_bytes(),
                key.as_bytes(),
            ]
            .concat(),
        );
        pickle.extend(b"X\x03\0\0\0cpuM\x10\0tQK\0(K\x04K\x04t(K\x04K\x01t\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    let mut members = vec![
        ("m/data.pkl".to_owned(), pickle),
        ("m/version".to_owned(), b"3\n".to_vec()),
    ];
    members.extend((0..256).map(|i| (format!("m/data/{i}"), Vec::new())));
    let (mut at, mut patches, mut directory) = (0, Vec::new(), Vec::new());
    for (name, body) in members {
        let size = if body.is_empty() {
            each
        } else {
            body.len() as u64
        };
        let (local, entry) = headers(&name, size, at);
        directory.extend(entry);
        let start = at + local.len() as u64;
        patches.push((at, local));
        if !body.is_empty() {
            patches.push((start, body));
        }
        at = start + size;
    }
    let size = directory.len() as u64;
    let (start, end) = (at, at + size);
    let mut tail = directory;
    tail.extend(b"PK\x06\x06");
    tail.extend(44_u64.to_le_bytes());
    tail.extend([0x2d, 0, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [258, 258, size, start] {
        tail.extend(field.to_le_bytes());
    }
    tail.extend(b"PK\x06\x07\0\0\0\0");
    tail.extend(end.to_le_bytes());
    tail.extend([1, 0, 0, 0]);
    tail.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    let len = at + tail.len() as u64;
    patches.push((at, tail));
    Sparse { len, patches }
}

#[divan::bench(args = [64 << 10, 16 << 20, 160 << 20])]
fn torch_zip_of_256_tensors(bencher: Bencher<'_, '_>, each: u64) {
    let window = Window::shared(Arc::new(torch_zip(each)));
    let read = || {
        let mut recorder = Recorder::default();
        weighbridge::format::read(&window, b"model.pt", &mut recorder);
        recorder.finish()
    };
    let odd = read().into_iter().find(|o| match &o.fact {
        Fact::TorchLoad(load) => load.never_loads(),
        fact => matches!(fact, Fact::Unread(_) | Fact::Anomaly { .. }),
    });
    assert!(odd.is_none(), "{odd:?}");
    bencher.bench(|| read().len());
}

/// Twenty small files in a folder: source, text and a few artifacts.
fn small_tree(root: &Path) {
    for i in 0..16 {
        fs::write(
            root.join(format!("mod_{i}.py")),
            "import torch\n\ndef f(p):\n    return torch.load(p, weights_only=True)\n",
        )
        .unwrap();
    }
    fs::write(root.join("README.md"), "# A repository\n").unwrap();
    fs::write(root.join("config.json"), "{}\n").unwrap();
    fs::write(root.join("a.pkl"), b"\x80\x04]\x94(K\x01K\x02e.").unwrap();
    fs::write(root.join("b.pkl"), b"\x80\x02}q\0X\x01\0\0\0aK\x01s.").unwrap();
}

#[divan::bench]
fn twenty_small_files(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    small_tree(dir.path());
    bencher.bench(|| {
        let view = scan::work_tree(dir.path(), &[]).unwrap();
        let report = scan::check(
            &view,
            &Policy::recommended(),
            String::new(),
            scan::Request::default(),
            &(),
        )
        .unwrap();
        assert_eq!(report.coverage.artifacts, 2);
        report.findings.len()
    });
}

/// A pickle that names so many globals, none of them allowed.
fn names(count: usize) -> Vec<u8> {
    let mut file = b"\x80\x02(".to_vec();
    for n in 0..count {
        file.extend(format!("cmod{}\nName{n}\n", n % 50).into_bytes());
    }
    file.extend(b"l.");
    file
}

/// Reading and judging one file of names that no policy lists: its cost is that of its size.
#[divan::bench(args = [100, 1_000, 10_000, 100_000])]
fn judge_names(bencher: Bencher<'_, '_>, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("names.pkl"), names(count)).unwrap();
    let policy = Policy::recommended();
    bencher.bench_local(|| {
        let view = scan::work_tree(folder.path(), &[]).unwrap();
        let request = scan::Request {
            threads: Some(1),
            ..scan::Request::default()
        };
        scan::check(&view, &policy, String::new(), request, &()).unwrap()
    });
}

/// A memo that is filled densely, and one of which only every 300th entry is set.
#[divan::bench(args = [1_u32, 300])]
fn memo(bencher: Bencher<'_, '_>, stride: u32) {
    let mut file = b"N".to_vec();
    for n in 0..50_000 {
        file.push(b'r');
        file.extend((n * stride).to_le_bytes());
    }
    file.push(b'.');
    let file = Arc::<[u8]>::from(file);
    bencher.bench_local(|| {
        let mut recorder = Recorder::default();
        weighbridge::format::read(&Window::new(file.to_vec()), b"memo.pkl", &mut recorder);
        recorder.finish()
    });
}

/// The policy of a large organisation: so many names, a tenth as many overrides and as many waivers.
fn policy_text(names: usize) -> String {
    let mut text = String::from("version: 1\nextends: recommended\nglobals:\n  allow:\n");
    text.extend((0..names).map(|n| format!("    - pkg{n}.mod.Class{n}\n")));
    text += "overrides:\n";
    let over =
        |n: usize| format!("  - paths: [\"dir{n}/**\"]\n    rules: {{global-not-allowed: warn}}\n");
    text.extend((0..names / 10).map(over));
    text += "waivers:\n";
    text.extend((0..names / 10).map(|n| {
        format!(
            "  - rule: global-not-allowed\n    paths: [\"models/{n}.pt\"]\n    subject: app.m{n}.Net\n    \
             reason: converted in the next release\n    owner: \"@ml-platform\"\n    expires: 2027-03-31\n"
        )
    }));
    text
}

/// Reading a policy: at 5,000 names, 500 overrides and 500 waivers it should take less than 20 ms.
#[divan::bench(args = [50, 500, 5_000])]
fn load_policy(bencher: Bencher<'_, '_>, names: usize) {
    let text = policy_text(names);
    bencher.bench_local(|| scan::parse_policy("weighbridge.yaml", &text).unwrap());
}

/// What a large policy says of a name that it does not list, and of one that it does: less than a microsecond each.
#[divan::bench(args = ["elsewhere.models.Net0", "pkg77.mod.Class77", "torch._utils._rebuild_tensor_v2"])]
fn rule_on_a_name(bencher: Bencher<'_, '_>, name: &str) {
    let policy = scan::parse_policy("weighbridge.yaml", &policy_text(5_000)).unwrap();
    let scope = policy.scope(&"models/a.pkl".into());
    let (module, name) = name.rsplit_once('.').unwrap();
    let name = GlobalName::new(module, name);
    bencher.bench_local(|| {
        let ruling = scope.globals().ruling(&name);
        (
            ruling.allows(Usage::Call),
            ruling.standing(),
            ruling.danger(),
        )
    });
}

/// Distinct names, each of them allowed or refused by `policy_text(5_000)`.
#[derive(Debug, Clone, Copy)]
enum Names {
    Allowed,
    Refused,
}

impl Names {
    fn of(self, n: usize) -> GlobalName {
        match self {
            Self::Allowed => GlobalName::new(format!("pkg{n}.mod"), format!("Class{n}")),
            Self::Refused => GlobalName::new(format!("elsewhere{n}.models"), format!("Net{n}")),
        }
    }
}

const JUDGED: [(Names, usize); 4] = [
    (Names::Allowed, 100),
    (Names::Allowed, 5_000),
    (Names::Refused, 100),
    (Names::Refused, 5_000),
];

/// What a large policy says of distinct names, and by which line: of a refused one the line is written out. Items are names.
#[divan::bench(args = JUDGED)]
fn verdicts_by_a_large_policy(bencher: Bencher<'_, '_>, (names, count): (Names, usize)) {
    let policy = scan::parse_policy("weighbridge.yaml", &policy_text(5_000)).unwrap();
    let scope = policy.scope(&"models/a.pkl".into());
    let all: Vec<GlobalName> = (0..count).map(|n| names.of(n)).collect();
    let judge = |name: &GlobalName| {
        let verdict = scope.globals().verdict(name, Usage::Import);
        matches!(verdict, GlobalVerdict::Allowed(_))
    };
    let is_allowed = matches!(names, Names::Allowed);
    assert!(all.iter().all(|name| judge(name) == is_allowed));
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| all.iter().filter(|name| judge(name)).count());
}

/// The same names in one file that is read and judged, with every finding. Items are names.
#[divan::bench(args = JUDGED)]
fn check_by_a_large_policy(bencher: Bencher<'_, '_>, (names, count): (Names, usize)) {
    let policy = scan::parse_policy("weighbridge.yaml", &policy_text(5_000)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut file = b"\x80\x02(".to_vec();
    for name in (0..count).map(|n| names.of(n)) {
        let (module, name) = (name.module.as_str().unwrap(), name.name.as_str().unwrap());
        file.extend(format!("c{module}\n{name}\n").into_bytes());
    }
    file.extend(b"l.");
    fs::write(folder.path().join("names.pkl"), file).unwrap();
    let check = || {
        let view = scan::work_tree(folder.path(), &[]).unwrap();
        let request = scan::Request {
            threads: Some(1),
            ..scan::Request::default()
        };
        scan::check(&view, &policy, String::new(), request, &()).unwrap()
    };
    assert_eq!(check().findings.is_empty(), matches!(names, Names::Allowed));
    bencher.counter(ItemsCount::new(count)).bench_local(check);
}

/// A pinned file of 64 MiB: hashed, and known from an earlier run.
#[divan::bench(args = [false, true])]
fn pinned_file(bencher: Bencher<'_, '_>, keeps_digests: bool) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let git = std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(&root)
        .status();
    assert!(git.unwrap().success());
    let zeros = vec![b'0'; 64 << 20];
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let file = [b"\x80\x02X".as_slice(), &size, &zeros, b"."].concat();
    let pin = Pin {
        path: "a.pkl".into(),
        sha256: inventory::sha256(&Window::new(file.clone())).unwrap(),
        size: file.len() as u64,
        ..Pin::default()
    };
    fs::write(root.join("a.pkl"), file).unwrap();
    fs::write(root.join("weighbridge.lock"), Lock::new([pin]).text()).unwrap();
    // What was just written is not kept.
    std::thread::sleep(std::time::Duration::from_millis(3_200));
    bencher.bench_local(|| {
        let view = scan::work_tree(&root, &[]).unwrap();
        let asked = scan::PolicyRequest::default();
        let (view, policy, name) = scan::find_policy(view, &asked, &root).unwrap();
        let request = scan::Request {
            threads: Some(1),
            keeps_digests,
            ..scan::Request::default()
        };
        let report = scan::check(&view, &policy, name, request, &()).unwrap();
        assert_eq!((report.coverage.pinned, report.findings.len()), (1, 0));
    });
}
