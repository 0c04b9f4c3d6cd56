//! Trees of scikit-learn, and the estimators that hold them.
//!
//! A tree believes its nodes, and an estimator compares an input with its own number of features before its trees read it. The
//! estimators here hand their input on as it is; all others ask each estimator that they hold, which compares for itself.

use super::{ContentsCheck, Makes, Values};
use crate::{
    fact::ContentsFault,
    format::pickle::{
        digest::{Digest, NodeKind, Nodes},
        named::Found,
        texts::Attribute,
        value::{Value, ValueKind},
        widths::Width,
    },
};

/// Compares the state of a tree or an estimator.
pub(super) fn state(
    check: ContentsCheck,
    target: Value,
    state: Value,
    values: &Values<'_>,
) -> Result<(), ContentsFault> {
    let holder = Holder { state, values };
    match check {
        ContentsCheck::TreeNodes => holder.tree(target),
        ContentsCheck::PredictorNodes => holder.nodes(NodeKind::Predictor).map(|_| ()),
        ContentsCheck::TreeEstimator => holder.estimator(),
        ContentsCheck::IsolationForest => holder.isolation_forest(),
        ContentsCheck::Boosting => holder.boosting(),
        ContentsCheck::GradientBoosting => holder.gradient_boosting(),
        ContentsCheck::Dummy => Ok(()),
        ContentsCheck::MulticlassLoss => match holder.get(Attribute::IsMulticlass) {
            Found::Absent => Ok(()),
            _ => Err(ContentsFault::Columns),
        },
        // Matrices are no trees.
        _ => Err(ContentsFault::Arrays),
    }
}

/// What a tree or an estimator needs whose state fits.
pub(super) fn width(
    check: ContentsCheck,
    target: Value,
    state: Value,
    values: &Values<'_>,
) -> Width {
    let holder = Holder { state, values };
    match check {
        ContentsCheck::TreeNodes => values
            .widths
            .features(target)
            .map_or(Width::UNKNOWN, Width::exactly),
        ContentsCheck::PredictorNodes => {
            let nodes = holder.nodes(NodeKind::Predictor);
            // Some of its columns may not be compared anywhere.
            nodes.map_or(Width::UNKNOWN, |nodes| Width {
                least: 0,
                most: nodes.features,
            })
        }
        ContentsCheck::TreeEstimator => holder.trees(),
        ContentsCheck::Dummy => holder.columns_of_dummy(),
        _ => Width::UNKNOWN,
    }
}

/// What holds nodes or trees.
struct Holder<'a, 'v> {
    state: Value,
    values: &'a Values<'v>,
}

impl Holder<'_, '_> {
    fn get(&self, attribute: Attribute) -> Found {
        self.values.named.get(self.state, attribute)
    }

    fn number(&self, value: Value) -> Option<u64> {
        u64::try_from(self.values.preview.integer(value)?).ok()
    }

    fn nodes(&self, kind: NodeKind) -> Result<Nodes, ContentsFault> {
        let array = self.get(Attribute::Nodes).one();
        let array = array.and_then(|array| self.values.array(array));
        match array.and_then(|array| array.digest) {
            Some(Digest::Nodes(nodes)) if nodes.kind == kind => Ok(nodes),
            _ => Err(ContentsFault::Nodes),
        }
    }

    fn tree(&self, target: Value) -> Result<(), ContentsFault> {
        let nodes = self.nodes(NodeKind::Tree)?;
        let said = |attribute| self.number(self.get(attribute).one()?);
        if said(Attribute::NodeCount) != Some(nodes.count) {
            return Err(ContentsFault::Nodes);
        }
        // A path is written into room for as many nodes.
        if said(Attribute::MaxDepth).is_none_or(|depth| depth < nodes.depth) {
            return Err(ContentsFault::Depth);
        }
        let features = self.values.widths.features(target);
        if features.is_none_or(|features| nodes.features > features) {
            return Err(ContentsFault::Feature);
        }
        Ok(())
    }

    /// What an attribute needs; nothing if it is not there.
    fn width(&self, attribute: Attribute) -> Width {
        match self.get(attribute) {
            Found::Absent => Width::NONE,
            Found::One(value) => self.values.width(value),
            Found::Unknown => Width::UNKNOWN,
        }
    }

    /// What its trees need.
    fn trees(&self) -> Width {
        self.width(Attribute::Tree)
            .and(self.width(Attribute::Estimators))
    }

