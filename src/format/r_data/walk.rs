//! Items, one after another. What is left to read is a stack of counts: a list of any length is no depth.

use indexmap::IndexMap;

use super::form::Source;
use crate::{
    bytes::ReadError,
    fact::{
        Code, CodeByValue, Expression, Fact, ForeignCode, GlobalName, Place, Short, TableFault,
    },
    format::Reading,
    limits,
};

/// Types of items.
mod kind {
    pub(super) const SYMBOL: i32 = 1;
    pub(super) const LIST: i32 = 2;
    pub(super) const CLOSURE: i32 = 3;
    pub(super) const ENVIRONMENT: i32 = 4;
    pub(super) const PROMISE: i32 = 5;
    pub(super) const CALL: i32 = 6;
    pub(super) const SPECIAL: i32 = 7;
    pub(super) const BUILTIN: i32 = 8;
    pub(super) const CHARACTERS: i32 = 9;
    pub(super) const LOGICAL: i32 = 10;
    pub(super) const INTEGER: i32 = 13;
    pub(super) const REAL: i32 = 14;
    pub(super) const COMPLEX: i32 = 15;
    pub(super) const TEXT: i32 = 16;
    pub(super) const DOTS: i32 = 17;
    pub(super) const VECTOR: i32 = 19;
    pub(super) const EXPRESSION: i32 = 20;
    pub(super) const BYTECODE: i32 = 21;
    pub(super) const POINTER: i32 = 22;
    pub(super) const WEAK: i32 = 23;
    pub(super) const RAW: i32 = 24;
    pub(super) const S4: i32 = 25;
    pub(super) const ALTERNATIVE: i32 = 238;
    pub(super) const LIST_WITH_ATTRIBUTES: i32 = 239;
    pub(super) const CALL_WITH_ATTRIBUTES: i32 = 240;
    pub(super) const BASE_ENVIRONMENT: i32 = 241;
    pub(super) const EMPTY_ENVIRONMENT: i32 = 242;
    pub(super) const REPEATED: i32 = 243;
    pub(super) const REPEATABLE: i32 = 244;
    pub(super) const PERSISTENT: i32 = 247;
    pub(super) const PACKAGE: i32 = 248;
    pub(super) const NAMESPACE: i32 = 249;
    pub(super) const BASE_NAMESPACE: i32 = 250;
    pub(super) const MISSING: i32 = 251;
    pub(super) const UNBOUND: i32 = 252;
    pub(super) const GLOBAL_ENVIRONMENT: i32 = 253;
    pub(super) const NIL: i32 = 254;
    pub(super) const REFERENCE: i32 = 255;
}

const HAS_ATTRIBUTES: i32 = 1 << 9;
const HAS_TAG: i32 = 1 << 10;

/// R's own classes of alternative vectors that hold data in the file. Another one of its own maps a file.
const DATA_CLASSES: [&[u8]; 10] = [
    b"compact_intseq",
    b"compact_realseq",
    b"deferred_string",
    b"wrap_complex",
    b"wrap_integer",
    b"wrap_list",
    b"wrap_logical",
    b"wrap_raw",
    b"wrap_real",
    b"wrap_string",
];

/// What is left to read.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// So many items.
    Items(u64),
    /// A unit of bytecode: its instructions and its constants.
    Unit,
    /// The number of constants, and then these.
    Constants,
    /// So many constants.
    Constant(u64),
    /// So many parts of a call among the constants.
    Part(u64),
    /// What is called by a call that began here.
    Callee(u64),
}

/// Reads an object to its end, and records what is code in it.
pub(super) fn read(source: &mut Source, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut walk = Walk {
        source,
        left: Vec::new(),
        references: Vec::new(),
        code: IndexMap::new(),
        ids: 0,
    };
    let done = walk.run();
    let Walk { code, ids, .. } = walk;
    for ((what, name), (at, count)) in code {
        let fact = Fact::CodeByValue(Box::new(CodeByValue {
            made_by: GlobalName::new("base", "unserialize"),
            code: Code::Foreign { what, name },
        }));
        let place = Place::Bytes {
            start: at,
            end: at.saturating_add(4),
        };
        reading.recorder.record_times(fact, place, None, count);
    }
    if ids > 0 {
        reading.record(Fact::PersistentId {
            id: Expression::Elided,
            torch_storage: false,
        });
    }
    done
}

