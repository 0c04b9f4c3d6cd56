//! Whether an expression can stand for nothing but one name.

use super::{
    names::HOPS,
    parse::Expr,
    resolve::Resolver,
    scope::{Meaning, ScopeId},
};
use crate::loader;

/// Whether an expression can stand for nothing but this name: `old`, where all that was ever assigned to it is the name, or
/// what a class keeps of it.
pub(super) fn stands_only_for<'a>(
    resolver: &Resolver<'_, 'a>,
    expr: &'a Expr,
    scope: ScopeId,
    path: &str,
) -> bool {
    let mut work = vec![(expr, scope)];
    for _ in 0..HOPS {
        let Some((expr, scope)) = work.pop() else {
            return true;
        };
        let (meanings, rest): (Vec<&Meaning<'a>>, _) = match expr {
            Expr::Name(name) => match resolver.names.module.lookup(name.id.as_str(), scope) {
                Some((_, meanings)) => (meanings.iter().collect(), None),
                None => return false,
            },
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(name) => {
                    let found = resolver.names.module.lookup(name.id.as_str(), scope);
                    match found.map(|(_, meanings)| &**meanings) {
                        Some([Meaning::Class(class) | Meaning::Instance(class)]) => {
                            let all = resolver
                                .names
                                .module
                                .attribute(*class, attribute.attr.as_str());
                            (all.collect(), None)
                        }
                        Some(meanings) => {
                            (meanings.iter().collect(), Some(attribute.attr.as_str()))
                        }
                        None => return false,
                    }
                }
                _ if resolver.paths(expr, scope) == [path] => continue,
                _ => return false,
            },
            _ => return false,
        };
        // Of more, not all would be followed.
        if meanings.is_empty() || meanings.len() > HOPS {
            return false;
        }
        for meaning in meanings {
            match (meaning, rest) {
                (Meaning::Path(one), None) if loader::canonical(one) == path => {}
                (Meaning::Path(one), Some(rest))
                    if loader::canonical(&format!("{one}.{rest}")) == path => {}
                (Meaning::Value(value, at), None) => work.push((value, *at)),
                _ => return false,
            }
        }
    }
    false
}
