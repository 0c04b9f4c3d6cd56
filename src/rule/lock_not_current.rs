//! What `freeze --check` finds: no rule that judges a file, and no policy has a level for it.

use crate::finding::{Level, Precision, RuleMeta, Severity};

/// A lock file that says something else than the files.
pub static LOCK_NOT_CURRENT: RuleMeta = RuleMeta {
    id: "lock-not-current",
    summary: "a model file that the lock file does not describe as it is",
    doc: " ## What it does

 Reports each model file that has no pin, whose bytes are not those of its pin, or of which the pin says something that is no longer so:
 its formats, its globals, the calls that load it. Reports each pin whose file is gone or has another name. It is found by
 `weighbridge freeze --check`, which asks for more than `weighbridge check`: there, the policy says which files need a pin.

 ## Why it matters

 A lock file that is not current shows a reviewer what was, and not what a change makes of it.

 ## Example

 ```text
 models/resnet.pt is also loaded by `torch.load` in src/train.py, and weighbridge.lock does not say so
 ```

 ## Use instead

 Review what changed, write the lock file, and commit it.

 ```sh
 weighbridge freeze
 ```
",
    level: Level::Deny,
    severity: Severity::Low,
    precision: Precision::VeryHigh,
    cwe: &[],
    tags: &["artifact", "pins"],
};
