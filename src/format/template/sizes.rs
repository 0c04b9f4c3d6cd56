//! How large the numbers of a template are, as far as it says that itself: what depends on data is not bounded here.

use minijinja::machinery::ast::{BinOp, BinOpKind, CallArg, Expr};

use super::{
    bindings::{Bindings, Bound, Size},
    keys::text,
    tree::argument_value,
};
use crate::{bytes::wide, limits};

/// The longest range that Jinja's sandbox makes.
pub(super) const RANGE: u64 = 100_000;
/// Rounds of loops inside one another.
pub(super) const REPEATED: u64 = limits::TEMPLATE_ROUNDS;
/// The width of a text, or how often it is repeated.
const WIDTH: u64 = limits::TEMPLATE_WIDTH;
/// The product of two numbers: of pixels or bytes, not more.
const PRODUCT: u64 = 1 << 36;
/// How far values are followed through names.
const DEPTH: u32 = 64;

/// The highest number that an expression is said to be; `None` where it depends on data.
pub(super) fn most(expression: &Expr<'_>, bindings: &Bindings<'_, '_>) -> Option<u64> {
    most_within(expression, bindings, DEPTH)
}

fn most_within(expression: &Expr<'_>, bindings: &Bindings<'_, '_>, depth: u32) -> Option<u64> {
    if !bindings.step() {
        return None;
    }
    let most = |it| most_within(it, bindings, depth);
    match expression {
        Expr::Const(it) => u64::try_from(it.value.clone())
            .ok()
            .or_else(|| it.value.is_integer().then_some(u64::MAX)),
        Expr::Var(it) => {
            let bound = bindings.of_variable(it.id);
            highest((Size::Value, it.id.to_owned()), bound, bindings, depth)
        }
        Expr::GetAttr(it) => {
            let bound = bindings.of_attribute(it.name);
            highest(
                (Size::Value, format!(".{}", it.name)),
                bound,
                bindings,
                depth,
            )
        }
        Expr::UnaryOp(it) => most(&it.expr),
        Expr::IfExpr(it) => most(&it.true_expr).max(it.false_expr.as_ref().and_then(most)),
        Expr::BinOp(it) => {
            let (left, right) = (most(&it.left), most(&it.right));
            match it.op {
                BinOpKind::Add => Some(left?.saturating_add(right?)),
                BinOpKind::Mul => Some(left?.saturating_mul(right?)),
                BinOpKind::Pow => {
                    let power = u32::try_from(right?).unwrap_or(u32::MAX);
                    Some(left?.saturating_pow(power))
                }
                BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv => left,
                BinOpKind::Rem => right,
                BinOpKind::ScAnd | BinOpKind::ScOr => left.max(right),
                _ => None,
            }
        }
        Expr::Filter(it) if matches!(it.name, "int" | "abs" | "round" | "default" | "d") => {
            let arguments = it.args.iter().map(argument_value);
            it.expr.iter().chain(arguments).filter_map(most).max()
        }
        _ => None,
    }
}

/// The highest of what a name may stand for.
fn highest(
    (size, name): (Size, String),
    bound: &[Bound<'_, '_>],
    bindings: &Bindings<'_, '_>,
    depth: u32,
) -> Option<u64> {
    if bound.is_empty() {
        return None;
    }
    let depth = depth.checked_sub(1)?;
    bindings.largest((size, name), || {
        let values = bound.iter().filter_map(|bound| match (size, bound) {
            (Size::Value, Bound::Value(value)) => most_within(value, bindings, depth),
            (Size::Elements, Bound::Value(value)) => times_within(value, bindings, depth),
            _ => None,
        });
        values.max()
    })
}

/// How often a loop over an expression runs, as far as that is said.
pub(super) fn times(iter: &Expr<'_>, bindings: &Bindings<'_, '_>) -> Option<u64> {
    times_within(iter, bindings, DEPTH)
}

