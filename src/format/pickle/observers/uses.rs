//! Uses of globals, compared with the shapes in which they are written.
//!
//! For that it follows numpy's dtypes and arrays and torch's tensors; what it knows of them goes into the values that are made.

use super::{
    joblib::{Follows, JoblibArrays, JoblibSpan},
    made::{FILLED, MadeValues},
};
use crate::{
    fact::{
        CallArguments, Fact, GlobalName, JoblibFault, Misfit, Op, Part, SeenUse, UnusualUse, Usage,
    },
    format::pickle::{
        arrays::{Contents, Form},
        machine::{self, Call, Effect, Flow, Items, Made, Noted, Observer, Scene},
        opcode as op,
        shapes::{self, JoblibArray, KnownUse, Makes},
        tensors::TensorSummary,
        value::{Value, ValueKind},
        widths::Width,
    },
};

/// Who loads a stream, as far as that decides which bytes are opcodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::format) enum LoadedBy {
    /// An unpickler that reads nothing but opcodes.
    #[default]
    Pickle,
    /// Also `joblib.load`, which reads arrays between them.
    Joblib,
}

/// What joblib reads itself, and how long that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Bytes(u64),
    Pickle(u64),
}

/// Compares uses.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Uses {
    /// How the globals of the rows are written.
    known: Vec<KnownUse>,
    made: MadeValues,
    joblib: JoblibArrays,
    by: LoadedBy,
    /// What the trees need that STOP returned.
    result: Width,
}

impl Observer for Uses {
    type Note = ();
    type Saved = (MadeValues, JoblibArrays);

    fn save(&self) -> Self::Saved {
        (self.made.clone(), self.joblib.clone())
    }

    fn restore(&mut self, (made, joblib): Self::Saved) {
        self.made = made;
        self.joblib = joblib;
    }

    #[inline]
    fn on_container(&mut self, made: Value, items: Items<'_, ()>, scene: &mut Scene<'_>) {
        self.handed_on(items.values, scene);
        match made.kind() {
            ValueKind::Dict => self.put(made, items.values, scene),
            ValueKind::List | ValueKind::Tuple => self.made.put_in_list(made, items.values, scene),
            _ => {}
        }
    }

    #[inline]
    fn on_items(
        &mut self,
        target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        self.handed_on(items.values, scene);
        let target = target.value;
        match target.kind() {
            ValueKind::Dict if matches!(scene.code, op::SETITEM | op::SETITEMS) => {
                self.put(target, items.values, scene);
                None
            }
            ValueKind::List => {
                if let Some(row) = self.made.lists.asker(target) {
                    self.kept_changed(row, target, Misfit::KeptList, scene);
                }
                self.made.put_in_list(target, items.values, scene);
                None
            }
            // A key without a value stops every unpickler: that is said already.
            ValueKind::Result | ValueKind::Instance
                if !items.values.is_empty() && !stops(scene.code, items.values) =>
            {
                self.use_of_items(target, items.values, scene)
            }
            _ => None,
        }
    }

    #[inline]
    fn on_name(&mut self, row: usize, name: Option<&GlobalName>, next: u64) {
        self.made.name(row, name, next);
    }

    fn on_call(&mut self, call: Call<()>, scene: &mut Scene<'_>) -> Made<()> {
        let detail = match call.effect {
            Effect::Runs => self.use_in_call(call, scene),
            Effect::Instantiates => self.use_as_class(call, scene),
            Effect::LooksUp => 0,
        };
        Made {
            detail,
            ..Made::default()
        }
    }

    fn on_build(&mut self, target: Noted<()>, state: Noted<()>, scene: &mut Scene<'_>) -> Flow {
        self.handed_on(&[state.value], scene);
        if !matches!(target.value.kind(), ValueKind::Result | ValueKind::Instance) {
            return Flow::Continue;
        }
        if let Some(kind) = self.joblib_array(target.value, scene) {
            return self.array_follows(kind, target.value, state.value, scene);
        }
        self.use_of_state(target.value, state.value, scene);
        Flow::Continue
    }

    fn on_stop(&mut self, result: Noted<()>, scene: &mut Scene<'_>) {
        if self.made.named.asked() {
            self.result = self.made.values(scene).width(result.value);
        }
    }
}

/// Whether an opcode that sets pairs is given an odd number of values.
fn stops(code: u8, items: &[Value]) -> bool {
    matches!(code, op::SETITEM | op::SETITEMS) && !items.len().is_multiple_of(2)
}

