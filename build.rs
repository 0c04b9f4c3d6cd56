//! Compiles `policies/**/*.yaml` to JSON, so that the program parses no YAML of its own when it starts.
//!
//! The YAML itself is embedded as well: a diagnostic that points into a bundled policy shows its line. What the packs say of
//! the shapes in which their names are used becomes tables for the reader of pickles, which knows no policy. The catalogue of
//! loaders becomes tables for the reader of Python, for rules and for the documentation.
#![allow(
    clippy::disallowed_methods,
    reason = "the program's rules for reading hostile files are not for its own build"
)]

#[path = "build/files.rs"]
mod files;
#[path = "build/loaders.rs"]
mod loaders;
#[path = "build/shapes.rs"]
mod shapes;

use std::{env, error::Error, fs, path::Path, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=policies");
    println!("cargo::rerun-if-changed=build");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let out = env::var("OUT_DIR")?;
    let (root, out) = (Path::new(&root).join("policies"), Path::new(&out));
    fs::create_dir_all(out.join("globals"))?;
    compile(&root, out)?;
    compile(&root.join("globals"), &out.join("globals"))?;
    facts_layout(root.parent().unwrap_or(&root).join("src/fact").as_path())?;
    shapes::compile(&root, out)?;
    loaders::compile(&root.join("loaders"), out)?;
    // While one develops, a commit is no reason to build again.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        commit(root.parent().unwrap_or(&root));
    }
    Ok(())
}

/// Tells the program how facts are laid out, as a digest of their declarations: stored facts of another layout are not read.
fn facts_layout(folder: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/fact");
    println!("cargo::rerun-if-changed=src/limits");
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_owned(), folder.with_file_name("limits")];
    while let Some(folder) = folders.pop() {
        for child in fs::read_dir(folder)? {
            let path = child?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.push(path);
            }
        }
    }
    paths.sort();
    // FNV-1a: nobody chooses these bytes to collide.
    let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
    for path in paths {
        for byte in fs::read(path)? {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    println!("cargo::rustc-env=WEIGHBRIDGE_FACTS_LAYOUT={digest:016x}");
    Ok(())
}

/// Tells the program which commit it is built from, if that is known: cargo says it in a package, git in a checkout. Anything else
/// is built as well, and says its version alone.
fn commit(root: &Path) {
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let packaged = || -> Option<String> {
        let info = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
        let info: serde_json::Value = serde_json::from_str(&info).ok()?;
        let id = info.get("git")?.get("sha1")?.as_str()?;
        Some(id.get(..9)?.to_owned())
    };
    let git = |args: &[&str]| -> Option<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(args)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let checked_out = || -> Option<String> {
        // A repository around unpacked sources knows nothing of them.
        root.join(".git").exists().then_some(())?;
        for name in ["HEAD", "logs/HEAD"] {
            let path = root.join(git(&["rev-parse", "--git-path", name])?);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
        git(&["show", "-s", "--abbrev=9", "--format=%h %cs", "HEAD"])
    };
    if let Some(commit) = packaged().or_else(checked_out) {
        println!("cargo::rustc-env=WEIGHBRIDGE_BUILT_FROM={version} ({commit})");
    }
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
