//! Markers: which shards of a run have begun, and which have finished.

use serde::{Deserialize, Serialize};

use super::{
    folder::{INFO, RunFolder, RunInfo},
    shard::Shard,
    summary::Summary,
};
use crate::error::Error;

/// What a shard has done, in a file that is written when it has finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// Which shard, from 1.
    pub(super) shard: u32,
    /// How many there are.
    pub(super) of: u32,
    /// Its repositories.
    repositories: usize,
    /// Those of which all was looked at.
    complete: usize,
    /// Those of which something was not.
    partial: usize,
    /// Those that could not be audited.
    failed: usize,
}

impl Marker {
    /// Says in the folder of a run what is asked for, and that a shard has not finished.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn begin(folder: &RunFolder, info: &RunInfo, shard: Shard) -> Result<Self, Error> {
        folder.write_json(INFO, info)?;
        let marker = Self {
            shard: shard.number(),
            of: shard.of(),
            repositories: 0,
            complete: 0,
            partial: 0,
            failed: 0,
        };
        folder.remove(&marker.name())?;
        Ok(marker)
    }

    /// Says that the shard has finished.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn finish(mut self, folder: &RunFolder, own: &Summary) -> Result<Self, Error> {
        self.repositories = own.repositories.len();
        self.complete = own.complete.repositories;
        self.partial = own.partial.repositories;
        self.failed = own.failed.repositories;
        self.write(folder)?;
        Ok(self)
    }

    /// Writes it to the folder of a run.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn write(&self, folder: &RunFolder) -> Result<(), Error> {
        folder.write_json(&self.name(), self)
    }

    /// Those of a folder.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub(super) fn all(folder: &RunFolder) -> Result<Vec<Self>, Error> {
        let files = folder.others("shards")?;
        let markers = files
            .iter()
            .filter_map(|file| serde_json::from_slice(file).ok());
        Ok(markers.collect())
    }

    fn name(&self) -> String {
        format!("shards/{}.json", self.stem())
    }

    /// Its name: `3-of-16`.
    pub(super) fn stem(&self) -> String {
        format!("{}-of-{}", self.shard, self.of)
    }
}
