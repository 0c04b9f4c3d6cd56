//! Observers: what follows a run besides the machine itself.
//!
//! A machine executes a stream once, and its observer is told of everything as it happens: constants, containers, globals,
//! calls, state, items, persistent ids. What an observer knows of a value is a note, which the machine keeps beside the value
//! on the stack and in the memo. Two observers follow one run as a pair.

use std::{fmt::Debug, sync::Arc};

use crate::{
    bytes::{Budget, ReadError, Window},
    fact::{GlobalName, JoblibFault, Usage},
    format::pickle::{
        event_list::{CONTEXT, Moment},
        events::EventLog,
        lex::Lexer,
        opcode as op,
        preview::Preview,
        text::{Letters, Utf8},
        texts::Interner,
        value::{Nodes, Value},
    },
};

/// How a run goes on after something was called, built or loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::format::pickle) enum Flow {
    /// With the next opcode.
    #[default]
    Continue,
    /// Behind so many bytes, which the loader reads itself.
    Skip(u64),
    /// Behind so many bytes that are a pickle of their own, which the loader loads.
    Nested(u64),
    /// Nowhere: nobody knows how many bytes the loader reads itself.
    Lost(JoblibFault),
}

impl Flow {
    /// What two observers answer together: whoever knows that bytes follow is right.
    fn or(self, other: Self) -> Self {
        match self {
            Self::Continue => other,
            flow => flow,
        }
    }
}

/// A constant that an opcode pushes, if its value does not say all of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) enum Constant<'a> {
    /// An integer of LONG1, in the bytes at this offset.
    Long {
        at: u64,
        bytes: &'a [u8],
    },
    Float(f64),
    /// A text whose bytes are at hand.
    Text(Utf8<'a>),
    /// A text of Python 2, whose bytes are at hand.
    ByteString(&'a [u8]),
    /// A longer text: how many bytes it has, and which letters.
    LongText {
        len: u64,
        letters: Letters,
    },
}

/// What an observer knows of a value that the value itself does not say.
pub(in crate::format::pickle) trait Note: Debug + Default + Copy {
    /// Whether nothing is noted. Of most values nothing is, and then nothing is kept.
    fn is_blank(&self) -> bool;
}

impl Note for () {
    #[inline]
    fn is_blank(&self) -> bool {
        true
    }
}

/// A value and what is noted of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Noted<N> {
    pub value: Value,
    pub note: N,
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Call<N> {
    /// What is called.
    pub callee: Noted<N>,
    /// The row of the global that runs.
    pub row: usize,
    /// The tuple of its arguments.
    pub arguments: Noted<N>,
    pub usage: Usage,
    /// The dict of keywords, if it may hold any.
    pub keywords: Option<Noted<N>>,
    pub effect: Effect,
}

/// What a call does, as far as what is called and its arguments tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) enum Effect {
    /// It runs what is called.
    Runs,
    /// It is `getattr` of a global and a name: what it gives is a global as well.
    LooksUp,
    /// It makes an instance of the class that is its first argument and gives it nothing, as `NEWOBJ` does. The row and the usage
    /// of the call are those of the class.
    Instantiates,
}

/// What a call makes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::format::pickle) struct Made<N> {
    pub note: N,
    /// What the value itself keeps besides its global: 0 is nothing.
    pub detail: u32,
    pub flow: Flow,
}

/// Several values and what is noted of them.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Items<'a, N> {
    pub values: &'a [Value],
    /// The notes of the first of them. Those of the others are blank.
    pub notes: &'a [N],
}

