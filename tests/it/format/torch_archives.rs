//! The weights-only verdict on generated archives against real torch: its release says of each whether it loads.
//!
//! `WEIGHBRIDGE_TORCH_ARCHIVES` (600) says how many are generated and `WEIGHBRIDGE_ORACLE_SEED` (1) which;
//! `WEIGHBRIDGE_TORCH_RECORDED` names files of what `tests/it/oracle/torch_archives.py` printed, to compare with more
//! releases than one Python has.

use std::io::BufRead as _;

use serde_json::Value;
use weighbridge::{
    bytes::Window,
    fact::{Fact, Text},
    policy::Policy,
    record::Recorder,
    verdict::{WeightsOnly, weights_only},
};

use crate::{policy::CATALOG, support::oracle};

/// The policy for a release: `2.6.0+cu124`.
pub(crate) fn policy(release: &str) -> Policy {
    let mut parts = release.split('.');
    let minor = format!("{}.{}", parts.next().unwrap(), parts.next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weighbridge.yaml");
    let text = format!("version: 1\nextends: recommended\ntarget: {{torch: \"{minor}\"}}\n");
    std::fs::write(&path, text).unwrap();
    Policy::load(&path, &CATALOG).unwrap()
}

/// What is different in one archive, if anything is.
fn difference(answer: &Value, policy: &Policy) -> Option<String> {
    let digits = answer["file"].as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
    let mut recorder = Recorder::default();
    weighbridge::format::read(&Window::new(bytes), b"model.pt", &mut recorder);
    let scope = policy.scope(&Text::from("model.pt"));
    let load = recorder.finish().into_iter().find_map(|o| match o.fact {
        Fact::TorchLoad(load) if o.site.hops.is_empty() => Some(load),
        _ => None,
    });
    let beyond = scope.torch().behaviour().any(|release| {
        let load = load.as_ref();
        load.is_some_and(|load| load.danger(|kind| release.behaves(kind)).is_some())
    });
    let ours = load.as_ref().map(|load| weights_only(load, &scope));
    let said = match &ours {
        Some(WeightsOnly::Loads) => "loads",
        Some(WeightsOnly::Listed(_)) => "listed",
        Some(WeightsOnly::Refused { .. }) | None => "refused",
    };
    // torch stops at the first reason it meets: at a global that it does not list, or at another obstacle before.
    let refused = |verdict: &str| matches!(verdict, "refused" | "listed" | "died" | "memory");
    let theirs = answer["verdict"].as_str().unwrap();
    let agree = match theirs {
        // Another machine has the device, or the memory.
        "elsewhere" => true,
        _ if answer["error"]
            .as_str()
            .is_some_and(|error| error.contains("allocate memory")) =>
        {
            true
        }
        // What lies in memory beyond a record decides, which no file says.
        "refused" if beyond => true,
        // What was never read is refused here; torch takes what lies in memory for indices.
        _ if matches!(&ours, Some(WeightsOnly::Refused { reason }) if reason.ends_with("cannot be read")) => {
            true
        }
        theirs => said == theirs || refused(said) && refused(theirs),
    };
    (!agree).then(|| {
        format!(
            "{} ({}): torch {theirs} ({}), we say {ours:?}",
            answer["n"], answer["how"], answer["error"]
        )
    })
}

#[test]
#[allow(
    clippy::print_stderr,
    reason = "a comparison says of how many files it was"
)]
fn the_verdict_on_archives_is_torch_s() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut compare = |lines: &mut dyn Iterator<Item = Value>| {
        let release = lines.next().unwrap()["torch"].as_str().unwrap().to_owned();
        let policy = policy(&release);
        for answer in lines {
            compared += 1;
            wrong.extend(difference(&answer, &policy).map(|wrong| format!("{release}: {wrong}")));
        }
    };
    if let Some(recorded) = std::env::var_os("WEIGHBRIDGE_TORCH_RECORDED") {
        for path in std::env::split_paths(&recorded) {
            let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
            let lines = file
                .lines()
                .map(|line| serde_json::from_str(&line.unwrap()).unwrap());
            compare(&mut lines.into_iter());
        }
    } else {
        let Some(python) = oracle::python("torch._weights_only_unpickler") else {
            return;
        };
        let setting =
            |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let count = setting("WEIGHBRIDGE_TORCH_ARCHIVES", "600");
        let seed = setting("WEIGHBRIDGE_ORACLE_SEED", "1");
        let answers = oracle::run(&python, "torch_archives.py", &[&count, &seed]);
        compare(&mut answers.into_iter());
    }
    eprintln!("{compared} archives compared");
    let count = wrong.len();
    wrong.truncate(400);
    assert!(
        wrong.is_empty(),
        "{count} of {compared}\n{}",
        wrong.join("\n")
    );
}
