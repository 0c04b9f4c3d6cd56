//! Code of the repository that a model brings for a library to import.

use super::Case;
use crate::{
    fact::{CodeHome, Fact, FactKind, NamedCode, Text},
    finding::{Finding, Location, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a configuration that names Python code of its own repository, which a library imports and calls if it is told to trust it:
    /// `auto_map` and `custom_pipelines` of transformers, modules beside a pipeline of diffusers. The finding says whether the file that
    /// holds the code is checked with it. The script `custom_generate/generate.py`, which transformers runs in place of its own
    /// generation, is reported as well.
    ///
    /// ## Why it matters
    ///
    /// Who loads the model has to allow that code (`trust_remote_code=True`), and then runs whatever it says, at the revision that
    /// is newest when it is fetched.
    ///
    /// ## Example
    ///
    /// ```text
    /// config.json   "auto_map": {"AutoModel": "modeling_a.AModel"}
    /// ```
    ///
    /// ## Use instead
    ///
    /// A class of the library itself. Where there is none, review the code like any that you run, and load the model with
    /// `revision=` a commit.
    "repository-code", "a configuration that names code of its repository",
    level: Warn, severity: High, precision: VeryHigh, cwe: [829], tags: ["artifact"],
    check
}

/// The key of a script that generates, and the folder in which transformers looks for it.
const GENERATION: &str = "custom_generate";

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::NamedCode) {
        let Fact::NamedCode(code) = &observation.fact else {
            continue;
        };
        if code.home != CodeHome::Here || is_elsewhere(code, &case.entry.path) {
            continue;
        }
        let message = if code.key.as_str() == Some(GENERATION) {
            String::from(
                "transformers runs this script in place of its own generation, when it loads the model and is told to trust its code",
            )
        } else {
            format!(
                "`{}` names `{}`, code of this repository that loading the model runs if it is trusted",
                code.key, code.name
            )
        };
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Call(code.name.clone());
        finding.help.push(
            "review that code like any that you run, and load the model with `revision=` the commit that was reviewed",
        );
        findings.push(finding);
    }
}

/// Whether a script that generates lies where nothing looks for it.
fn is_elsewhere(code: &NamedCode, path: &Text) -> bool {
    let mut folders = path.as_bytes().rsplit(|byte| *byte == b'/').skip(1);
    code.key.as_str() == Some(GENERATION) && folders.next() != Some(GENERATION.as_bytes())
}

/// Says which file of the view holds the code that findings of this rule are about. `has` tells whether the view has a path.
pub(super) fn say_where(findings: &mut [Finding], has: &dyn Fn(&[u8]) -> bool) {
    for finding in findings {
        let is_of_file = finding.primary.site.hops.is_empty();
        let Subject::Call(name) = &finding.subject else {
            continue;
        };
        if finding.rule.id != META.id || !is_of_file {
            continue;
        }
        let Some(module) = module(name) else {
            continue;
        };
        let path = finding.primary.path.as_bytes();
        let slash = path.iter().rposition(|byte| *byte == b'/');
        let folder = slash
            .and_then(|slash| path.get(..=slash))
            .unwrap_or_default();
        let source = [folder, module.as_bytes(), b".py"].concat();
        if source == path {
            continue;
        }
        if has(&source) {
            finding.related.push(Location {
                path: Text::from(source),
                introduced_by: finding.primary.introduced_by.clone(),
                label: "the code".into(),
                ..Location::default()
            });
        } else {
            finding.message.push_str(": `");
            finding.message.push_str(&Text::from(source).to_string());
            finding
                .message
                .push_str("`, which is not among the files that are checked");
        }
    }
}

/// The file, without its suffix, that holds a class: `modeling_a` of `modeling_a.AModel`, and of a module in the cache of transformers.
fn module(name: &Text) -> Option<&str> {
    let (module, _) = name.as_str()?.rsplit_once('.')?;
    let module = module.rsplit('.').next()?;
    (!module.is_empty()).then_some(module)
}
