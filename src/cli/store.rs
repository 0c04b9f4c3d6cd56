//! Whether what an audit stored of contents is used instead of reading them.

use std::path::PathBuf;

use clap::Args;

use super::{cache, terminal};
use crate::audit::KnownContents;

/// The store of facts that is used.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// Take what files say from a store that `weighbridge audit` wrote
    ///
    /// For files that git has recorded (`--rev`, `--history`, `--staged`, ...). The
    /// report is the same, and made sooner. In a pipeline, a store is only used
    /// together with `--trust-store`: whoever has its key can hide what a file
    /// would do.
    #[arg(long, value_name = "DIR", help_heading = "Limits")]
    store: Option<PathBuf>,
    /// Use the store in a pipeline as well
    #[arg(long, help_heading = "Limits", requires = "store")]
    trust_store: bool,
}

impl StoreArgs {
    /// The contents that it knows. Without a store that can be used, all are read, and the user is told why.
    pub(super) fn known(&self) -> Option<KnownContents> {
        let folder = self.store.as_deref()?;
        if cache::is_pipeline() && !self.trust_store {
            terminal::note(
                "the store is not used: in a pipeline, what an earlier job left is not believed without `--trust-store`",
            );
            return None;
        }
        match KnownContents::open(folder) {
            Ok(known) => Some(known),
            Err(error) => {
                terminal::note(&format!(
                    "the store is not used, and every file is read: {error}"
                ));
                None
            }
        }
    }
}

/// Whether the store said something else than the files; the user is told.
pub(super) fn is_contradicted(known: Option<&KnownContents>) -> bool {
    let contradicted = known.map_or(0, KnownContents::contradicted);
    if contradicted > 0 {
        terminal::note(&format!(
            "the store says something else than {contradicted} of the files: somebody has changed it; remove it, and check without `--store`"
        ));
    }
    contradicted > 0
}
