//! A line of a policy that a change edits, as a place of a finding.

use crate::{
    fact::{Excerpt, Mark, Place, PolicyLine, Site},
    finding::Location,
};

/// Puts a location at a line of a policy, with its text.
pub(super) fn put(location: &mut Location, line: &PolicyLine, label: String) {
    let column = |at: usize| {
        let before = line.text.get(..at).unwrap_or_default();
        u32::try_from(before.chars().count().saturating_add(1)).unwrap_or(u32::MAX)
    };
    location.site = Site {
        hops: Vec::new(),
        at: Place::Span {
            line: line.line,
            column: column(line.range.start),
            end_line: line.line,
            end_column: column(line.range.end),
        },
    };
    location.excerpt = Some(Excerpt {
        text: line.text.clone(),
        first_line: Some(line.line),
        marks: vec![Mark {
            range: line.range.clone(),
            label: String::new(),
        }],
        arguments: Vec::new(),
    });
    location.label = label;
}
