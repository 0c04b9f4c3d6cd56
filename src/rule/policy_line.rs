//! A line of a policy that a change edits, as a place of a finding.

use std::ops::Range;

use crate::{
    fact::{Excerpt, Mark, Place, PolicyLine, Site},
    finding::Location,
};

/// A part of a line.
pub(super) fn site(line: u32, text: &str, part: &Range<usize>) -> Site {
    let column = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        u32::try_from(before.chars().count().saturating_add(1)).unwrap_or(u32::MAX)
    };
    Site {
        hops: Vec::new(),
        at: Place::Span {
            line,
            column: column(part.start),
            end_line: line,
            end_column: column(part.end),
        },
    }
}

/// Puts a location at a line of a policy, with its text.
pub(super) fn put(location: &mut Location, line: &PolicyLine, label: String) {
    location.site = site(line.line, &line.text, &line.range);
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
