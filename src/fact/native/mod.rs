//! What a program that is not Python names of the native code around it: operators and classes, of torch and of its extensions, and
//! operators of the runtimes that run graphs.

mod listed;
mod onnx;
mod openvino;
mod tensorflow;
mod torch;

use serde::{Deserialize, Serialize};

use super::{Short, Text};

/// What a program of TorchScript, a mobile or an exported program names, or a graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Native {
    /// An operator of torch or of one of its extensions, with its namespace: `aten::linear`.
    Operator(Text),
    /// An operator of a graph, with its domain if the runtime has domains: `ai.onnx::Conv`.
    GraphOperator {
        /// Who runs the graph.
        runtime: Runtime,
        /// Its name.
        name: Text,
    },
    /// A class with its namespace: `quantized.LinearPackedParamsBase`.
    Class(Text),
    /// A function of Python that an exported program calls, by its path: `torch.sym_max`.
    Function(Text),
    /// A delegate to which an ExecuTorch program hands a part of itself: `XnnpackBackend`.
    Delegate(Text),
    /// An expression that an exported program has Python evaluate, and that is more than arithmetic of sizes.
    Expression(Short),
    /// A filter of HDF5 with this id, for which the library looks among the plug-ins of the machine.
    Filter(u16),
    /// An operator or a class whose name is computed, or reached through another name.
    Unresolved,
}

/// Who runs a graph, and looks its operators up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// ONNX Runtime, and others that read ONNX.
    Onnx,
    /// TensorFlow.
    TensorFlow,
    /// TensorFlow Lite, now `LiteRT`.
    TensorFlowLite,
    /// `OpenVINO`.
    OpenVino,
    /// TensorFlow.js.
    TensorFlowJs,
    /// Core ML.
    CoreMl,
}

/// What running an operator reaches besides the tensors that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It maps a file into memory, and may create it.
    MapsFile,
    /// It writes a file.
    WritesFile,
    /// It reads a file.
    ReadsFile,
    /// It calls Python.
    Python,
    /// It calls functions in other processes, also of other machines.
    RemoteCall,
    /// It runs machine code that the file carries.
    MachineCode,
    /// It exchanges data with other processes, also of other machines.
    Exchange,
    /// It runs a graph that it gets as data.
    OtherGraph,
    /// It changes how the process opens files.
    Settings,
    /// It ends the process.
    EndsProcess,
    /// It is a library that is loaded when it is met.
    PlugIn,
}

impl Native {
    /// An operator of torch by its two names.
    pub fn operator(namespace: &[u8], name: &[u8]) -> Self {
        Self::Operator(Text::new([namespace, b"::", name].concat()))
    }

    /// The namespace; `None` where it is not known, or the runtime has none.
    pub fn namespace(&self) -> Option<&[u8]> {
        match self {
            Self::Operator(whole) => Some(torch::parts(whole.as_bytes()).0),
            Self::Class(whole) => whole.as_bytes().split(|byte| *byte == b'.').next(),
            Self::GraphOperator { runtime, name } => match runtime {
                Runtime::Onnx => Some(onnx::parts(name.as_bytes()).0),
                Runtime::TensorFlow => tensorflow::namespace(name.as_bytes()),
                Runtime::TensorFlowLite | Runtime::TensorFlowJs | Runtime::CoreMl => None,
                Runtime::OpenVino => Some(openvino::parts(name.as_bytes()).0),
            },
            Self::Delegate(_)
            | Self::Function(_)
            | Self::Expression(_)
            | Self::Filter(_)
            | Self::Unresolved => None,
        }
    }

    /// What running it reaches, if that is more than tensors.
    pub fn reach(&self) -> Option<Reach> {
        match self {
            Self::Delegate(id) => torch::delegate_reach(id.as_bytes()),
            Self::Operator(whole) => {
                let (namespace, name) = torch::parts(whole.as_bytes());
                torch::reach(namespace, name)
            }
            Self::Class(_) => torch::reach(self.namespace()?, b""),
            Self::GraphOperator { runtime, name } => match runtime {
                Runtime::Onnx => onnx::reach(name.as_bytes()),
                Runtime::TensorFlow => tensorflow::reach(name.as_bytes()),
                Runtime::TensorFlowLite
                | Runtime::TensorFlowJs
                | Runtime::CoreMl
                | Runtime::OpenVino => None,
            },
            Self::Filter(_) => Some(Reach::PlugIn),
            Self::Function(_) | Self::Expression(_) | Self::Unresolved => None,
        }
    }

    /// An operator of TensorFlow: one that is given code for an accelerator or a compiler is a delegate.
    pub fn of_tensorflow(name: Text) -> Self {
        if tensorflow::is_compiled(name.as_bytes()) {
            return Self::Delegate(name);
        }
        let runtime = Runtime::TensorFlow;
        Self::GraphOperator { runtime, name }
    }

    /// Whether it is a function of Python that computes with numbers and sizes, as exported programs call them.
    pub fn is_arithmetic(&self) -> bool {
        matches!(self, Self::Function(path) if torch::is_arithmetic(path.as_str().unwrap_or_default()))
    }

    /// Whether a library has to register it, because whoever runs the program does not bring it.
    pub fn is_custom(&self) -> bool {
        match self {
            Self::GraphOperator { runtime, name } => match runtime {
                Runtime::Onnx => !onnx::is_known(name.as_bytes()),
                Runtime::TensorFlow => !tensorflow::is_known(name.as_bytes()),
                Runtime::TensorFlowLite => !tensorflow::is_of_lite(name.as_bytes()),
                Runtime::OpenVino => !openvino::is_known(name.as_bytes()),
                Runtime::TensorFlowJs => !listed::is_of_tensorflow_js(name.as_bytes()),
                Runtime::CoreMl => !listed::is_of_core_ml(name.as_bytes()),
            },
            _ => self
                .namespace()
                .is_some_and(|namespace| !torch::is_own(namespace)),
        }
    }

    /// Whether its namespace belongs to whoever runs the program.
    pub fn is_in_own_namespace(&self) -> bool {
        let namespace = self.namespace();
        match self {
            Self::GraphOperator { runtime, .. } => match runtime {
                Runtime::Onnx => namespace.is_some_and(onnx::is_own),
                Runtime::OpenVino => namespace.is_some_and(openvino::is_own),
                Runtime::TensorFlow
                | Runtime::TensorFlowLite
                | Runtime::TensorFlowJs
                | Runtime::CoreMl => false,
            },
            _ => namespace.is_some_and(torch::is_own),
        }
    }
}
