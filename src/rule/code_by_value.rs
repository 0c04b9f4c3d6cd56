//! Code that a file carries.

use super::Case;
use crate::{
    fact::{Code, Fact, FactKind, ForeignCode, TorchForm, Usage},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses pickles that carry functions and classes themselves, as dill and cloudpickle store what is defined in `__main__`, in a
    /// notebook or inside a function. The message describes the code: its name, the file that it was compiled from, the names that it
    /// uses and its constants.
    ///
    /// The same is said of files of other languages: functions, calls and promises of R, functions of Lua as Torch7 stores them, and function handles
    /// and objects of MATLAB.
    ///
    /// It says nothing where the policy allows the function that makes the code.
    ///
    /// ## Why it matters
    ///
    /// A reviewer sees bytecode and no source. Whoever changes the file changes what runs, and no list of names can tell.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x016d  REDUCE            dill._dill._create_code(b'', 1, 0, 0, 1, 3, ...)
    /// ```
    ///
    /// ## Use instead
    ///
    /// Define the function or class in a module that the loader can import. The file then stores its name.
    "code-by-value", "a file that carries code",
    level: Deny, severity: Critical, precision: High, cwe: [94, 502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_torch = case
        .of_kind(FactKind::TorchLoad)
        .any(|it| matches!(&it.fact, Fact::TorchLoad(load) if load.form != TorchForm::Bare));
    for observation in case.of_kind(FactKind::CodeByValue) {
        let Fact::CodeByValue(made) = &observation.fact else {
            continue;
        };
        if case.scope.globals().allows(&made.made_by, Usage::Call) {
            continue;
        }
        let message = format!("loading makes {made}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly("code-by-value".into());
        if let Code::Foreign { what, .. } = &made.code {
            finding.help.push(instead_of(*what));
            findings.push(finding);
            continue;
        }
        if made.made_by.module.as_bytes().starts_with(b"keras.") {
            finding.help.extend(OF_KERAS.map(String::from));
            findings.push(finding);
            continue;
        }
        finding.help.push(
            "if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone",
        );
        finding.help.push(if is_torch {
            "or save only the state dict: `torch.save(model.state_dict(), path)`".into()
        } else {
            "or keep the data in a format that holds only data: safetensors, npy, JSON".to_owned()
        });
        findings.push(finding);
    }
}

/// What to do with a lambda in a model of Keras.
const OF_KERAS: [&str; 2] = [
    "if the file is yours, write a class of a layer in place of the lambda, register it with `@keras.saving.register_keras_serializable()`, and \
     save the model again: the file then stores the name alone",
    "or make the model in code and keep only its weights: `model.save_weights(\"model.weights.h5\")`, then `model.load_weights(...)`",
];

/// What to do with code of another language.
fn instead_of(what: ForeignCode) -> &'static str {
    match what {
        ForeignCode::RBytecode
        | ForeignCode::RCall
        | ForeignCode::RClass
        | ForeignCode::RFunction
        | ForeignCode::RPackage
        | ForeignCode::RPrimitive
        | ForeignCode::RPromise => {
            "save what is data alone, such as the coefficients and data frames of a model, or export the model as PMML or ONNX"
        }
        ForeignCode::LuaFunction | ForeignCode::LuaClass => {
            "save the tensors alone, as safetensors or npy"
        }
        ForeignCode::MatlabFunction | ForeignCode::MatlabClass => {
            "save structures and matrices alone: functions and classes belong in source"
        }
    }
}
