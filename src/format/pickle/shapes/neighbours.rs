//! Trees of neighbours of scikit-learn, and the splines and interpolations of scipy that its estimators hold.
//!
//! A tree believes its nodes, the order of its points and what its metric is for; a spline believes that it has as many coefficients as its
//! knots ask for.

use super::{ContentsCheck, Values};
use crate::{
    fact::ContentsFault,
    format::pickle::{
        digest::Digest,
        named::Found,
        texts::Attribute,
        value::{Value, ValueKind},
        widths::Width,
    },
};

/// The highest degree of a spline.
const DEGREE: u64 = 1 << 10;
/// How often loading an optimizer may look at a parameter, at most: groups may share one list of them.
const VISITS: u64 = 100_000_000;

/// On how many columns a metric insists: what its class is told apart by, kept with what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// As many as there are weights, if there are any.
    Weights,
    /// As many as its matrix has.
    Matrix,
    /// Latitude and longitude.
    Two,
}

impl Needs {
    const ALL: [Self; 4] = [Self::Nothing, Self::Weights, Self::Matrix, Self::Two];

    fn of_class(class: &str) -> Self {
        match class.trim_end_matches(|digit: char| digit.is_ascii_digit()) {
            "SEuclideanDistance" | "MinkowskiDistance" | "WMinkowskiDistance" => Self::Weights,
            "MahalanobisDistance" => Self::Matrix,
            "HaversineDistance" => Self::Two,
            _ => Self::Nothing,
        }
    }
}

/// What is kept of a metric that is made of a class.
pub(super) fn metric_of(class: &str) -> u64 {
    let needs = Needs::of_class(class);
    let at = Needs::ALL.iter().position(|known| *known == needs);
    at.map_or(0, crate::bytes::wide)
}

/// How many columns a metric is for whose state is set.
pub(super) fn width(target: Value, state: Value, values: &Values<'_>) -> Width {
    let kept = values.widths.features(target).map(crate::bytes::narrow);
    let needs = kept.and_then(|kept| Needs::ALL.get(kept));
    let sizes = |at: usize| {
        let parts = values.preview.nodes.all(state)?;
        let array = values.array(*parts.get(at)?)?;
        Some(array.sizes.as_slice())
    };
    match needs {
        Some(Needs::Nothing) => Width::NONE,
        Some(Needs::Two) => Width::exactly(2),
        Some(Needs::Weights) => match sizes(1) {
            Some([0]) => Width::NONE,
            Some([weights]) => Width::exactly(*weights),
            _ => Width::UNKNOWN,
        },
        Some(Needs::Matrix) => match sizes(2) {
            Some([rows, columns]) if rows == columns => Width::exactly(*rows),
            _ => Width::UNKNOWN,
        },
        None => Width::UNKNOWN,
    }
}

/// Compares a state.
pub(super) fn state(
    check: ContentsCheck,
    target: Value,
    state: Value,
    values: &Values<'_>,
) -> Result<(), ContentsFault> {
    match check {
        ContentsCheck::Metric => match width(target, state, values) {
            Width::UNKNOWN => Err(ContentsFault::Metric),
            _ => Ok(()),
        },
        ContentsCheck::NeighbourTree => {
            let fits = neighbours(target, state, values);
            fits.ok_or(ContentsFault::Neighbours)
        }
        ContentsCheck::Isotonic => isotonic(state, values).ok_or(ContentsFault::Spline),
        ContentsCheck::Spline => spline(state, values).ok_or(ContentsFault::Spline),
        ContentsCheck::Optimizer => optimizer(state, values).ok_or(ContentsFault::Groups),
        _ => Err(ContentsFault::Arrays),
    }
}