/// Whether a call makes an instance as `NEWOBJ` does: Python 3.4 makes every one by `NEWOBJ_EX`, without keywords.
fn is_newobj(call: &Call<()>, scene: &Scene<'_>) -> bool {
    match scene.code {
        op::NEWOBJ => true,
        op::NEWOBJ_EX => call.keywords.is_none(),
        _ => false,
    }
}

impl Uses {
    /// At the start of a stream.
    pub(in crate::format::pickle) fn new(by: LoadedBy) -> Self {
        Self {
            by,
            ..Self::default()
        }
    }

    /// Where `joblib.load` and `pickle.load` part: the first array that joblib reads itself, or that cannot be followed.
    pub(in crate::format::pickle) fn first_array(&self) -> Option<u64> {
        match self.by {
            LoadedBy::Joblib => self.joblib.first(),
            LoadedBy::Pickle => None,
        }
    }

    /// Whether joblib reads an array, wherever it stands.
    pub(in crate::format::pickle) fn has_arrays(&self) -> bool {
        self.by == LoadedBy::Joblib && self.joblib.any()
    }

    /// How a row's global is written.
    fn known(&mut self, row: usize, scene: &Scene<'_>) -> KnownUse {
        while self.known.len() <= row {
            let name = scene.log.name(self.known.len());
            let known = name.map_or(KnownUse::Plain, |name| {
                shapes::known(name.module.as_bytes(), name.name.as_bytes())
            });
            self.known.push(known);
        }
        self.known.get(row).copied().unwrap_or(KnownUse::Plain)
    }

    /// Notes what is set on a dict: fields of dtypes, what joblib says of arrays, names that can be called, numbers of layers.
    #[inline]
    fn put(&mut self, dict: Value, items: &[Value], scene: &mut Scene<'_>) {
        self.made.dtypes.fields.put(dict, items, scene.nodes);
        self.joblib.put(dict, items);
        self.made.put_in_dict(dict, items, scene);
        for pair in items.chunks_exact(2) {
            let [key, value] = pair else { continue };
            self.made.planted.note_layers(dict, *key, *value);
            if self.made.is_planted(*key, *value, scene) {
                self.made.planted.add(dict);
            }
        }
        if let Some(row) = self.made.planted.kept_by(dict) {
            self.kept_changed(row, dict, Misfit::KeptState, scene);
        }
    }

    /// Compares a call, and returns what else is known of what it makes.
    fn use_in_call(&mut self, call: Call<()>, scene: &mut Scene<'_>) -> u32 {
        let (row, arguments) = (call.row, call.arguments.value);
        let known = self.known(row, scene);
        if matches!(known, KnownUse::Shape(shape) if shape.joblib_array().is_some()) {
            self.joblib.expect();
        }
        let values = self.made.values(scene);
        let (part, fits) = match known {
            KnownUse::Shape(shape) if shape.is_instantiated() && is_newobj(&call, scene) => {
                (Part::Arguments, shape.construct(arguments, &values))
            }
            KnownUse::Shape(shape) if shape.is_instantiated() && scene.code != op::REDUCE => {
                (Part::Opcode, Err(Misfit::NotByNewobj))
            }
            // What is called is called by REDUCE: INST and OBJ are of Python 2's oldest classes.
            KnownUse::Shape(_) if scene.code != op::REDUCE => {
                (Part::Opcode, Err(Misfit::NotByReduce))
            }
            KnownUse::Shape(shape) => (Part::Arguments, shape.call(arguments, &values)),
            KnownUse::Plain if call.keywords.is_some() => (Part::Opcode, Err(Misfit::Keywords)),
            KnownUse::Plain => (Part::Arguments, values.plain_call(arguments)),
        };
        if let Err(misfit) = fits
            && !scene.log.misused_often(row)
        {
            let keywords = call.keywords.map(|keywords| keywords.value);
            let seen = SeenUse::Call(scene.preview().call(arguments, keywords));
            self.unusual(row, (call.usage, part), (misfit, seen), scene);
        }
        match known {
            KnownUse::Shape(shape) => self.made.add(shape, arguments, scene),
            KnownUse::Plain => 0,
        }
    }

