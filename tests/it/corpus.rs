//! Files that real libraries wrote: what they are, what `recommended` makes of them, and how real torch took them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use weighbridge::{
    fact::{Circumstances, Fact, Text},
    policy::Policy,
    verdict::inspect,
};

use crate::support::{
    cli,
    fixture::{content, facts},
};

/// A row of `tests/corpus/files.tsv`.
struct Row {
    file: String,
    sha256: String,
    weights_only: String,
    needs: BTreeSet<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn rows() -> Vec<Row> {
    let table = fs::read_to_string(folder().join("files.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, sha256, _, _, weights_only, needs] = fields.as_slice() else {
            panic!("{line}");
        };
        Row {
            file: (*file).into(),
            sha256: (*sha256).into(),
            weights_only: (*weights_only).into(),
            needs: needs
                .split(',')
                .filter(|name| !name.is_empty())
                .map(String::from)
                .collect(),
        }
    });
    rows.collect()
}

#[test]
fn corpus_is_what_its_table_says() {
    let listed: BTreeMap<String, String> = rows()
        .into_iter()
        .map(|row| (row.file, row.sha256))
        .collect();
    let mut found = BTreeMap::new();
    for child in fs::read_dir(folder()).unwrap() {
        let path = child.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if ["README.md", "files.tsv", "make.py"].contains(&name.as_str()) {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() < 20_000, "{name} is not small");
        let mut digest = String::new();
        for byte in Sha256::digest(&bytes) {
            write!(digest, "{byte:02x}").unwrap();
        }
        found.insert(name, digest);
    }
    assert_eq!(found, listed);
}

/// The formats of each file (and of what it holds), and the exit code of `check` with the rules that fired.
#[test]
fn corpus_is_called_what_it_is_and_judged() {
    let mut text = String::new();
    for row in rows() {
        let bytes = fs::read(folder().join(&row.file)).unwrap();
        let mut formats = BTreeSet::new();
        let mut inside = BTreeSet::new();
        for observation in facts(bytes, &row.file) {
            if let Fact::Is(id) = observation.fact {
                let place = if observation.site.hops.is_empty() {
                    &mut formats
                } else {
                    &mut inside
                };
                place.insert(id.to_string());
            }
        }
        let run = cli::run(&folder(), &["check", "--format", "json", &row.file]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let rules: BTreeSet<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|finding| finding["rule"].as_str())
            .collect();
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join("+");
        writeln!(
            text,
            "{:25} {:13} {:10} exit {} {}",
            row.file,
            list(&formats),
            list(&inside),
            run.code,
            rules.into_iter().collect::<Vec<_>>().join(" ")
        )
        .unwrap();
    }
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(text.join("\n"), @"
    array.npy                 npy                      exit 0
    arrays.npz                npz           npy        exit 0
    arrays_compressed.npz     npz           npy+pickle exit 0
    collections.pt            torch-zip     pickle     exit 1 torch-weights-only
    data_0.pickle             pickle                   exit 0
    data_2.pickle             pickle                   exit 0
    data_4.pickle             pickle                   exit 0
    data_5.pickle             pickle                   exit 0
    module.pt                 torch-zip     pickle     exit 1 global-not-allowed
    numpy_scalars.pt          torch-zip     pickle     exit 0
    objects.npy               npy           pickle     exit 0
    pipeline.pkl              pickle                   exit 1 global-not-allowed
    script.pt                 torch-script  pickle     exit 0 torchscript-code unpinned-artifact
    state_dict.pth            torch-zip     pickle     exit 0
    state_dict_legacy.pth     torch-legacy             exit 0
    state_dict_protocol4.pth  torch-zip     pickle     exit 1 torch-weights-only
    training.ckpt             torch-zip     pickle     exit 0
    training_args.bin         torch-zip     pickle     exit 0
    weights.safetensors       safetensors              exit 0
    ");
}

/// What our verdict comes to, in the table's words.
#[test]
fn corpus_loads_as_real_torch_says() {
    let policy = Policy::recommended();
    for row in rows() {
        let bytes = fs::read(folder().join(&row.file)).unwrap();
        let path = Text::from(row.file.as_str());
        let scope = policy.scope(&path);
        let inspection = inspect(
            path,
            content(bytes, &row.file),
            Circumstances::default(),
            Vec::new(),
            &scope,
        );
        let torch = inspection
            .torch_loads
            .iter()
            .find(|load| load.place.is_empty());
        let (verdict, needs) = match torch {
            _ if row.weights_only == "-" => continue,
            Some(load) if load.loads => ("loads", BTreeSet::new()),
            Some(load) if !load.safe_globals.is_empty() => (
                "listed",
                load.safe_globals.iter().map(ToString::to_string).collect(),
            ),
            Some(_) => ("refuses", BTreeSet::new()),
            None => panic!("{} is torch's, and has no verdict", row.file),
        };
        assert_eq!(
            (verdict, &needs),
            (row.weights_only.as_str(), &row.needs),
            "{}",
            row.file
        );
    }
}