struct Walk<'s> {
    source: &'s mut Source,
    left: Vec<Task>,
    /// What references lead to: the name of a symbol, nothing of other things.
    references: Vec<Option<Short>>,
    /// Each kind of code, with its name, first place, and count.
    code: IndexMap<(ForeignCode, Short), (u64, u64)>,
    /// Objects that the loader's own function restores.
    ids: u64,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), ReadError> {
        let version = self.source.integer()?;
        self.source.skip(2, 4)?;
        if version == 3 {
            let length = self.source.count()?;
            self.source.text(length)?;
        }
        self.push(Task::Items(1))?;
        while let Some(task) = self.left.pop() {
            match task {
                Task::Items(0) | Task::Constant(0) | Task::Part(0) => {}
                Task::Items(count) => {
                    self.push_more(count, Task::Items)?;
                    self.item(None)?;
                }
                Task::Callee(call) => self.item(Some(call))?,
                Task::Unit => {
                    self.push(Task::Constants)?;
                    self.push(Task::Items(1))?;
                }
                Task::Constants => {
                    let count = self.source.count()?;
                    self.push(Task::Constant(count))?;
                }
                Task::Constant(count) => {
                    self.push_more(count, Task::Constant)?;
                    match self.source.integer()? {
                        kind::BYTECODE => self.push(Task::Unit)?,
                        other => self.part(other)?,
                    }
                }
                Task::Part(count) => {
                    self.push_more(count, Task::Part)?;
                    let kind = self.source.integer()?;
                    self.part(kind)?;
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, task: Task) -> Result<(), ReadError> {
        if self.left.len() >= limits::R_NESTING {
            return Err(ReadError::Limit(limits::Id::R_NESTING));
        }
        self.left.push(task);
        Ok(())
    }

    /// All but the one that is read now.
    fn push_more(&mut self, count: u64, task: fn(u64) -> Task) -> Result<(), ReadError> {
        match count.saturating_sub(1) {
            0 => Ok(()),
            more => self.push(task(more)),
        }
    }

    /// Something that is not data.
    fn code(&mut self, what: ForeignCode, name: Short, at: u64) {
        let many = self.code.len() >= limits::OPERATORS;
        let name = if many { Short::default() } else { name };
        let (_, count) = self.code.entry((what, name)).or_insert((at, 0));
        *count = count.saturating_add(1);
    }

    /// Remembers what a reference may lead to.
    fn register(&mut self, name: Option<Short>) -> Result<(), ReadError> {
        if self.references.len() >= limits::R_REFERENCES {
            return Err(ReadError::Limit(limits::Id::R_REFERENCES));
        }
        self.references.push(name);
        Ok(())
    }

    /// The attributes of an item, if it has any.
    fn attributes(&mut self, flags: i32) -> Result<(), ReadError> {
        if flags & HAS_ATTRIBUTES != 0 {
            self.push(Task::Items(1))?;
        }
        Ok(())
    }

    /// One item; `call` is where a call began that this is what it calls.
    fn item(&mut self, call: Option<u64>) -> Result<(), ReadError> {
        let at = self.source.offset();
        let flags = self.source.integer()?;
        let kind = flags & 0xff;
        let mut symbol = None;
        match kind {
            kind::NIL
            | kind::GLOBAL_ENVIRONMENT
            | kind::UNBOUND
            | kind::MISSING
            | kind::BASE_NAMESPACE
            | kind::EMPTY_ENVIRONMENT
            | kind::BASE_ENVIRONMENT => {}
            kind::REFERENCE => symbol = self.reference(flags, at)?,
            kind::SYMBOL => symbol = Some(self.symbol()?),
            kind::PERSISTENT => {
                self.names()?;
                self.ids = self.ids.saturating_add(1);
                self.register(None)?;
            }
            kind::PACKAGE | kind::NAMESPACE => {
                let name = self.names()?;
                self.register(None)?;
                self.code(ForeignCode::RPackage, name, at);
            }
            kind::ENVIRONMENT => {
                self.register(None)?;
                self.source.integer()?;
                self.push(Task::Items(4))?;
            }
            kind::LIST | kind::CLOSURE | kind::PROMISE | kind::CALL | kind::DOTS => {
                self.pair(kind, flags, at)?;
            }
            kind::ALTERNATIVE => {
                self.alternative(at)?;
                self.push(Task::Items(2))?;
            }
            _ => self.vector(kind, flags, at)?,
        }
        if let Some(call) = call {
            self.code(ForeignCode::RCall, symbol.unwrap_or_default(), call);
        }
        Ok(())
    }

    /// What begins with its attributes, its tag, its head and its tail.
    fn pair(&mut self, kind: i32, flags: i32, at: u64) -> Result<(), ReadError> {
        let before = [HAS_ATTRIBUTES, HAS_TAG].map(|flag| u64::from(flags & flag != 0));
        let before: u64 = before.iter().sum();
        match kind {
            kind::CALL => {
                self.push(Task::Items(1))?;
                self.push(Task::Callee(at))?;
                return self.push(Task::Items(before));
            }
            kind::CLOSURE => self.code(ForeignCode::RFunction, Short::default(), at),
            kind::PROMISE => self.code(ForeignCode::RPromise, Short::default(), at),
            _ => {}
        }
        self.push(Task::Items(before.saturating_add(2)))
    }

    fn vector(&mut self, kind: i32, flags: i32, at: u64) -> Result<(), ReadError> {
        // All of these have their attributes last.
        self.attributes(flags)?;
        let size = match kind {
            kind::LOGICAL | kind::INTEGER => 4,
            kind::REAL => 8,
            kind::COMPLEX => 16,
            kind::RAW => 1,
            kind::TEXT | kind::VECTOR | kind::EXPRESSION => {
                let count = self.source.count()?;
                return self.push(Task::Items(count));
            }
            kind::CHARACTERS => {
                self.characters()?;
                return Ok(());
            }
            kind::SPECIAL | kind::BUILTIN => {
                let length = self.source.count()?;
                let name = self.source.text(length)?;
                self.code(ForeignCode::RPrimitive, shown(&name), at);
                return Ok(());
            }
            kind::BYTECODE => {
                self.code(ForeignCode::RBytecode, Short::default(), at);
                self.source.integer()?;
                return self.push(Task::Unit);
            }
            kind::POINTER => {
                self.register(None)?;
                return self.push(Task::Items(2));
            }
            kind::WEAK => return self.register(None),
            kind::S4 => return Ok(()),
            _ => return Err(self.source.wrong("type")),
        };
        let count = self.source.count()?;
        self.source.skip(count, size)
    }

    /// A text without its type: `NA` has no length.
    fn characters(&mut self) -> Result<Vec<u8>, ReadError> {
        match u64::try_from(self.source.integer()?) {
            Ok(length) => self.source.text(length),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// A text with its type, and nothing more.
    fn name(&mut self) -> Result<Short, ReadError> {
        let flags = self.source.integer()?;
        if flags & 0xff != kind::CHARACTERS || flags & HAS_ATTRIBUTES != 0 {
            return Err(self.source.wrong("name"));
        }
        Ok(shown(&self.characters()?))
    }

    /// The name of a symbol, which references may lead to.
    fn symbol(&mut self) -> Result<Short, ReadError> {
        let name = self.name()?;
        self.register(Some(name.clone()))?;
        Ok(name)
    }

    fn reference(&mut self, flags: i32, at: u64) -> Result<Option<Short>, ReadError> {
        let number = match flags >> 8 {
            0 => self.source.integer()?,
            packed => packed,
        };
        let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        let found = index.and_then(|index| self.references.get(index));
        match found {
            Some(name) => Ok(name.clone()),
            None => Err(ReadError::malformed(TableFault::Reference { at })),
        }
    }

    /// A list of names: the first of them.
    fn names(&mut self) -> Result<Short, ReadError> {
        if self.source.integer()? != 0 {
            return Err(self.source.wrong("names"));
        }
        let count = self.source.count()?;
        let mut first = None;
        for _ in 0..count {
            let name = self.name()?;
            first.get_or_insert(name);
        }
        Ok(first.unwrap_or_default())
    }

    /// What an alternative vector is of: a list of the class, its package and the type of the vector.
    fn alternative(&mut self, at: u64) -> Result<(), ReadError> {
        let [class, package] = [self.named()?, self.named()?];
        for expected in [kind::LIST, kind::INTEGER, 1] {
            if self.source.integer()? != expected {
                return Err(self.source.wrong("class"));
            }
        }
        self.source.integer()?;
        if self.source.integer()? != kind::NIL {
            return Err(self.source.wrong("class"));
        }
        let is_data = DATA_CLASSES.iter().any(|known| class == shown(known));
        if package != Short::from("base") || !is_data {
            let name = Short::from(format!("{package}::{class}").as_str());
            self.code(ForeignCode::RClass, name, at);
        }
        Ok(())
    }

    /// A symbol that is the head of a list.
    fn named(&mut self) -> Result<Short, ReadError> {
        if self.source.integer()? != kind::LIST {
            return Err(self.source.wrong("class"));
        }
        let at = self.source.offset();
        let flags = self.source.integer()?;
        let name = match flags & 0xff {
            kind::SYMBOL => Some(self.symbol()?),
            kind::REFERENCE => self.reference(flags, at)?,
            _ => None,
        };
        name.ok_or_else(|| self.source.wrong("class"))
    }

    /// A part of a call among the constants of bytecode. What is no call is an item, whose type stands there twice.
    fn part(&mut self, kind: i32) -> Result<(), ReadError> {
        let kind = match kind {
            kind::REPEATED => {
                self.source.integer()?;
                return Ok(());
            }
            kind::REPEATABLE => {
                self.source.integer()?;
                self.source.integer()?
            }
            kind::CALL | kind::LIST | kind::CALL_WITH_ATTRIBUTES | kind::LIST_WITH_ATTRIBUTES => {
                kind
            }
            _ => return self.push(Task::Items(1)),
        };
        // The attributes, if there are any, and the tag.
        let items = match kind {
            kind::CALL | kind::LIST => 1,
            kind::CALL_WITH_ATTRIBUTES | kind::LIST_WITH_ATTRIBUTES => 2,
            _ => return Err(self.source.wrong("type")),
        };
        self.push(Task::Part(2))?;
        self.push(Task::Items(items))
    }
}

fn shown(name: &[u8]) -> Short {
    Short::new(name)
}