fn times_within(iter: &Expr<'_>, bindings: &Bindings<'_, '_>, depth: u32) -> Option<u64> {
    if !bindings.step() {
        return None;
    }
    match iter {
        Expr::Call(it) if matches!(&it.expr, Expr::Var(callee) if callee.id == "range") => {
            let arguments = it.args.iter().map(argument_value);
            let numbers = arguments.filter_map(|it| most_within(it, bindings, depth));
            numbers.max()
        }
        Expr::Const(it) => text(it).map(|text| wide(text.len())),
        Expr::List(it) => Some(wide(it.items.len())),
        Expr::Tuple(it) => Some(wide(it.items.len())),
        Expr::BinOp(it) if matches!(it.op, BinOpKind::Mul) => {
            let of = |list, number| {
                let count = times_within(list, bindings, depth)?;
                Some(count.saturating_mul(most_within(number, bindings, depth)?))
            };
            of(&it.left, &it.right).or_else(|| of(&it.right, &it.left))
        }
        Expr::Var(it) => {
            let bound = bindings.of_variable(it.id);
            highest((Size::Elements, it.id.to_owned()), bound, bindings, depth)
        }
        _ => None,
    }
}

/// Whether an operation repeats text, or makes a number, without a bound that is sensible.
pub(super) fn is_large(operation: &BinOp<'_>, bindings: &Bindings<'_, '_>) -> bool {
    let (left, right) = (
        most(&operation.left, bindings),
        most(&operation.right, bindings),
    );
    match operation.op {
        BinOpKind::Mul => match (left, right) {
            (Some(left), Some(right)) => left.saturating_mul(right) > PRODUCT,
            (Some(number), None) | (None, Some(number)) => number > WIDTH,
            (None, None) => false,
        },
        BinOpKind::Pow => {
            let power = right.and_then(|it| u32::try_from(it).ok());
            match (left, right, power) {
                (Some(left), Some(_), Some(power)) => left.checked_pow(power).is_none(),
                (_, Some(_), None) => true,
                (None, Some(_), Some(power)) => power > 64,
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether an argument is a number beyond any width of text.
pub(super) fn is_any_large(arguments: &[CallArg<'_>], bindings: &Bindings<'_, '_>) -> bool {
    let values = arguments.iter().map(argument_value);
    let mut most = values.filter_map(|it| most(it, bindings));
    most.any(|most| most > WIDTH)
}

/// Whether a format string has a field wider than any text.
pub(super) fn has_wide_field(format: &str) -> bool {
    let digits = format.split(|c: char| !c.is_ascii_digit());
    let mut fields = digits.filter(|digits| !digits.is_empty());
    (format.contains('%') || format.contains('{'))
        && fields.any(|digits| digits.parse::<u64>().map_or(true, |width| width > WIDTH))
}

/// Whether what is set is made of twice what it was: in a loop, it doubles each time.
pub(super) fn doubles(target: &Expr<'_>, value: &Expr<'_>) -> bool {
    match value {
        Expr::BinOp(it) => match it.op {
            BinOpKind::Add | BinOpKind::Concat => {
                mentions(target, &it.left).saturating_add(mentions(target, &it.right)) > 1
            }
            BinOpKind::Mul => {
                let left = mentions(target, &it.left);
                let right = mentions(target, &it.right);
                // A number that is doubled stays small for long; text is a text of the template.
                left > 0 && right > 0
            }
            _ => false,
        },
        _ => false,
    }
}

/// How often a value is a part of a sum.
fn mentions(target: &Expr<'_>, sum: &Expr<'_>) -> u32 {
    match (target, sum) {
        (Expr::Var(target), Expr::Var(it)) => u32::from(target.id == it.id),
        (Expr::GetAttr(target), Expr::GetAttr(it)) => {
            let same = match (&target.expr, &it.expr) {
                (Expr::Var(target), Expr::Var(it)) => target.id == it.id,
                _ => false,
            };
            u32::from(same && target.name == it.name)
        }
        (_, Expr::BinOp(it)) => match it.op {
            BinOpKind::Add | BinOpKind::Concat => {
                mentions(target, &it.left).saturating_add(mentions(target, &it.right))
            }
            BinOpKind::Mul => mentions(target, &it.left)
                .saturating_add(mentions(target, &it.right))
                .saturating_mul(2),
            _ => 0,
        },
        _ => 0,
    }
}