impl<N: Note> Items<'_, N> {
    /// Each value with its note.
    #[inline]
    pub(in crate::format::pickle) fn iter(self) -> impl ExactSizeIterator<Item = Noted<N>> + Clone {
        let Self { values, notes } = self;
        values.iter().enumerate().map(|(at, value)| Noted {
            value: *value,
            note: notes.get(at).copied().unwrap_or_default(),
        })
    }

    /// Keys with their values, where an opcode puts them into a dict.
    #[inline]
    pub(in crate::format::pickle) fn entries(
        &self,
        code: u8,
    ) -> impl Iterator<Item = (Value, Value)> {
        let values = match code {
            op::SETITEM | op::SETITEMS => self.values,
            _ => &[],
        };
        let pairs = values.chunks_exact(2).filter_map(<[Value]>::first_chunk);
        pairs.map(|[key, value]| (*key, *value))
    }
}

/// What an observer sees of the machine.
#[derive(Debug)]
pub(in crate::format::pickle) struct Scene<'a> {
    /// The opcode being executed, and its offset.
    pub code: u8,
    pub at: u64,
    pub recent: &'a [u64; CONTEXT],
    pub nodes: &'a Nodes,
    pub names: &'a Interner,
    pub log: &'a mut EventLog,
    pub window: &'a Window,
    pub lexer: &'a Lexer,
    /// What a run of its own may take.
    pub budget: &'a Arc<Budget>,
}

impl Scene<'_> {
    /// What is known of values.
    pub(in crate::format::pickle) fn preview(&self) -> Preview<'_> {
        Preview {
            nodes: self.nodes,
            names: self.names,
            log: self.log,
            window: self.window,
        }
    }

    /// The opcode, for an event.
    pub(in crate::format::pickle) fn moment(&self) -> Moment {
        Moment {
            at: self.at,
            op: self.code,
            before: *self.recent,
        }
    }
}

/// Follows a run.
#[allow(
    unused_variables,
    reason = "what an observer does not ask for it does not name"
)]
pub(in crate::format::pickle) trait Observer: Debug {
    /// What is noted of a value; `()` notes nothing.
    type Note: Note;
    /// What it goes back to where a stream is read in another way from some opcode on.
    type Saved: Default + Debug;

    /// What another reading starts from.
    fn save(&self) -> Self::Saved {
        Self::Saved::default()
    }

    /// Goes back to where another reading starts.
    fn restore(&mut self, saved: Self::Saved) {}

    /// Whether notes still matter to it. Where they do not, the memo keeps none.
    #[inline]
    fn takes_notes(&self) -> bool {
        size_of::<Self::Note>() > 0
    }

    /// Before the first opcode of a window.
    fn on_start(&mut self, window: &Window) {}

    /// Before each opcode.
    #[inline]
    fn on_opcode(&mut self, at: u64, code: u8) {}

    /// A constant.
    #[inline]
    fn on_constant(&mut self, constant: Constant<'_>, value: Value) -> Self::Note {
        Self::Note::default()
    }

    /// A container is made of these.
    #[inline]
    fn on_container(
        &mut self,
        made: Value,
        items: Items<'_, Self::Note>,
        scene: &mut Scene<'_>,
    ) -> Self::Note {
        Self::Note::default()
    }

    /// Items are put into a container, or into whatever is on the stack there. Returns what the value keeps from now on besides its
    /// global, if that changes.
    #[inline]
    fn on_items(
        &mut self,
        target: Noted<Self::Note>,
        items: Items<'_, Self::Note>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        None
    }

    /// A global is resolved by `GLOBAL`.
    fn on_global(&mut self, row: usize, name: Option<&GlobalName>) -> Self::Note {
        Self::Note::default()
    }

    /// A global is resolved by whatever opcode. The container that is made next has this number.
    #[inline]
    fn on_name(&mut self, row: usize, name: Option<&GlobalName>, next: u64) {}

    /// Something is called or instantiated.
    fn on_call(&mut self, call: Call<Self::Note>, scene: &mut Scene<'_>) -> Made<Self::Note> {
        Made::default()
    }

    /// State is set.
    fn on_build(
        &mut self,
        target: Noted<Self::Note>,
        state: Noted<Self::Note>,
        scene: &mut Scene<'_>,
    ) -> Flow {
        Flow::Continue
    }

