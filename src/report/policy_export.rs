//! What a policy says, for the Python side: a list for torch, variables of the environment, floors of versions. Every word that
//! comes from a policy or a file is in a comment and made harmless, or is a plain identifier.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::{Style, terminal::harmless};
use crate::policy::{Floor, ListCall, SafeGlobal};

/// What `torch.load(weights_only=True)` is told to accept.
#[derive(Debug)]
pub struct TorchList {
    /// The policy, as reports call it.
    pub policy: String,
    /// For what the list is, in words.
    pub about: String,
    /// The oldest release of torch that will load the artifacts.
    pub torch: (u16, u16),
    /// The newest.
    pub newest: (u16, u16),
    /// What the policy allows and torch does not by default.
    pub globals: Vec<SafeGlobal>,
    /// What else is to be known, a sentence each.
    pub notes: Vec<String>,
}

/// Variables that make loaders refuse code, with what each does.
const VARIABLES: &[(&str, &str, &str)] = &[
    (
        "TORCH_FORCE_WEIGHTS_ONLY_LOAD",
        "1",
        "torch: every `torch.load` is weights-only, whatever the call says",
    ),
    (
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION",
        "false",
        "MLflow 3: models that are stored as pickles are refused",
    ),
    (
        "DIFFUSERS_DISABLE_REMOTE_CODE",
        "1",
        "diffusers: no pipeline runs code of its repository",
    ),
    (
        "ULTRALYTICS_SAFE_LOAD",
        "1",
        "ultralytics: checkpoints are loaded weights-only",
    ),
    (
        "HF_DATASETS_TRUST_REMOTE_CODE",
        "0",
        "datasets before 4.0: no dataset runs a script of its repository",
    ),
];

/// How variables are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// For a shell to source: `export X=1`.
    Shell,
    /// For programs that read a file of variables: `X=1`.
    Dotenv,
}

fn comment(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "# {}", harmless(text, Style::default()))
}

/// Writes the list as Python that runs.
///
/// # Errors
/// Whatever `out` answers.
pub fn python(list: &TorchList, out: &mut dyn Write) -> io::Result<()> {
    let (major, minor) = list.torch;
    let mut releases = format!("{major}.{minor}");
    if list.newest != list.torch {
        releases = format!("{releases} to {}.{}", list.newest.0, list.newest.1);
    }
    let head = format!(
        "What {} allows {} beyond what torch {releases} lists itself.",
        list.policy, list.about
    );
    comment(out, &head)?;
    comment(
        out,
        "torch compares names only: files can call what is listed with any arguments.",
    )?;
    for note in &list.notes {
        comment(out, note)?;
    }
    let call = ListCall::of(list.torch);
    let mut objects: Vec<(String, &str)> = Vec::new();
    let mut modules: BTreeSet<&str> = BTreeSet::from(["torch"]);
    for global in &list.globals {
        match &global.object {
            Ok(_) if call == ListCall::Missing => {}
            Ok(object) => {
                modules.insert(&object.module);
                objects.push((object.listed(call), &global.allowed_by));
            }
            Err(why) => comment(out, &not_listed(global, why))?,
        }
    }
    if call == ListCall::Missing {
        return comment(
            out,
            &format!(
                "torch {major}.{minor} has no list to add names to: load with torch {} or newer.",
                ListCall::SINCE
            ),
        );
    }
    for module in modules {
        writeln!(out, "import {module}")?;
    }
    writeln!(out)?;
    let indent = if objects.is_empty() {
        ""
    } else if call == ListCall::Add {
        writeln!(out, "torch.serialization.add_safe_globals([")?;
        items(&objects, out)?;
        writeln!(out, "])")?;
        ""
    } else {
        writeln!(out, "with torch.serialization.safe_globals([")?;
        items(&objects, out)?;
        writeln!(out, "]):")?;
        "    "
    };
    writeln!(out, "{indent}state = torch.load(path, weights_only=True)")?;
    out.flush()
}

fn items(objects: &[(String, &str)], out: &mut dyn Write) -> io::Result<()> {
    for (object, by) in objects {
        writeln!(out, "    {object},  # {}", harmless(by, Style::default()))?;
    }
    Ok(())
}

fn not_listed(global: &SafeGlobal, why: &str) -> String {
    let by = &global.allowed_by;
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(" ({by})")
    };
    format!("not listed: {} {why}{by}", global.text)
}

/// Writes the variables.
///
/// # Errors
/// Whatever `out` answers.
pub fn environment(syntax: Syntax, out: &mut dyn Write) -> io::Result<()> {
    let word = match syntax {
        Syntax::Shell => "export ",
        Syntax::Dotenv => "",
    };
    for (name, value, effect) in VARIABLES {
        comment(out, effect)?;
        writeln!(out, "{word}{name}={value}")?;
    }
    out.flush()
}

/// Writes the floors as requirements of pip.
///
/// # Errors
/// Whatever `out` answers.
pub fn requirements(policy: &str, floors: &[Floor], out: &mut dyn Write) -> io::Result<()> {
    comment(
        out,
        &format!("The oldest releases for which {policy} holds."),
    )?;
    for Floor {
        library,
        since,
        reason,
    } in floors
    {
        comment(out, reason)?;
        writeln!(out, "{library}>={since}")?;
    }
    out.flush()
}
