//! `pandas.read_pickle`.

use super::{
    Case,
    source::{finding, uses},
};
use crate::{fact::PyAct, finding::Finding};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `pandas.read_pickle`, called or passed on.
    ///
    /// ## Why it matters
    ///
    /// It unpickles: the file decides which functions are imported and called. It also reads from URLs and decompresses files
    /// by their suffix, so the pickle may not look like one.
    ///
    /// ## Example
    ///
    /// ```python
    /// import pandas as pd
    ///
    /// frame = pd.read_pickle("frame.pkl")
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import pandas as pd
    ///
    /// frame = pd.read_parquet("frame.parquet")
    /// ```
    "pandas-read-pickle", "`pandas.read_pickle`, which runs code that the file names",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "pandas"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let name = loader.name;
        let message = match call.act {
            PyAct::Partial => continue,
            PyAct::Call => format!("`{name}` runs any code that the file names"),
            _ => format!("`{name}` is passed on: it runs any code that the file names"),
        };
        let mut finding = finding(case, &META, (observation, call), None, message);
        finding.help.push(
            "write the frame with `to_parquet` or `to_feather`, and read it with `read_parquet` or `read_feather`",
        );
        findings.push(finding);
    }
}
