//! Attributes that states set: whether Python would call one of them.

use super::{KnownUse, known, spelling};
use crate::{
    fact::Misfit,
    format::pickle::{
        marks::Marks,
        planted::Planted,
        preview::Preview,
        value::{Value, ValueKind},
    },
};

/// Compares attributes.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Attributes<'a> {
    pub(super) preview: Preview<'a>,
    pub(super) planted: &'a Planted,
}

impl Attributes<'_> {
    /// Whether a value is a dict whose keys are texts, of which none has such a mark; or a pair of such, for `__dict__` and slots.
    pub(super) fn are_attributes(&self, value: Value, not: Marks) -> bool {
        self.all_attributes(value, |marks, _| {
            !marks.has(not) && !marks.has(Marks::ODD_KEY)
        })
    }

    /// The same for what a pack's name makes: no attribute is something that could be called in place of a method.
    pub(super) fn are_attributes_of_data(&self, value: Value) -> bool {
        self.are_attributes(value, Marks::SPECIAL_KEY)
            && self.all_attributes(value, |marks, dict| {
                let pairs = self.preview.nodes.all(dict);
                !marks.has(Marks::CALLABLE)
                    || pairs.is_some_and(|pairs| {
                        pairs.chunks_exact(2).all(
                            |pair| matches!(pair, [key, value] if self.is_no_method(*key, *value)),
                        )
                    })
            })
    }

    /// Whether a dict is what an instance of a pack's class has as `__dict__`: nothing in it is called in place of a method. What
    /// is called of something that is filled may be there, as no such instance is filled.
    pub(super) fn are_fields(&self, dict: Value) -> bool {
        self.are_attributes(dict, Marks::DUNDER_KEY) && !self.planted.is_in(dict)
    }

    /// Whether a global, or something of which nothing is known, could be called in place of a method under this key. A type that
    /// a pack only names, such as `numpy.float64`, could not where the key says that it is one; nor could a class where objects keep one
    /// of which they make others, or a function where a library keeps just that one.
    pub(in crate::format::pickle) fn could_be_method(&self, key: Value, value: Value) -> bool {
        /// Where models of torch keep a class of layers, and no class has a method.
        const LAYERS: &[&str] = &["_norm_layer", "norm_layer", "act_layer"];
        /// Where libraries keep functions and classes, and which.
        const KEPT: &[(&str, &str)] = &[
            ("_Token", "nltk.tokenize.punkt.PunktToken"),
            ("activation", "torch._C._nn.gelu"),
            ("activation", "torch.nn.functional.gelu"),
            ("activation", "torch.nn.functional.relu"),
            ("hashfxn", "__builtin__.hash"),
            ("hashfxn", "builtins.hash"),
            ("load", "gensim.utils.call_on_class_only"),
            ("load_fasttext_format", "gensim.utils.call_on_class_only"),
            ("scoring", "gensim.models.phrases.npmi_scorer"),
            ("scoring", "gensim.models.phrases.original_scorer"),
            ("wglobal", "gensim.models.tfidfmodel.df2idf"),
            ("wlocal", "gensim.utils.identity"),
        ];
        /// Where estimators keep a function of their library, whichever of those that a pack calls callbacks.
        const CALLBACKS: &[&str] = &[
            "_asarray",
            "_kmeans_single",
            "_score_func",
            "func",
            "inverse_func",
            "pooling_func",
            "score_func",
        ];
        if value.kind() != ValueKind::Global {
            return true;
        }
        let name = self.preview.log.name(value.index());
        let spelling = name.and_then(|name| spelling(name.module.as_bytes(), name.name.as_bytes()));
        match (name, spelling) {
            (None, _) => true,
            // The policy has to list it, and says what it may be used for.
            (Some(_), None) => false,
            (Some(_), Some(spelling)) if !spelling.callable => false,
            (Some(name), Some(spelling)) => {
                let known = known(name.module.as_bytes(), name.name.as_bytes());
                let (KnownUse::Shape(shape), Some(key)) = (known, self.preview.string(key)) else {
                    return true;
                };
                let key = key.as_str().unwrap_or_default();
                let says_type = shape.is_only_named() && key.ends_with("type");
                let says_layer = shape.is_instantiated() && LAYERS.contains(&key);
                let is_kept = || {
                    let name = name.to_string();
                    KEPT.contains(&(key, name.as_str())) && shape.is_only_named()
                };
                let is_callback = spelling.callback && CALLBACKS.contains(&key);
                !(says_type || says_layer || is_callback || is_kept())
            }
        }
    }

    fn all_attributes(&self, value: Value, fits: impl Fn(Marks, Value) -> bool) -> bool {
        let plain = |dict: Value| match dict.kind() {
            ValueKind::None => true,
            ValueKind::Dict => self
                .preview
                .nodes
                .summary(dict)
                .is_some_and(|summary| fits(summary.marks, dict)),
            _ => false,
        };
        match value.kind() {
            ValueKind::Dict => plain(value),
            ValueKind::Tuple => match self.preview.nodes.all(value) {
                Some([attributes, slots]) => plain(*attributes) && plain(*slots),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an attribute is none that would be called: what is no global, a dtype of torch, or a name of another library under
    /// a name that no dictionary has a method of.
    fn is_no_method(&self, key: Value, value: Value) -> bool {
        const METHODS: &[&str] = &[
            "clear",
            "copy",
            "elements",
            "fromkeys",
            "get",
            "items",
            "keys",
            "most_common",
            "move_to_end",
            "pop",
            "popitem",
            "setdefault",
            "subtract",
            "total",
            "values",
        ];
        if value.kind() != ValueKind::Global {
            return !matches!(
                value.kind(),
                ValueKind::Extension | ValueKind::Unknown | ValueKind::Stale
            );
        }
        match self.preview.log.name(value.index()) {
            Some(name) => match spelling(name.module.as_bytes(), name.name.as_bytes()) {
                Some(spelling) => !spelling.callable,
                None => self
                    .preview
                    .string(key)
                    .is_some_and(|key| !METHODS.iter().any(|method| key == *method)),
            },
            None => false,
        }
    }

    /// Whether a state is plain: attributes; or data for a method of the class's own, in which nothing would be taken for the
    /// name of an attribute that Python calls.
    pub(in crate::format::pickle) fn plain_state(&self, state: Value) -> Result<(), Misfit> {
        let expected = || Err(Misfit::PlainState);
        match state.kind() {
            ValueKind::Dict | ValueKind::Tuple
                if self.are_attributes(state, Marks::SPECIAL_KEY) =>
            {
                Ok(())
            }
            // Data classes with slots give a list to their own `__setstate__`; without one nothing takes it.
            ValueKind::Tuple | ValueKind::List => {
                let known = self
                    .preview
                    .nodes
                    .summary(state)
                    .map(|summary| summary.marks);
                let pair_of_dicts = matches!(self.preview.nodes.all(state), Some([first, second])
                    if matches!(first.kind(), ValueKind::None | ValueKind::Dict) && second.kind() == ValueKind::Dict);
                match known {
                    Some(marks) if !marks.has(Marks::SPECIAL) && !pair_of_dicts => Ok(()),
                    _ => expected(),
                }
            }
            ValueKind::None
            | ValueKind::Bool
            | ValueKind::Int
            | ValueKind::Long
            | ValueKind::Float
            | ValueKind::Bytes => Ok(()),
            ValueKind::Str | ValueKind::StrAt if !state.marks().has(Marks::SPECIAL) => Ok(()),
            _ => expected(),
        }
    }
}
