//! The YAML files of a folder, in order.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use serde_yaml::Mapping;

/// Reads them; an error names the file.
pub(crate) fn mappings(folder: &Path) -> Result<Vec<(PathBuf, Mapping)>, Box<dyn Error>> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|file| file.map(|file| file.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    let read = |path: PathBuf| {
        let file = serde_yaml::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((path, file))
    };
    files.into_iter().map(read).collect()
}
