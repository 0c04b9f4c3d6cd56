//! Code that a file carries itself, instead of the name under which the loader would find it.

use serde::{Deserialize, Serialize};

use super::{Expression, GlobalName, Short};

/// Something that loading makes of bytecode or of a class's parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeByValue {
    /// The function of the library that makes it, or that looks up what makes it.
    pub made_by: GlobalName,
    /// What it is.
    pub code: Code,
}

/// What is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A code object: the body of a function, of a lambda or of a comprehension.
    Object {
        /// Its name, with the function or class around it where it says so.
        name: Short,
        /// The file that it was compiled from.
        file: Short,
        /// The line where it begins.
        line: Option<i64>,
        /// The first of the globals and attributes that it uses (`co_names`).
        names: Box<[Short]>,
        /// How many of them there are.
        names_length: u64,
        /// Its constants (`co_consts`).
        constants: Expression,
    },
    /// A class.
    Class {
        /// Its name.
        name: Short,
        /// The module that it says it is from.
        module: Option<Short>,
    },
    /// Something of another language.
    Foreign {
        /// What.
        what: ForeignCode,
        /// The name that it has, or of what it calls; empty if it has none.
        name: Short,
    },
}

/// Code of another language than Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignCode {
    /// Compiled code of R.
    RBytecode,
    /// A call of R, which is evaluated where a model says so.
    RCall,
    /// A class of R that rebuilds its items.
    RClass,
    /// A function of R.
    RFunction,
    /// A package of R, whose namespace is loaded.
    RPackage,
    /// A function that R itself has.
    RPrimitive,
    /// An expression of R that is evaluated as soon as its value is used.
    RPromise,
    /// A function of Lua, as bytecode.
    LuaFunction,
    /// A class of Lua that reads its own content.
    LuaClass,
    /// A function handle of MATLAB.
    MatlabFunction,
    /// A class of MATLAB, which is asked to restore its objects.
    MatlabClass,
}

impl Code {
    /// How many names are kept.
    pub const NAMES: usize = 16;
}
