//! Code by value.

use std::fmt;

use crate::fact::{Code, CodeByValue, ContainerKind, Expression, ForeignCode, Short};

impl fmt::Display for CodeByValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Code::Object {
                name,
                file,
                line,
                names,
                names_length,
                constants,
            } => {
                write!(f, "the code of `{name}` ({file}")?;
                if let Some(line) = line {
                    write!(f, ", line {line}")?;
                }
                f.write_str(")")?;
                uses(names, *names_length, f)?;
                if has_items(constants) {
                    write!(f, "; constants {constants}")?;
                }
                Ok(())
            }
            Code::Class { name, module } => {
                write!(f, "the class `{name}`")?;
                match module {
                    Some(module) => write!(f, " of `{module}`"),
                    None => Ok(()),
                }
            }
            Code::Foreign { what, name } => foreign(*what, name, f),
        }
    }
}

/// Code of another language, with what is known of its name.
fn foreign(what: ForeignCode, name: &Short, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let of = |f: &mut fmt::Formatter<'_>, kind: &str| {
        if name.is_empty() {
            f.write_str(kind)
        } else {
            write!(f, "{kind} `{name}`")
        }
    };
    match what {
        ForeignCode::RBytecode => f.write_str("bytecode of R"),
        ForeignCode::RCall if name.is_empty() => f.write_str("a call of R"),
        ForeignCode::RCall => write!(f, "a call of `{name}` in R"),
        ForeignCode::RClass => {
            of(f, "alternative vectors of the class")?;
            f.write_str(", whose package R loads to rebuild them")
        }
        ForeignCode::RFunction => f.write_str("a function of R"),
        ForeignCode::RPackage => {
            of(f, "the namespace of the package")?;
            f.write_str(", which R loads")
        }
        ForeignCode::RPrimitive => of(f, "R's function"),
        ForeignCode::RPromise => {
            f.write_str("a promise of R, which is evaluated as soon as its value is used")
        }
        ForeignCode::LuaFunction => f.write_str("a function of Lua from bytecode"),
        ForeignCode::LuaClass => {
            of(f, "an object of the class")?;
            f.write_str(" of Lua, which reads what follows itself")
        }
        ForeignCode::MatlabFunction => of(f, "a function handle of MATLAB"),
        ForeignCode::MatlabClass => {
            of(f, "an object of the class")?;
            f.write_str(" of MATLAB, which restores itself")
        }
    }
}

/// The names that code uses.
fn uses(names: &[Short], length: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, name) in names.iter().enumerate() {
        f.write_str(if i == 0 { ", which uses " } else { ", " })?;
        write!(f, "`{name}`")?;
    }
    let kept = u64::try_from(names.len()).unwrap_or(u64::MAX);
    match length.saturating_sub(kept) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

/// Whether there is more to tell than the `None` that every function has.
fn has_items(constants: &Expression) -> bool {
    match constants {
        Expression::Container {
            kind: ContainerKind::Tuple,
            items,
            ..
        } => items.iter().any(|item| *item != Expression::None),
        Expression::Elided => false,
        _ => true,
    }
}