    /// Compares the making of an instance by something else than `NEWOBJ`.
    fn use_as_class(&mut self, call: Call<()>, scene: &mut Scene<'_>) -> u32 {
        let KnownUse::Shape(shape) = self.known(call.row, scene) else {
            return 0;
        };
        if shape.joblib_array().is_some() {
            self.joblib.expect();
        }
        let fits = shape.instantiate(call.arguments.value, &self.made.values(scene));
        let Err(misfit) = fits else {
            return self.made.add_instance(shape);
        };
        if !scene.log.misused_often(call.row) {
            let seen = SeenUse::Call(CallArguments::none());
            self.unusual(call.row, (call.usage, Part::Opcode), (misfit, seen), scene);
        }
        0
    }

    /// What joblib stored in place of an array, if a value is that.
    fn joblib_array(&mut self, target: Value, scene: &Scene<'_>) -> Option<JoblibArray> {
        match self.known(target.global()?, scene) {
            KnownUse::Shape(shape) => shape.joblib_array(),
            KnownUse::Plain => None,
        }
    }

    /// What stands in place of an array gets its state: joblib reads the array.
    fn array_follows(
        &mut self,
        kind: JoblibArray,
        target: Value,
        state: Value,
        scene: &mut Scene<'_>,
    ) -> Flow {
        self.joblib.reads();
        let described = if target.is_fresh() {
            self.joblib.describe(kind, state, &self.made.values(scene))
        } else {
            Err(JoblibFault::NotFresh)
        };
        let span = described.and_then(|described| {
            described.record_file(self.by == LoadedBy::Joblib, scene);
            let mut array = described.array;
            let span = match self.by {
                LoadedBy::Joblib => span(&self.made, described.follows, &mut array, scene),
                LoadedBy::Pickle => {
                    self.made.note_empty(&mut array, scene);
                    Ok(Span::Bytes(0))
                }
            };
            self.made.tensors.finished(target, array);
            span
        });
        if kind == JoblibArray::Bytes || span.is_err() {
            self.joblib.depart(scene);
        }
        match (span, self.by) {
            (Ok(Span::Bytes(length)), _) => Flow::Skip(length),
            (Ok(Span::Pickle(length)), _) => Flow::Nested(length),
            (Err(fault), LoadedBy::Joblib) => Flow::Lost(fault),
            (Err(_), LoadedBy::Pickle) => {
                if let Some(row) = target.global() {
                    let seen = SeenUse::Value(scene.preview().value(state));
                    self.unusual(
                        row,
                        (Usage::Build, Part::State),
                        (Misfit::State, seen),
                        scene,
                    );
                }
                Flow::Continue
            }
        }
    }

