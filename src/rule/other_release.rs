//! An artifact that another release of its library wrote than the repository asks for.

use super::Run;
use crate::finding::{Finding, Location, Subject};

declare_rule! {
    /// ## What it does
    ///
    /// Compares the release of scikit-learn that wrote an estimator, which stands in its state, with the releases that the repository asks
    /// for: `requirements*.txt` and `constraints*.txt` of pip with the lists that they include (`-r`, `-c`), `pyproject.toml`, `setup.cfg`,
    /// conda's `environment.yml`, `Pipfile`, and the lock files `uv.lock`, `poetry.lock`, `pdm.lock` and `Pipfile.lock`, in the nearest
    /// folder above the artifact that has one. A file that asks for one release counts more than a range.
    ///
    /// ## Why it matters
    ///
    /// Estimators are stored as they are in memory, and releases change that. scikit-learn warns when it loads one of another release
    /// (`InconsistentVersionWarning`): it may break, or give other results without an error.
    ///
    /// ## Example
    ///
    /// ```text
    /// requirements.txt       scikit-learn==1.5.2
    /// models/churn.joblib    written by scikit-learn 1.2.2
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// requirements.txt       scikit-learn==1.5.2
    /// models/churn.joblib    written by scikit-learn 1.5.2
    /// ```
    "other-release", "an artifact of another release of its library than the repository asks for",
    level: Warn, severity: Low, precision: High, cwe: [1357], tags: ["artifact"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for other in run.index.other_releases() {
        let library = &other.requirement.library;
        let primary = Location {
            path: other.artifact.clone(),
            site: other.site.clone(),
            ..Location::default()
        };
        let message = format!(
            "{library} {} wrote it, and {} asks for `{library}{}`",
            other.version, other.asking, other.requirement.specifier
        );
        let mut finding = Finding::new(&META, Subject::Artifact, primary, message);
        finding.related.push(Location {
            path: other.asking.clone(),
            site: other.asked_at.clone(),
            label: "asked for here".into(),
            ..Location::default()
        });
        finding.help.push(format!(
            "fit the model with the release that loads it, and save it again: {library} warns of others (`InconsistentVersionWarning`)"
        ));
        finding.help.push(format!(
            "or ask for the release that wrote it: `{library}=={}`",
            other.version
        ));
        findings.push(finding);
    }
}
