//! What a model of `MLflow` has installed from elsewhere than the index of packages.

use super::Run;
use crate::finding::{Finding, Location, Subject};

declare_rule! {
    /// ## What it does
    ///
    /// Reads what lies beside an `MLmodel` and says what has to be installed: `requirements.txt`, `conda.yaml` and `python_env.yaml`. It reports an
    /// address or a repository to install from that no digest and no commit fixes, and an index of packages or a channel that is none
    /// of the public ones. Packages by name and release are not reported.
    ///
    /// ## Why it matters
    ///
    /// `mlflow models serve`, `mlflow models predict` and `spark_udf` make an environment of these files and install into it, which runs the scripts of
    /// the packages. What an address gives may be another package each day, and a second index may offer one of any name.
    ///
    /// ## Example
    ///
    /// ```text
    /// model/requirements.txt   git+https://example.org/someone/tools
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// model/requirements.txt   tools==1.4.2
    /// ```
    "model-requirements", "a model that has something installed from elsewhere",
    level: Warn, severity: High, precision: High, cwe: [494, 829], tags: ["artifact"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for (path, installed) in run.index.installed_by_models() {
        let primary = Location {
            path: (*path).clone(),
            site: installed.site.clone(),
            ..Location::default()
        };
        let message = format!(
            "serving the model beside it installs from {}: {}",
            installed.install.from, installed.install.what
        );
        let subject = Subject::File(installed.install.what.clone());
        let mut finding = Finding::new(&META, subject, primary, message);
        finding.help.push(
            "name the package with its release, or fix what is installed with a digest or a commit",
        );
        findings.push(finding);
    }
}
