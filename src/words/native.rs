//! Operators and classes of native code.

use std::fmt;

use crate::fact::{Native, Reach, Runtime};

impl fmt::Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) | Self::GraphOperator { name, .. } => {
                write!(f, "the operator `{name}`")
            }
            Self::Class(name) => write!(f, "the class `torch.classes.{name}`"),
            Self::Function(path) => write!(f, "the function `{path}` of Python"),
            Self::Delegate(id) => write!(f, "the delegate `{id}`"),
            Self::Expression(expression) => write!(f, "the expression `{expression}`"),
            Self::Filter(id) => write!(f, "filter {id} of HDF5"),
            Self::Unresolved => f.write_str("an operator through another name"),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Onnx => "ONNX Runtime",
            Self::TensorFlow => "TensorFlow",
            Self::TensorFlowLite => "TensorFlow Lite",
            Self::OpenVino => "OpenVINO",
            Self::TensorFlowJs => "TensorFlow.js",
            Self::CoreMl => "Core ML",
        })
    }
}

impl fmt::Display for Reach {
    /// What it does, after `which`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MapsFile => "maps a file into memory, and creates it if it is told to share it",
            Self::WritesFile => "writes a file",
            Self::ReadsFile => "reads a file",
            Self::Python => "calls Python",
            Self::RemoteCall => "calls functions in other processes, over the network",
            Self::MachineCode => "runs machine code that the file carries",
            Self::Exchange => "exchanges data with other processes, over the network",
            Self::OtherGraph => "runs a graph that it gets as data",
            Self::Settings => "changes how the process opens files",
            Self::EndsProcess => "ends the process",
            Self::PlugIn => "is native code that HDF5 looks for among the plug-ins of the machine",
        })
    }
}
