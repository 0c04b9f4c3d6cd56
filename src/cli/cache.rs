//! Whether what earlier runs found is believed.

use clap::Args;

use crate::hook;

/// How what is kept between runs is used.
#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    /// Hash every pinned file again, also if it did not change since an earlier run
    ///
    /// In a pipeline this is always so.
    #[arg(long, help_heading = "Limits")]
    no_cache: bool,
}

impl CacheArgs {
    /// Whether files that did not change since an earlier run need not be hashed again.
    pub(super) fn keeps_digests(&self) -> bool {
        !self.no_cache && keeps_digests()
    }
}

/// The same where there is no such option: in a pipeline, what an earlier job left is not believed.
pub(super) fn keeps_digests() -> bool {
    !is_pipeline()
}

/// Whether a pipeline runs this.
pub(super) fn is_pipeline() -> bool {
    let is_set = |name: &str| {
        let value = std::env::var_os(name)?;
        (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
    };
    hook::is_pipeline(is_set)
}
