//! `numpy.load(..., allow_pickle=True)`.

use super::{
    Case,
    source::{deciding, finding, replaced, rewritten, uses},
};
use crate::{fact::Constant, finding::Finding, words};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses `numpy.load`, `numpy.lib.format.read_array` and `numpy.lib.npyio.NpzFile` if `allow_pickle` is true, or if the
    /// source does not show its value. A parameter whose default is false counts as false.
    ///
    /// ## Why it matters
    ///
    /// An array of objects is stored as a pickle: with `allow_pickle=True`, an `.npy` file or any member of an `.npz` file
    /// runs any code that it names. The default is false since NumPy 1.16.3, and numeric arrays never need it.
    ///
    /// ## Example
    ///
    /// ```python
    /// import numpy as np
    ///
    /// data = np.load("data.npy", allow_pickle=True)
    /// more = np.load("more.npz", None, True)
    /// ```
    ///
    /// ```python
    /// import numpy as np
    ///
    /// data = np.load("data.npy", allow_pickle=config.allow_pickle)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import numpy as np
    ///
    /// data = np.load("data.npy")
    /// more = np.load("more.npz", allow_pickle=False)
    /// ```
    "numpy-allow-pickle", "NumPy with `allow_pickle=True`, which unpickles arrays of objects",
    level: Deny, severity: High, precision: VeryHigh, cwe: [502], tags: ["source", "numpy"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let name = loader.name;
        let Some(argument) = deciding(call, loader, "allow_pickle") else {
            continue;
        };
        if argument.inherited {
            continue;
        }
        let truth = match &argument.value {
            Constant::Parameter(Some(default)) if default.truth() == Some(false) => Some(false),
            value => value.truth(),
        };
        let message = match truth {
            Some(false) => continue,
            Some(true) => format!(
                "`allow_pickle=True` lets `{name}` run any code that an array of objects names"
            ),
            None => format!(
                "`allow_pickle={}` is not a constant: where it is true, `{name}` runs any code that an array of objects names",
                words::written_value(argument)
            ),
        };
        let mut finding = finding(case, &META, (observation, call), Some(argument), message);
        let fixed = rewritten(
            call,
            Some(("allow_pickle", "False")),
            loader.argument("allow_pickle"),
        );
        finding.help.push(format!("write `{fixed}`"));
        let safe = match &argument.name {
            Some(_) => "allow_pickle=False",
            None => "False",
        };
        finding.fix = replaced(observation, argument, Some("True"), safe);
        if let Some(fix) = &mut finding.fix {
            fix.title = String::from("write `allow_pickle=False`");
        }
        finding.help.push(
            "if it then fails, the array holds objects: store text and records as fixed-width dtypes, or in JSON or Parquet",
        );
        findings.push(finding);
    }
}
