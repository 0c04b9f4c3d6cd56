//! Code by value.

use std::fmt;

use crate::fact::{Code, CodeByValue, ContainerKind, Expression, Short};

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

/// Whether there is more than the `None` that every function has.
fn has_items(constants: &Expression) -> bool {
    match constants {
        Expression::Container {
            kind: ContainerKind::Tuple,
            items,
            ..
        } => items.iter().any(|item| *item != Expression::None),
        _ => true,
    }
}
