//! Which commit each line of a small file came with.
//!
//! From a commit back to its parents: a line that a parent's file has as well is the parent's, and came with the parent or one before it.
//! Lines are told apart by their bytes; where several parents have one, it is the first one's.

use std::{collections::BTreeSet, path::Path};

use gix::ObjectId;
use rustc_hash::FxHashMap;

use super::{
    super::{View, objects::Trees, relative_bytes, revision::Revision, snapshot::Snapshot},
    header::{Header, describe},
};
use crate::{fact::Commit, limits};

/// The lines of a file of the commit that `name` stands for, each with the commit that it came with: none of them where the history is not all
/// here, or is too long.
pub fn line_origins(view: &View, name: &str, path: &Path) -> Vec<Option<Commit>> {
    let origins = || {
        let repository = view.repository.as_ref()?;
        let commit = Revision::find(&repository.to_thread_local(), name)
            .ok()?
            .commit?;
        let stores = view.stores(None).ok()??;
        Walk {
            trees: Trees::new(stores.open()),
            path: relative_bytes(path),
            texts: FxHashMap::default(),
            left: limits::LINE_ORIGINS,
            buffer: Vec::new(),
        }
        .run(commit)
    };
    origins().unwrap_or_default()
}

/// The lines of a version of the file.
type Lines = Vec<Vec<u8>>;

struct Walk {
    trees: Trees,
    path: Vec<u8>,
    /// By the file's object id.
    texts: FxHashMap<ObjectId, Lines>,
    /// Commits that may still be looked at.
    left: usize,
    buffer: Vec<u8>,
}

impl Walk {
    fn run(mut self, tip: ObjectId) -> Option<Vec<Option<Commit>>> {
        let (file, _) = self.look(tip)?;
        let all = self.lines(file?)?;
        let mut origins: FxHashMap<Vec<u8>, ObjectId> = FxHashMap::default();
        let mut open = vec![(tip, all.iter().cloned().collect::<BTreeSet<_>>())];
        while let Some((commit, mut lines)) = open.pop() {
            let (file, parents) = self.look(commit)?;
            for parent in parents {
                let (other, _) = self.look(parent)?;
                let shared = match other {
                    Some(other) if Some(other) == file => std::mem::take(&mut lines),
                    Some(other) => {
                        let there: BTreeSet<_> = self.lines(other)?.into_iter().collect();
                        let shared = lines.intersection(&there).cloned().collect();
                        lines.retain(|line| !there.contains(line));
                        shared
                    }
                    None => BTreeSet::new(),
                };
                if !shared.is_empty() {
                    open.push((parent, shared));
                }
            }
            origins.extend(lines.into_iter().map(|line| (line, commit)));
        }
        let mut commits: FxHashMap<ObjectId, Commit> = FxHashMap::default();
        let origin = |line: Vec<u8>| {
            let id = *origins.get(&line)?;
            let (objects, buffer) = (self.trees.objects(), &mut self.buffer);
            let commit = commits.entry(id);
            Some(
                commit
                    .or_insert_with(|| describe(objects, id, buffer))
                    .clone(),
            )
        };
        Some(all.into_iter().map(origin).collect())
    }

    /// The file that a commit has at the path, if it has one, and its parents.
    fn look(&mut self, commit: ObjectId) -> Option<(Option<ObjectId>, Vec<ObjectId>)> {
        self.left = self.left.checked_sub(1)?;
        let objects = self.trees.objects();
        let hash = objects.hash();
        objects.read(commit, &mut self.buffer).ok()?;
        let header = Header::parse(&self.buffer, hash)?;
        let (tree, parents) = (header.tree, header.parents.collect());
        let entry = Snapshot::Tree(tree)
            .entry(&mut self.trees, &self.path)
            .ok()?;
        let file = entry.filter(|(mode, _)| mode.is_blob()).map(|(_, id)| id);
        Some((file, parents))
    }

    fn lines(&mut self, file: ObjectId) -> Option<Lines> {
        if let Some(lines) = self.texts.get(&file) {
            return Some(lines.clone());
        }
        let bytes = self
            .trees
            .objects()
            .blob(file, limits::Id::POLICY_BYTES)
            .ok()?;
        let lines: Lines = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        if self.texts.len() >= 64 {
            self.texts.clear();
        }
        self.texts.insert(file, lines.clone());
        Some(lines)
    }
}