    /// Each number of features that an estimator has fits, and there is one. Releases differ in which they compare an input with.
    fn features(&self, fits: impl Fn(u64) -> bool) -> Result<(), ContentsFault> {
        let mut known = false;
        for attribute in [
            Attribute::FeaturesIn,
            Attribute::Features,
            Attribute::FeaturesOfBoosting,
        ] {
            match self.get(attribute) {
                Found::Absent => {}
                Found::One(value) if self.number(value).is_some_and(&fits) => known = true,
                _ => return Err(ContentsFault::Features),
            }
        }
        if known {
            Ok(())
        } else {
            Err(ContentsFault::Features)
        }
    }

    fn estimator(&self) -> Result<(), ContentsFault> {
        match self.trees() {
            Width::NONE => Ok(()),
            trees => self.features(|features| trees == Width::exactly(features)),
        }
    }

    /// Its trees get the columns that were drawn for each, or all where as many are drawn as there are.
    fn isolation_forest(&self) -> Result<(), ContentsFault> {
        let trees = self.trees();
        if trees == Width::NONE {
            return Ok(());
        }
        let drawn = self.get(Attribute::MaxFeatures).one();
        let drawn = drawn.and_then(|drawn| self.number(drawn));
        let fits = drawn.is_some_and(|drawn| trees == Width::exactly(drawn))
            && self.width(Attribute::DrawnFeatures) == trees;
        if !fits {
            return Err(ContentsFault::DrawnFeatures);
        }
        self.features(|features| features >= trees.most)
    }

    /// How many columns an estimator gives that says the same of each row.
    fn columns_of_dummy(&self) -> Width {
        let said = |attribute| self.number(self.get(attribute).one()?);
        if said(Attribute::Outputs) != Some(1) {
            return Width::UNKNOWN;
        }
        match self.get(Attribute::ClassPrior) {
            // Of numbers, one column.
            Found::Absent => Width::exactly(1),
            Found::One(prior) => {
                let prior = self.values.array(prior);
                match prior.map(|prior| prior.sizes.as_slice()) {
                    Some([classes]) if said(Attribute::Classes) == Some(*classes) => {
                        Width::exactly(*classes)
                    }
                    _ => Width::UNKNOWN,
                }
            }
            Found::Unknown => Width::UNKNOWN,
        }
    }

    /// Its trees get the whole input, and write into as many columns as its first estimator gives.
    fn gradient_boosting(&self) -> Result<(), ContentsFault> {
        self.estimator()?;
        let estimators = match self.get(Attribute::Estimators) {
            Found::Absent => return Ok(()),
            found => found.one().and_then(|array| self.values.array(array)),
        };
        let sizes = estimators.map(|array| array.sizes.as_slice());
        let Some([_, columns]) = sizes else {
            return Err(ContentsFault::Columns);
        };
        let is_multiclass = || {
            let is_one = |attribute| match self.get(attribute) {
                Found::One(loss) => self.values.makes(loss) == Some(Makes::MulticlassLoss),
                _ => false,
            };
            // Releases before 1.1 have it under another name, and do not look at this one.
            match self.get(Attribute::Loss) {
                Found::Absent => is_one(Attribute::LossBefore),
                _ => is_one(Attribute::Loss),
            }
        };
        let init = self.get(Attribute::Init).one();
        let fits = init.is_some_and(|init| {
            let is_text = matches!(init.kind(), ValueKind::Str | ValueKind::StrAt);
            if is_text {
                let said = self.get(Attribute::TreesPerIteration).one();
                return said.and_then(|said| self.number(said)) == Some(*columns);
            }
            let of_each_class = || self.values.width(init) == Width::exactly(*columns);
            let given = self.values.makes(init) == Some(Makes::Estimator);
            given
                && (*columns == 1 && self.values.width(init).least >= 1
                    || of_each_class() && is_multiclass())
        });
        if fits {
            Ok(())
        } else {
            Err(ContentsFault::Columns)
        }
    }

    fn boosting(&self) -> Result<(), ContentsFault> {
        let trees = self.width(Attribute::Predictors);
        if trees == Width::NONE {
            return Ok(());
        }
        match self.get(Attribute::Preprocessor) {
            Found::Absent => {}
            Found::One(value) if value.kind() == ValueKind::None => {}
            _ => return Err(ContentsFault::Preprocessor),
        }
        self.features(|features| trees.most <= features)
    }
}