    /// A persistent id is loaded.
    fn on_persistent(
        &mut self,
        id: Noted<Self::Note>,
        scene: &mut Scene<'_>,
    ) -> (Self::Note, Flow) {
        (Self::Note::default(), Flow::Continue)
    }

    /// A persistent id that is a line.
    fn on_persistent_line(&mut self, id: &[u8]) -> Self::Note {
        Self::Note::default()
    }

    /// STOP returns this.
    fn on_stop(&mut self, result: Noted<Self::Note>, scene: &mut Scene<'_>) {}

    /// What stops the machine at an opcode.
    fn on_error(&mut self, at: u64, error: &ReadError) {}
}

/// Follows nothing.
impl Observer for () {
    type Note = ();
    type Saved = ();
}

/// Two that follow one run; the first notes nothing.
impl<A: Observer<Note = ()>, B: Observer> Observer for (A, B) {
    type Note = B::Note;
    type Saved = (A::Saved, B::Saved);

    fn save(&self) -> Self::Saved {
        (self.0.save(), self.1.save())
    }

    fn restore(&mut self, (first, second): Self::Saved) {
        self.0.restore(first);
        self.1.restore(second);
    }

    #[inline]
    fn takes_notes(&self) -> bool {
        self.1.takes_notes()
    }

    fn on_start(&mut self, window: &Window) {
        self.0.on_start(window);
        self.1.on_start(window);
    }

    #[inline]
    fn on_opcode(&mut self, at: u64, code: u8) {
        self.0.on_opcode(at, code);
        self.1.on_opcode(at, code);
    }

    #[inline]
    fn on_constant(&mut self, constant: Constant<'_>, value: Value) -> B::Note {
        self.0.on_constant(constant, value);
        self.1.on_constant(constant, value)
    }

    #[inline]
    fn on_container(
        &mut self,
        made: Value,
        items: Items<'_, B::Note>,
        scene: &mut Scene<'_>,
    ) -> B::Note {
        self.0.on_container(made, items.unnoted(), scene);
        self.1.on_container(made, items, scene)
    }

    #[inline]
    fn on_items(
        &mut self,
        target: Noted<B::Note>,
        items: Items<'_, B::Note>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        let first = self.0.on_items(target.unnoted(), items.unnoted(), scene);
        let second = self.1.on_items(target, items, scene);
        first.or(second)
    }

    fn on_global(&mut self, row: usize, name: Option<&GlobalName>) -> B::Note {
        self.0.on_global(row, name);
        self.1.on_global(row, name)
    }

    #[inline]
    fn on_name(&mut self, row: usize, name: Option<&GlobalName>, next: u64) {
        self.0.on_name(row, name, next);
        self.1.on_name(row, name, next);
    }

    fn on_call(&mut self, call: Call<B::Note>, scene: &mut Scene<'_>) -> Made<B::Note> {
        let unnoted = Call {
            callee: call.callee.unnoted(),
            row: call.row,
            arguments: call.arguments.unnoted(),
            usage: call.usage,
            keywords: call.keywords.map(Noted::unnoted),
            effect: call.effect,
        };
        let first = self.0.on_call(unnoted, scene);
        let second = self.1.on_call(call, scene);
        Made {
            note: second.note,
            detail: first.detail | second.detail,
            flow: first.flow.or(second.flow),
        }
    }

    fn on_build(
        &mut self,
        target: Noted<B::Note>,
        state: Noted<B::Note>,
        scene: &mut Scene<'_>,
    ) -> Flow {
        let first = self.0.on_build(target.unnoted(), state.unnoted(), scene);
        first.or(self.1.on_build(target, state, scene))
    }

    fn on_persistent(&mut self, id: Noted<B::Note>, scene: &mut Scene<'_>) -> (B::Note, Flow) {
        let ((), first) = self.0.on_persistent(id.unnoted(), scene);
        let (note, second) = self.1.on_persistent(id, scene);
        (note, first.or(second))
    }

