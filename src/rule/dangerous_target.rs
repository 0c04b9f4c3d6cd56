//! Functions that run programs or text, and that a configuration has called.

use rustc_hash::FxHashSet;

use super::Case;
use crate::{
    fact::{Fact, FactKind, Global, GlobalName, Site, Usage},
    finding::{Finding, Subject},
    policy::GlobalPolicy,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a configuration in YAML or JSON that names a function of Python's own which runs programs or text, for a library to
    /// call: `_target_` of hydra, and tags of Python in YAML (`!!python/object/apply:`). Other names are not reported: they
    /// are code of the repository and of its dependencies, which reads the configuration. Interpolations (`${...}`) are followed in the same
    /// file. In a MONAI bundle names in texts that are evaluated (`$os.system('id')`) count as well, and in a catalogue of intake
    /// drivers (`driver: subprocess.Popen`) and templates that run a program (`{{ shell('id') }}`).
    ///
    /// ## Why it matters
    ///
    /// `hydra.utils.instantiate` calls whatever `_target_` names, with the arguments beside it, and `yaml.unsafe_load` what a tag
    /// names. A change of one line in a configuration is then a program.
    ///
    /// ## Example
    ///
    /// ```text
    /// conf/model.yaml   _target_: os.system
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// conf/model.yaml   _target_: myapp.models.Net
    /// ```
    "dangerous-target", "a configuration that has a program or text run",
    level: Deny, severity: Critical, precision: High, cwe: [94, 470], tags: ["artifact"],
    check
}

/// What such a function does, in the words of the list of dangerous names. Ordinary configurations name others of it:
/// `functools.partial`, `torch.load`.
const RUNS: &[&str] = &[
    "runs a program or changes the system",
    "runs text as code",
    "imports any module by name, and with it runs the module",
];

/// Modules with such functions whose names no package of a repository has. `test`, `code` and `parser` are names of many.
const MODULES: &[&str] = &[
    "__builtin__",
    "_posixsubprocess",
    "asyncio",
    "builtins",
    "cpp_extension",
    "importlib",
    "multiprocessing",
    "nt",
    "os",
    "platform",
    "posix",
    "pty",
    "runpy",
    "subprocess",
    "timeit",
    "webbrowser",
];

/// What such modules have that only tells something or makes a folder, as configurations ask for: `_target_: os.cpu_count`.
const HARMLESS: &[&str] = &[
    "access",
    "cpu_count",
    "environ",
    "fsdecode",
    "fsencode",
    "fspath",
    "get_terminal_size",
    "getcwd",
    "getenv",
    "getlogin",
    "getpid",
    "getppid",
    "getuid",
    "listdir",
    "makedirs",
    "metadata",
    "mkdir",
    "path",
    "process_cpu_count",
    "resources",
    "scandir",
    "sched_getaffinity",
    "stat",
    "uname",
    "urandom",
    "walk",
];

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let globals = case.scope.globals();
    // The configuration of a model is judged as such, name by name.
    let told: FxHashSet<&Site> = case
        .of_kind(FactKind::Global)
        .filter(|it| {
            matches!(
                it.fact,
                Fact::Global {
                    usage: Usage::Configure,
                    ..
                }
            )
        })
        .map(|it| &it.site)
        .collect();
    for observation in case.of_kind(FactKind::ConfiguredCall) {
        if told.contains(&observation.site) {
            continue;
        }
        let Fact::ConfiguredCall(name) = &observation.fact else {
            continue;
        };
        let Some(danger) = danger(globals, name) else {
            continue;
        };
        if globals.allowed_by(name, Usage::Call).is_some() {
            continue;
        }
        let message = format!("the configuration has `{name}` called, which {danger}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Global(Global::Named(name.clone()));
        finding.help.push(
            "do not use this configuration; find out who wrote that line, and name a function of the repository there".to_owned(),
        );
        findings.push(finding);
    }
}

/// What calling a name would do, if it is one of those.
fn danger(globals: GlobalPolicy<'_>, name: &GlobalName) -> Option<&'static str> {
    let path = format!("{}.{}", name.module.as_str()?, name.name.as_str()?);
    let parts: Vec<&str> = path.split('.').collect();
    let module = parts.iter().rposition(|part| {
        MODULES.contains(part) || MODULES.contains(&part.trim_start_matches('_'))
    })?;
    let member = parts.get(module.saturating_add(1))?;
    if HARMLESS.contains(member) {
        return None;
    }
    // `logging.os.system` is one path of modules and attributes to whoever looks it up.
    let from_first = path
        .split_once('.')
        .map(|(module, rest)| GlobalName::new(module, rest));
    // `shutil` is listed for what else it does; a package of the repository is not.
    let is_listed = || {
        from_first
            .as_ref()
            .and_then(|name| globals.danger(name))
            .is_some()
    };
    let from_module = || {
        let (last, module) = parts.get(module..)?.split_last()?;
        Some(GlobalName::new(module.join("."), *last)).filter(|_| is_listed())
    };
    [Some(name.clone()), from_module(), from_first.clone()]
        .iter()
        .flatten()
        .filter_map(|name| globals.danger(name))
        .find(|danger| RUNS.contains(danger))
}
