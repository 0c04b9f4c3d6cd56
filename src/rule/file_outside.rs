//! Files outside of its folder that a model has its loader open.

use super::Case;
use crate::{
    fact::{Fact, FactKind},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a model that names a file for its loader to open which is not in the model's own folder: by a path from the root or
    /// with a drive, by a part `..`, by a URL, or by a text that readers end in different places. It looks at ONNX's external data,
    /// links, raw and virtual data of HDF5, vocabularies of layers, shards of an index, files with weights of TensorFlow.js and Core ML, the list of checkpoints of TensorFlow and entities of XML.
    ///
    /// TensorFlow's list of checkpoints (`checkpoint`) holds paths from the root wherever a program saved to such a path. They pass: what is
    /// there is opened as a checkpoint, which is data, and the list is ignored if nothing is. Its paths with `..`, of other computers
    /// and its URLs are refused.
    ///
    /// ## Why it matters
    ///
    /// The loader opens that file with the rights of whoever loads the model. A model reads a key or a password into its tensors in
    /// this way, and sends it on with its outputs; a URL tells a server who loads it.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.onnx   external_data: location = "../../../etc/passwd"
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// model.onnx   external_data: location = "model.onnx.data"
    /// ```
    "file-outside", "a model that has its loader open a file outside of its folder",
    level: Deny, severity: High, precision: High, cwe: [22, 73], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::FileReference) {
        let Fact::FileReference(reference) = &observation.fact else {
            continue;
        };
        let Some(leaves) = reference.leaves().filter(|_| !reference.is_where_saved()) else {
            continue;
        };
        let message =
            format!("loading it opens {reference}, which is outside of its folder: {leaves}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::File(reference.path.clone());
        finding.help.push(
            "put that file beside the model, and save the model again so that it names the file by its name alone",
        );
        findings.push(finding);
    }
}