    /// Compares the state that is set on what a call made, which lies on top.
    fn use_of_state(&mut self, target: Value, state: Value, scene: &mut Scene<'_>) {
        let Some(row) = target.global() else {
            return;
        };
        let known = self.known(row, scene);
        let values = self.made.values(scene);
        let fits = match known {
            _ if !target.is_fresh() => Err(Misfit::StateNotFresh),
            KnownUse::Shape(shape) => shape.state(target, state, &values),
            KnownUse::Plain => shapes::models::plain(state, &values),
        };
        let kept = known.kept(state, &values);
        let fits = fits.and_then(|()| match kept {
            Some(kept) if !self.made.planted.keep(kept, row) => Err(Misfit::KeptState),
            _ => Ok(()),
        });
        let is_dtype = matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::Dtype);
        let fits = fits.and_then(|()| {
            if !is_dtype {
                return Ok(());
            }
            self.made
                .dtypes
                .build(target, state, &scene.preview())
                .map_err(Misfit::Dtype)
        });
        let is_fit = fits.is_ok();
        if let Err(misfit) = fits
            && !scene.log.misused_often(row)
        {
            let seen = SeenUse::Value(scene.preview().value(state));
            self.unusual(row, (Usage::Build, Part::State), (misfit, seen), scene);
        }
        if let KnownUse::Shape(shape) = known {
            self.made.settle(shape, (target, state), is_fit, scene);
        }
    }

    /// Compares the items that are set on what a call made, and returns what else is known of it now.
    fn use_of_items(
        &mut self,
        target: Value,
        items: &[Value],
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        let row = target.global()?;
        let known = self.known(row, scene);
        let fits = match known {
            _ if !target.is_fresh() => Err(Misfit::ItemsNotFresh),
            KnownUse::Shape(shape) if shape.fill(scene.code).is_err() => shape.fill(scene.code),
            KnownUse::Shape(shape) if shape.answers_items() => {
                let plain = |pair: &[Value]| matches!(pair, [key, value] if matches!(key.kind(), ValueKind::Str | ValueKind::StrAt) && key.marks().is_plain_attribute() && !self.made.is_planted(*key, *value, scene));
                if items.chunks_exact(2).all(plain) {
                    Ok(())
                } else {
                    Err(Misfit::PlainItems)
                }
            }
            _ => Ok(()),
        };
        if let Err(misfit) = fits
            && !scene.log.misused_often(row)
        {
            let filled = SeenUse::Value(scene.preview().value(target));
            self.unusual(row, (Usage::Import, Part::Items), (misfit, filled), scene);
        }
        let ordered =
            matches!(known, KnownUse::Shape(shape) if shape.makes() == Makes::OrderedDict);
        ordered.then_some(FILLED)
    }

    /// What was compared, and is kept, gets items.
    #[cold]
    fn kept_changed(&mut self, row: usize, kept: Value, misfit: Misfit, scene: &mut Scene<'_>) {
        let seen = SeenUse::Value(scene.preview().value(kept));
        self.unusual(row, (Usage::Build, Part::State), (misfit, seen), scene);
    }

    #[inline]
    fn handed_on(&mut self, values: &[Value], scene: &mut Scene<'_>) {
        self.made.lists.hand_on(values);
        if self.made.tensors.has_unfinished() {
            self.unfinished_handed_on(values, scene);
        }
    }

    /// An array is given to something before it has its state: it could come to hold itself.
    #[cold]
    fn unfinished_handed_on(&mut self, values: &[Value], scene: &mut Scene<'_>) {
        let unfinished = |value: &&Value| {
            value.kind() == ValueKind::Result
                && !value.is_fresh()
                && self.made.tensors.is_unfinished(**value)
        };
        let arrays: Vec<Value> = values.iter().filter(unfinished).copied().collect();
        for array in arrays {
            let Some(row) = array.global() else {
                continue;
            };
            if matches!(self.known(row, scene), KnownUse::Shape(shape) if shape.makes() == Makes::Array)
            {
                let seen = SeenUse::Value(scene.preview().value(array));
                let misfit = Misfit::UnfinishedArray;
                self.unusual(row, (Usage::Import, Part::Items), (misfit, seen), scene);
            }
        }
    }

    #[cold]
    fn unusual(
        &mut self,
        row: usize,
        (usage, part): (Usage, Part),
        (misfit, seen): (Misfit, SeenUse),
        scene: &mut Scene<'_>,
    ) {
        let known = matches!(self.known(row, scene), KnownUse::Shape(_));
        let Some(global) = scene.log.global(row).cloned() else {
            return;
        };
        let fact = Fact::UnusualUse(Box::new(UnusualUse {
            global,
            usage,
            part,
            known,
            misfit,
            op: Op::new(scene.code),
            seen,
        }));
        let moment = scene.moment();
        scene.log.misused(row, fact, moment);
    }
}

/// What joblib reads itself; what that comes to is noted of the array.
fn span(
    made: &MadeValues,
    follows: Follows,
    array: &mut TensorSummary,
    scene: &Scene<'_>,
) -> Result<Span, JoblibFault> {
    let asked = made.named.asked();
    match JoblibArrays::span(follows, scene)? {
        JoblibSpan::Bytes { padding, length } => {
            if let Some(dtype) = array.dtype.filter(|_| asked) {
                let contents = Contents::At {
                    start: scene.lexer.offset().saturating_add(padding),
                    length,
                    form: Form::Plain,
                };
                array.digest = made.digest(dtype, &array.sizes, &contents, scene);
            }
            Ok(Span::Bytes(length.saturating_add(padding)))
        }
        JoblibSpan::Pickle => {
            let (length, width) = nested(made, scene);
            array.width = width;
            Ok(Span::Pickle(length))
        }
    }
}

/// How long a pickle is that begins here: up to its STOP, or all that is left where it has none; and what the trees need that it
/// holds.
fn nested(made: &MadeValues, scene: &Scene<'_>) -> (u64, Option<Width>) {
    let window = scene.window;
    let start = scene.lexer.offset();
    let (run, width) = if made.named.asked() {
        let mut uses = Uses::new(LoadedBy::Pickle);
        uses.made.named.ask(0);
        let run = machine::run(window, start, None, uses, scene.budget);
        (run.end, run.result.is_ok().then_some(run.observer.result))
    } else {
        let run = machine::run(window, start, None, (), scene.budget);
        (run.end, run.result.is_ok().then_some(Width::UNKNOWN))
    };
    let end = if width.is_some() { run } else { window.len() };
    (end.saturating_sub(start), width)
}