    fn on_persistent_line(&mut self, id: &[u8]) -> B::Note {
        self.0.on_persistent_line(id);
        self.1.on_persistent_line(id)
    }

    fn on_stop(&mut self, result: Noted<B::Note>, scene: &mut Scene<'_>) {
        self.0.on_stop(result.unnoted(), scene);
        self.1.on_stop(result, scene);
    }

    fn on_error(&mut self, at: u64, error: &ReadError) {
        self.0.on_error(at, error);
        self.1.on_error(at, error);
    }
}

impl<N> Noted<N> {
    fn unnoted(self) -> Noted<()> {
        Noted {
            value: self.value,
            note: (),
        }
    }
}

impl<'a, N> Items<'a, N> {
    fn unnoted(self) -> Items<'a, ()> {
        Items {
            values: self.values,
            notes: &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Call, Flow, Made, Note, Noted, Observer, Scene};
    use crate::{
        bytes::Window,
        format::pickle::{
            machine::{Run, run},
            observers::LibraryVersion,
            value::ValueKind,
        },
    };

    /// A loader that reads bytes itself, once state is set on what `loader.Array` made or when `loader.read` is called.
    #[derive(Debug)]
    struct Reads(Flow);

    impl Note for u8 {
        fn is_blank(&self) -> bool {
            *self == 0
        }
    }

    impl Observer for Reads {
        type Note = u8;
        type Saved = ();

        fn on_call(&mut self, call: Call<u8>, scene: &mut Scene<'_>) -> Made<u8> {
            let name = scene.log.name(call.row).map(ToString::to_string);
            let read = name.as_deref() == Some("loader.read");
            Made {
                note: 7,
                flow: if read { self.0 } else { Flow::Continue },
                ..Made::default()
            }
        }

        fn on_build(&mut self, target: Noted<u8>, _: Noted<u8>, _: &mut Scene<'_>) -> Flow {
            assert_eq!((target.value.kind(), target.note), (ValueKind::Result, 7));
            self.0
        }
    }

    fn stream(parts: &[&[u8]]) -> Window {
        Window::new(parts.concat())
    }

    fn reads(window: &Window, flow: Flow) -> Run<(LibraryVersion, Reads)> {
        let observer = (LibraryVersion, Reads(flow));
        run(window, 0, None, observer, &Arc::default())
    }

    /// By the memo and back, so that the note has to come along.
    const ARRAY: &[u8] = b"\x80\x02cloader\nArray\n)Rq\x000h\x00}b";

    #[test]
    fn an_observer_lets_bytes_be_skipped() {
        let raw = [0xff; 24];
        let window = stream(&[ARRAY, &raw, b"."]);
        let done = reads(&window, Flow::Skip(24));
        assert!(done.result.is_ok(), "{:?}", done.result);
        assert_eq!((done.end, &*done.ends), (window.len(), &[window.len()][..]));
        // Without it the same bytes are no opcodes.
        let stopped = reads(&window, Flow::Continue);
        assert_eq!(stopped.result.unwrap_err().0, window.len() - 25);
        // More than there is is malformed, and nothing is skipped.
        let cut = reads(&window, Flow::Skip(26));
        assert!(cut.result.is_err());
    }

    #[test]
    fn an_observer_announces_a_pickle() {
        let inner = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.";
        let window = stream(&[b"cloader\nread\n)R", inner, b"."]);
        let length = u64::try_from(inner.len()).unwrap();
        let done = reads(&window, Flow::Nested(length));
        assert!(done.result.is_ok(), "{:?}", done.result);
        let expected = 15..15 + length;
        assert_eq!(done.nested.as_slice(), std::slice::from_ref(&expected));
        assert!(!done.nested_more);
        // What it names is told of where it is read, and nowhere else.
        let names: Vec<String> = done
            .log
            .names_from(0)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["loader.read"]);
    }
}
