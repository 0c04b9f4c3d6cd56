//! Comments in an entry that ask for findings not to count.

use crate::{
    fact::{Circumstances, ContentFacts, Entry, Excerpts, Fact, Hop, Place, Text, Unread},
    finding::Location,
    policy::{Arrival, Comment},
    verdict::Scales,
};

/// The comments of an entry, weighed by the policy. Those inside archives are nobody's here to write. `new` is the arrival of those in
/// lines that the view's change brings.
pub(super) fn of(
    entry: &Entry,
    (facts, circumstances): (&ContentFacts, &Circumstances),
    excerpts: &Excerpts,
    scales: &Scales<'_>,
    new: Arrival,
) -> Vec<Comment> {
    let found = facts.observations.iter().filter_map(|observation| {
        let Fact::Suppression(says) = &observation.fact else {
            return None;
        };
        let site = &observation.site;
        let is_source = site.hops.iter().all(|hop| matches!(hop, Hop::Cell(_)));
        let on_change = match site.at {
            Place::Span { line, .. } if site.hops.is_empty() => {
                circumstances.changed.touches(line, line)
            }
            _ => true,
        };
        let location = Location {
            path: entry.path.clone(),
            introduced_by: entry.introduced_by.clone(),
            site: site.clone(),
            excerpt: observation.excerpt.and_then(|id| excerpts.get(id).cloned()),
            ..Location::default()
        };
        let says = says.as_ref().clone();
        is_source.then(|| {
            Comment::new(
                location,
                says,
                (new, on_change),
                scales.accepts,
                scales.today,
            )
        })
    });
    let mut comments: Vec<Comment> = found.collect();
    if !comments.is_empty() {
        let is_partial = facts.observations.iter().any(|observation| {
            matches!(
                &observation.fact,
                Fact::Partial(_) | Fact::Unread(Unread::Limit(_) | Unread::Crashed { .. })
            )
        });
        let is_judged = !is_partial && circumstances.is_whole();
        for comment in &mut comments {
            comment.is_judged = is_judged;
        }
    }
    comments
}

/// The comments at a path, of comments sorted by path.
pub(super) fn at<'c>(comments: &'c mut [Comment], path: &Text) -> &'c mut [Comment] {
    let from = comments.partition_point(|comment| comment.location.path < *path);
    let to = comments.partition_point(|comment| comment.location.path <= *path);
    comments.get_mut(from..to).unwrap_or_default()
}
