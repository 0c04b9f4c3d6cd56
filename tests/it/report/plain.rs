//! What a listener hears.

use weighbridge::report::Style;

use crate::support::report::{only, report, written};

#[test]
fn one_of_everything() {
    insta::assert_snapshot!("plain", written("plain", &report(), Style::default()));
}

#[test]
fn every_line_says_what_it_is() {
    let starts = [
        "File ",
        "Error, rule ",
        "Warning, rule ",
        "Place: ",
        "Opcode at ",
        "Line ",
        "Marked: ",
        "Decided by ",
        "Help: ",
        "Help, continued: ",
        "Also: ",
        "Refused: ",
        "Checked: ",
        "Policy: ",
        "Next: ",
    ];
    for line in written("plain", &report(), Style::default()).lines() {
        assert_eq!(line, line.trim_end());
        assert!(
            line.is_empty() || starts.iter().any(|start| line.starts_with(start)),
            "{line}"
        );
    }
}

#[test]
fn success_is_short() {
    insta::assert_snapshot!(
        written("plain", &only(vec![]), Style::default()),
        @"
    Passed: 1 artifact and 1 source file in the work tree.
    Policy: recommended (built in).
    "
    );
}