fn neighbours(target: Value, state: Value, values: &Values<'_>) -> Option<()> {
    let [
        data,
        order,
        nodes,
        bounds,
        leaf_size,
        _,
        count,
        _,
        _,
        _,
        _,
        metric,
        rest @ ..,
    ] = values.tuple(state)?
    else {
        return None;
    };
    let number = |value: Value| u64::try_from(values.preview.integer(value)?).ok();
    let [points, columns] = values.array(*data)?.sizes.as_slice() else {
        return None;
    };
    let order = values.array(*order)?;
    let (Digest::Integers(places), Digest::Spans(spans)) =
        (order.digest?, values.array(*nodes)?.digest?)
    else {
        return None;
    };
    let module = target.global().and_then(|row| values.preview.log.name(row));
    let is_kd = module.is_some_and(|name| name.module.as_bytes().ends_with(b"kd_tree"));
    let sides = if is_kd { 2 } else { 1 };
    let weights = match rest {
        [] => true,
        [weights] if weights.kind() == ValueKind::None => true,
        [weights] => values.array(*weights)?.sizes.as_slice() == [*points],
        _ => false,
    };
    let needed = values.width(*metric);
    let fits = order.sizes.as_slice() == [*points]
        && places.are_below(*points)
        && number(*count)? == spans.count
        && spans.count > 0
        && spans.end <= *points
        && values.array(*bounds)?.sizes.as_slice() == [sides, spans.count, *columns]
        && number(*leaf_size)? > 0
        && (needed == Width::NONE || needed == Width::exactly(*columns))
        && weights;
    fits.then_some(())
}

/// Two arrays of numbers with one dimension and one length, from which setting the state makes an interpolation; or neither.
fn isotonic(state: Value, values: &Values<'_>) -> Option<()> {
    let pairs = [
        (Attribute::Thresholds, Attribute::ThresholdValues),
        (
            Attribute::ThresholdsBefore,
            Attribute::ThresholdValuesBefore,
        ),
    ];
    for (places, held) in pairs {
        let found = [places, held].map(|name| values.named.get(state, name));
        if found == [Found::Absent; 2] {
            continue;
        }
        let [places, held] = found.map(|found| values.array(found.one()?));
        let (places, held) = (places?, held?);
        let numbers = [places, held].into_iter().all(|array| {
            let layout = array.dtype.and_then(|dtype| values.dtype_layout(dtype));
            layout.is_some_and(|layout| !layout.objects && !layout.record && !layout.texts)
        });
        if places.sizes != held.sizes || places.sizes.len() != 1 || !numbers {
            return None;
        }
    }
    Some(())
}

/// As many coefficients as knots and a degree ask for.
fn spline(state: Value, values: &Values<'_>) -> Option<()> {
    // A pair of what holds the numbers, which were compared there, and an array.
    if state.kind() == ValueKind::Tuple {
        return Some(());
    }
    let get = |name| values.named.get(state, name);
    let array = |now, before| {
        let ([Found::One(held), Found::Absent] | [Found::Absent, Found::One(held)]) =
            [now, before].map(get)
        else {
            return None;
        };
        values.array(held)
    };
    let degree = get(Attribute::Degree).one()?;
    let degree = u64::try_from(values.preview.integer(degree)?).ok()?;
    let [knots] = array(Attribute::Knots, Attribute::KnotsBefore)?
        .sizes
        .as_slice()
    else {
        return None;
    };
    let [coefficients, ..] = array(Attribute::Coefficients, Attribute::CoefficientsBefore)?
        .sizes
        .as_slice()
    else {
        return None;
    };
    let order = degree.checked_add(1)?;
    let needed = knots.checked_sub(order)?;
    (degree <= DEGREE && needed >= order && *coefficients >= needed).then_some(())
}

/// Groups that are few enough for each to name every parameter of the file.
fn optimizer(state: Value, values: &Values<'_>) -> Option<()> {
    let groups = values.named.get(state, Attribute::ParameterGroups).one()?;
    let count = values
        .preview
        .nodes
        .summary(groups)
        .map(|groups| groups.len);
    let groups = match groups.kind() {
        ValueKind::List => count?,
        _ => return None,
    };
    // A parameter that was stored before takes two bytes.
    let parameters = values.preview.window.len().div_ceil(2);
    (groups.checked_mul(parameters)? <= VISITS).then_some(())
}
