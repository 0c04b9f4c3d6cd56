//! What `policy check` finds in a policy: rules about a policy itself, which judge no file and have no level in a policy.

use crate::finding::{Level, Precision, RuleMeta, Severity};

/// What keeps a policy from being used.
pub static INVALID: RuleMeta = RuleMeta {
    id: "policy-invalid",
    summary: "what keeps a policy from being used",
    doc: " ## What it does

 Reports each error of a policy and of what it extends: a key that does not exist, a value of another type, a name that stands for
 nothing, a dangerous entry without a reason, what a policy above locks.

 ## Why it matters

 Every check that is judged by this policy fails with exit code 2 until it is mended.

 ## Example

 ```text
 weighbridge.yaml:2: `frmats` is not a key of the policy
 ```

 ## Use instead

 What the help of each finding says.
",
    level: Level::Deny,
    severity: Severity::Medium,
    precision: Precision::VeryHigh,
    cwe: &[],
    tags: &["policy"],
};

/// A line without need.
pub static UNNEEDED: RuleMeta = RuleMeta {
    id: "policy-unneeded",
    summary: "a line of a policy that has no effect or is not needed",
    doc: " ## What it does

 Reports entries, overrides, exclusions and waivers that no file of the repository needs (not with `--shared`); entries that are listed
 twice, are in a named pack or are refused all the same; levels that are inherited anyway; waivers that have ended or are beyond the
 terms.

 ## Why it matters

 Nobody reviews what nothing depends on: an entry that no file needs lets the next file pass that uses it.

 ## Example

 ```text
 weighbridge.yaml:5: no file of the repository needs `myapp.models.Net`
 ```

 ## Use instead

 Remove the line, or correct its pattern.
",
    level: Level::Deny,
    severity: Severity::Low,
    precision: Precision::High,
    cwe: &[],
    tags: &["policy"],
};

/// A line to be known.
pub static RISKY: RuleMeta = RuleMeta {
    id: "policy-risky",
    summary: "an entry of a policy that is dangerous or wide",
    doc: " ## What it does

 Reports entries that allow a name which is known to be dangerous, and patterns that allow every name of a package and its submodules.

 ## Why it matters

 They are there on purpose, and a reviewer should see them again each time.

 ## Example

 ```text
 weighbridge.yaml:8: `posix.system` is allowed although `os.system` runs a program or changes the system
 ```

 ## Use instead

 The narrowest entry that the files need; `weighbridge policy allow` writes it.
",
    level: Level::Warn,
    severity: Severity::Medium,
    precision: Precision::VeryHigh,
    cwe: &[],
    tags: &["policy"],
};

/// All of them.
pub static CHECK_RULES: &[&RuleMeta] = &[&INVALID, &UNNEEDED, &RISKY];
