//! Loaders of models that are told to run code of the file: `safe_mode=False`, `trust_remote_code=True`.

use super::{
    Case,
    source::{deciding, finding, is_safe_by_default, rewritten, uses},
};
use crate::{
    fact::{Constant, Observation, PyAct, PyArgument, PyCall},
    finding::Finding,
    loader::{DecidingArgument, Loader},
    words,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses calls that switch off what keeps a loader from running code of the file: `safe_mode=False` of Keras,
    /// `trust_remote_code=True` of transformers and others, `safe=False` of jsonpickle, `trusted=` of skops with anything but a list that
    /// stands there, `weights_only=False` of `torch.hub.load_state_dict_from_url`,
    /// `load_from_checkpoint(..., weights_only=False)` of Lightning,
    /// `yaml.load` with `Loader` or `UnsafeLoader`, and `keras.config.enable_unsafe_deserialization`. So are values that the source does not show, unless code runs only with `True`;
    /// a parameter whose default is safe counts as safe.
    ///
    /// ## Why it matters
    ///
    /// With the option, the file or the repository that is loaded decides which code runs. A model that needs it brings code:
    /// this belongs into the program, where it is reviewed, and not beside the weights.
    ///
    /// ## Example
    ///
    /// ```python
    /// import keras
    ///
    /// model = keras.models.load_model("model.keras", safe_mode=False)
    /// ```
    ///
    /// ```python
    /// from transformers import AutoModelForCausalLM
    ///
    /// model = AutoModelForCausalLM.from_pretrained("someone/model", trust_remote_code=True)
    /// ```
    ///
    /// ```python
    /// import skops.io as sio
    ///
    /// model = sio.load("model.skops", trusted=sio.get_untrusted_types(file="model.skops"))
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import keras
    /// import skops.io as sio
    /// from transformers import AutoModelForCausalLM
    ///
    /// first = keras.models.load_model("model.keras")
    /// second = AutoModelForCausalLM.from_pretrained("someone/model")
    /// third = sio.load("model.skops", trusted=["my_package.MyScaler"])
    /// ```
    "unsafe-loading-option", "a loader that is told to run code of the file",
    level: Deny, severity: High, precision: High, cwe: [502, 829], tags: ["source"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        if loader.arguments.is_empty() {
            if call.act != PyAct::Partial {
                findings.push(switched_off(case, (observation, call), loader));
            }
            continue;
        }
        for row in loader.arguments {
            if let Some(found) = argument(case, (observation, call), loader, row) {
                findings.push(found);
            }
        }
    }
}

/// A call that is the switch itself.
fn switched_off(
    case: &Case<'_>,
    (observation, call): (&Observation, &PyCall),
    loader: &Loader,
) -> Finding {
    let message = format!(
        "`{}` lets every load that follows run code of its file",
        loader.name
    );
    let mut finding = finding(case, &META, (observation, call), None, message);
    finding.help.push(format!("use {}", loader.instead));
    finding
}

fn argument(
    case: &Case<'_>,
    (observation, call): (&Observation, &PyCall),
    loader: &Loader,
    row: &'static DecidingArgument,
) -> Option<Finding> {
    let name = &call.written;
    let given = deciding(call, loader, row.name);
    let (argument, message) = match given {
        Some(argument) if argument.inherited => return None,
        Some(argument) => match is_safe(row, argument) {
            Some(true) => return None,
            Some(false) => (
                Some(argument),
                format!(
                    "`{}={}` lets `{name}` run code of what it loads",
                    row.name,
                    words::written_value(argument)
                ),
            ),
            // Where code runs only with `True`, the value is most often an option that is off.
            None if row.safe == "False" => return None,
            None => (
                Some(argument),
                format!(
                    "`{}={}` is not a constant: `{name}` may run code of what it loads",
                    row.name,
                    words::written_value(argument)
                ),
            ),
        },
        None if call.act != PyAct::Call || call.star_kwargs || call.star_args => return None,
        None if is_safe_by_default(case.scope, loader) => return None,
        None => (
            None,
            format!(
                "`{name}` runs code of what it loads unless `{}={}` is given",
                row.name, row.safe
            ),
        ),
    };
    let mut finding = finding(case, &META, (observation, call), argument, message);
    match row.safe {
        "True" | "False" => {
            let fixed = rewritten(call, Some((row.name, row.safe)), Some(row));
            finding.help.push(format!("write `{fixed}`"));
        }
        _ => finding.help.push(format!("use {}", loader.instead)),
    }
    finding.help.push(
        "if it then fails, the model brings code of its own: put that into the program, or find a model that needs none",
    );
    Some(finding)
}

/// Whether no code runs with a value; `None` where the source does not show it.
fn is_safe(row: &DecidingArgument, argument: &PyArgument) -> Option<bool> {
    let value = match &argument.value {
        Constant::Parameter(Some(default)) => default,
        value => value,
    };
    match (row.safe, value) {
        _ if !row.lets_run.is_empty() => Some(!value.is_one_of(row.lets_run)),
        // As good as not given.
        // A list that stands there can be reviewed.
        ("None" | "False", Constant::None) | ("None", Constant::List(_)) => Some(true),
        ("None", value) => value.truth().map(|truth| !truth),
        (safe, value) => value.truth().map(|truth| truth == (safe == "True")),
    }
}
