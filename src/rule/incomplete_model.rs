//! Files that a model needs beside it, and that are not there or end too early.

use super::Run;
use crate::{
    fact::Text,
    finding::{Finding, Location, Subject},
    link::Lack,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a model whose loader opens other files beside it, if one of them is not there or ends before the bytes that are read of it: the
    /// shards of an index (`model.safetensors.index.json`, `pytorch_model.bin.index.json`), ONNX's external data, the `.bin` of OpenVINO, the shards of a
    /// checkpoint of TensorFlow, files with weights of TensorFlow.js, TFLite and Core ML, and the arrays that gensim and old releases of joblib keep beside a
    /// pickle. Lengths are compared for ONNX, OpenVINO and TensorFlow; of the others, each file is read as what it is. A shard of safetensors has to
    /// have the tensors that the index puts in it. An index in an archive has its shards of safetensors there.
    ///
    /// A file counts as there if git-lfs, git-annex or DVC keep it, if it is excluded or ignored and on disk, and if a change leaves it as it was. Nothing
    /// is said of what is in a submodule, behind a link or outside of a sparse checkout, and nothing of the files that a history had.
    ///
    /// ## Why it matters
    ///
    /// The loader stops with an error, on the machine where the model is needed; a file was not added, not uploaded, or cut short.
    /// transformers loads a model of which a shard lacks a tensor all the same: it makes up the values and says so in its log.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.safetensors.index.json   names model-00001-of-00002.safetensors and model-00002-of-00002.safetensors
    /// model-00001-of-00002.safetensors
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// model.safetensors.index.json   names model-00001-of-00002.safetensors and model-00002-of-00002.safetensors
    /// model-00001-of-00002.safetensors
    /// model-00002-of-00002.safetensors
    /// ```
    "incomplete-model", "a model that needs files, or bytes of files, that are not there",
    level: Warn, severity: Medium, precision: High, cwe: [240], tags: ["artifact"],
    over the run: check
}

/// Paths that a message lists.
const LISTED: usize = 3;

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for unmet in run.index.unmet() {
        let primary = Location {
            path: unmet.path.clone(),
            site: unmet.site.clone(),
            ..Location::default()
        };
        let (message, subject, help) = match &unmet.lack {
            Lack::Files(missing) => (
                missing_files(missing, unmet.of),
                missing.first().cloned(),
                "add what is missing; if it is kept elsewhere, let the policy allow `incomplete-model` at this path",
            ),
            Lack::Bytes { path, end, has } => (
                format!("loading it reads `{path}` up to byte {end}, and the file has {has}"),
                Some(path.clone()),
                "get that file again, or save the model again: both belong together",
            ),
        };
        let subject = subject.map_or(Subject::Artifact, Subject::File);
        let mut finding = Finding::new(&META, subject, primary, message);
        finding.help.push(help);
        findings.push(finding);
    }
    for away in run.index.tensors_elsewhere() {
        let primary = Location {
            path: away.index.clone(),
            site: away.site.clone(),
            ..Location::default()
        };
        let which = match away.count {
            all if all == away.of => {
                String::from("has none of the tensors that the index puts in it")
            }
            1 => String::from("does not have the tensor that the index puts in it on this line"),
            count => format!(
                "does not have {count} of the {} tensors that the index puts in it: the first is on this line",
                away.of
            ),
        };
        let message = format!("`{}` {which}", away.shard);
        let subject = Subject::File(away.shard.clone());
        let mut finding = Finding::new(&META, subject, primary, message);
        finding.help.push(
            "get the index and its shards again, or save the model again: they belong together",
        );
        findings.push(finding);
    }
}

/// Which files are missing, of so many.
fn missing_files(missing: &[Text], of: usize) -> String {
    let listed: Vec<String> = missing
        .iter()
        .take(LISTED)
        .map(|it| format!("`{it}`"))
        .collect();
    let listed = listed.join(", ");
    let more = match missing.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match missing.len() {
        1 => format!("loading it opens {listed}, which is not there"),
        all if all == of => {
            format!("loading it opens {all} files, and none of them is there: {listed}{more}")
        }
        some => {
            format!("loading it opens {of} files, and {some} of them are not there: {listed}{more}")
        }
    }
}
