//! Support vector machines of scikit-learn: how many vectors there are, against the arrays that have something of each.
//!
//! libsvm gets the addresses of these arrays and the number of classes, and compares none of them.

use super::{ContentsCheck, Values};
use crate::{
    fact::ContentsFault,
    format::pickle::{
        digest::{Digest, Integers},
        named::Found,
        tensors::TensorSummary,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// An estimator of libsvm.
struct Machine<'a, 'v> {
    state: Value,
    values: &'a Values<'v>,
}

/// Compares the state of such an estimator, if it was fitted.
pub(super) fn state(
    check: ContentsCheck,
    state: Value,
    values: &Values<'_>,
) -> Result<(), ContentsFault> {
    let machine = Machine { state, values };
    if machine.get(Attribute::Support) == Found::Absent {
        return Ok(());
    }
    // What an instance says of itself here would stand for what its class says.
    if machine.get(Attribute::Implementation) != Found::Absent || !machine.is_dense() {
        return Err(ContentsFault::SupportVectors);
    }
    machine
        .compare(check == ContentsCheck::SupportVectors)
        .ok_or(ContentsFault::SupportVectors)
}

impl Machine<'_, '_> {
    fn get(&self, attribute: Attribute) -> Found {
        self.values.named.get(self.state, attribute)
    }

    fn array(&self, attribute: Attribute) -> Option<&TensorSummary> {
        self.values.array(self.get(attribute).one()?)
    }

    fn sizes(&self, attribute: Attribute) -> Option<&[u64]> {
        self.array(attribute).map(|array| array.sizes.as_slice())
    }

    /// Vectors that are a sparse matrix are used by another function, with other arrays.
    fn is_dense(&self) -> bool {
        match self.get(Attribute::Sparse) {
            Found::One(sparse) => sparse.kind() == ValueKind::Bool && sparse.number() == 0,
            _ => false,
        }
    }

    fn integers(&self, attribute: Attribute) -> Option<(Integers, u64)> {
        let array = self.array(attribute)?;
        match (array.sizes.as_slice(), array.digest) {
            ([count], Some(Digest::Integers(integers))) => Some((integers, *count)),
            _ => None,
        }
    }

    fn compare(&self, of_classes: bool) -> Option<()> {
        let (support, vectors) = self.integers(Attribute::Support)?;
        let shape = self.get(Attribute::FittedShape).one()?;
        let rows = *self.values.sizes(shape)?.first()?;
        // A precomputed kernel is read at these.
        let precomputed = self.get(Attribute::Kernel).one();
        let precomputed = precomputed.and_then(|kernel| self.values.preview.string(kernel));
        let has_vectors = match self.sizes(Attribute::SupportVectors)? {
            [0, _] => vectors == 0 || precomputed.is_some_and(|kernel| kernel == "precomputed"),
            [count, _] => *count == vectors,
            _ => false,
        };
        let mut classes = None;
        for attribute in [Attribute::SupportCounts, Attribute::SupportCountsBefore] {
            if self.get(attribute) == Found::Absent {
                continue;
            }
            let (counts, count) = self.integers(attribute)?;
            let fits = if of_classes {
                let all = u64::try_from(counts.sum).ok()?;
                counts.min >= 0 && all <= vectors
            } else {
                // Some releases write whatever was there, and none reads it.
                count == 2
            };
            if !fits || classes.is_some_and(|known| known != count) {
                return None;
            }
            classes = Some(count);
        }
        let classes = classes.filter(|classes| *classes >= 2)?;
        let others = classes.checked_sub(1)?;
        let pairs = classes.checked_mul(others)?.checked_div(2)?;
        let of_pairs = |attribute| match self.get(attribute) {
            Found::Absent => Some(0),
            _ => match self.sizes(attribute)? {
                [0] => Some(0),
                [count] if *count == pairs => Some(pairs),
                _ => None,
            },
        };
        let fits = support.are_below(rows)
            && has_vectors
            && self.sizes(Attribute::DualCoefficients)? == [others, vectors]
            && self.sizes(Attribute::Intercepts)? == [pairs]
            && of_pairs(Attribute::ProbabilityA)? == of_pairs(Attribute::ProbabilityB)?
            && of_pairs(Attribute::ProbabilityABefore)? == of_pairs(Attribute::ProbabilityBBefore)?
            && support.bytes == 4;
        fits.then_some(())
    }
}
