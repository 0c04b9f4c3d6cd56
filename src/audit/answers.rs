//! The answers to findings: kept with a result, so that what is written of it later says what `check` says.

use std::{collections::BTreeMap, sync::Arc};

use super::result::Answer;
use crate::finding::{self, Finding};

/// The answers to findings that count, each once, with the places of its findings among these.
pub(super) fn of<'a>(active: impl Iterator<Item = &'a Finding>) -> Vec<Answer> {
    let mut all: Vec<Answer> = Vec::new();
    let mut places: BTreeMap<*const finding::Answer, usize> = BTreeMap::new();
    for (at, finding) in active.enumerate() {
        let Some(answer) = &finding.answer else {
            continue;
        };
        let place = *places.entry(Arc::as_ptr(answer)).or_insert_with(|| {
            all.push(Answer {
                findings: Vec::new(),
                message: answer.message.clone(),
                names: answer.names.clone(),
                condition: answer.condition.clone(),
                edits: answer.edits.clone(),
                besides: answer.besides.clone(),
                packs: packs(&answer.additions),
            });
            all.len().saturating_sub(1)
        });
        if let Some(known) = all.get_mut(place) {
            known.findings.push(at);
        }
    }
    all
}

/// The packs of additions that are nothing else.
fn packs(additions: &finding::Additions) -> Vec<String> {
    let is_all = additions.globals.is_empty() && additions.exclude.is_empty();
    let packs = additions.packs.iter().filter(|_| is_all);
    packs.map(|pack| (*pack).to_owned()).collect()
}

/// Gives findings that count their answers; there may be gaps among them.
pub(super) fn give(answers: &[Answer], findings: &mut [Option<Finding>]) {
    for answer in answers {
        let shared = Arc::new(finding::Answer {
            message: answer.message.clone(),
            names: answer.names.clone(),
            condition: answer.condition.clone(),
            edits: answer.edits.clone(),
            besides: answer.besides.clone(),
            ..finding::Answer::default()
        });
        for at in &answer.findings {
            if let Some(Some(finding)) = findings.get_mut(*at) {
                finding.answer = Some(Arc::clone(&shared));
            }
        }
    }
}
