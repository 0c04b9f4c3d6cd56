//! Compiles `policies/**/*.yaml` to JSON, so that the program parses no YAML of its own when it starts.
//!
//! The YAML itself is embedded as well: a diagnostic that points into a bundled policy shows its line. What the packs say of
//! the shapes in which their names are used becomes tables for the reader of pickles, which knows no policy.
#![allow(
    clippy::disallowed_methods,
    reason = "the program's rules for reading hostile files are not for its own build"
)]

#[path = "build/shapes.rs"]
mod shapes;

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=policies");
    println!("cargo::rerun-if-changed=build");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let out = env::var("OUT_DIR")?;
    let (root, out) = (Path::new(&root).join("policies"), Path::new(&out));
    fs::create_dir_all(out.join("globals"))?;
    compile(&root, out)?;
    compile(&root.join("globals"), &out.join("globals"))?;
    shapes::compile(&root, out)
}

/// Every `x.yaml` in `from` becomes `x.json` in `to`.
fn compile(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    for file in fs::read_dir(from)? {
        let path = file?.path();
        let (Some(stem), Some("yaml")) =
            (path.file_stem(), path.extension().and_then(|e| e.to_str()))
        else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let value: serde_yaml::Value =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(
            to.join(stem).with_extension("json"),
            serde_json::to_string(&value)?,
        )?;
    }
    Ok(())
}
