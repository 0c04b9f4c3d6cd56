//! Opcodes and their operands, and what executes each.

use super::{
    Flow, Halt, Machine, Observer,
    calls::{NameLines, Runs},
};
use crate::{
    fact::{PickleAnomaly, PickleFault, Text},
    format::pickle::{
        opcode as op,
        value::{Value, ValueKind},
    },
};

impl<'m, O: Observer> Machine<'m, O> {
    /// Executes one opcode.
    pub(super) fn step(&mut self) -> Result<(), Halt> {
        let at = self.lexer.offset();
        let interpreter = &mut self.interpreter;
        interpreter.current.at = at;
        let Some(code) = self.lexer.opcode()? else {
            return Err(super::malformed(PickleFault::NoStop));
        };
        interpreter.current.code = code;
        interpreter.observer.on_opcode(at, code);
        interpreter.current.moved = self.lexer.is_going_other_way();
        match code {
            op::MEMOIZE => return interpreter.memoize(),
            op::BINGET => {
                let [index] = self.operand()?;
                self.interpreter.get(u64::from(index))?;
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.operand()?);
                self.interpreter.get(u64::from(index))?;
            }
            op::BINPUT => {
                let [index] = self.operand()?;
                return self.interpreter.put(u64::from(index));
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.operand()?);
                return self.interpreter.put(u64::from(index));
            }
            op::BININT1 => {
                let [n] = self.operand()?;
                self.int(i32::from(n))?;
            }
            op::BININT2 => {
                let n = u16::from_le_bytes(self.operand()?);
                self.int(i32::from(n))?;
            }
            op::BININT => {
                let n = i32::from_le_bytes(self.operand()?);
                self.int(n)?;
            }
            op::MARK => interpreter.state.stack.mark()?,
            op::EMPTY_TUPLE => self.gather_last(0, ValueKind::Tuple)?,
            op::EMPTY_LIST => self.gather_last(0, ValueKind::List)?,
            op::EMPTY_DICT => self.gather_last(0, ValueKind::Dict)?,
            op::EMPTY_SET => self.gather_last(0, ValueKind::Set)?,
            op::TUPLE1 => self.gather_last(1, ValueKind::Tuple)?,
            op::TUPLE2 => self.gather_last(2, ValueKind::Tuple)?,
            op::TUPLE3 => self.gather_last(3, ValueKind::Tuple)?,
            op::TUPLE => self.gather_marked(ValueKind::Tuple)?,
            op::LIST => self.gather_marked(ValueKind::List)?,
            op::DICT => self.gather_marked(ValueKind::Dict)?,
            op::FROZENSET => self.gather_marked(ValueKind::FrozenSet)?,
            op::APPEND => self.add_last(1, ValueKind::List)?,
            op::SETITEM => self.add_last(2, ValueKind::Dict)?,
            op::APPENDS => self.add_marked(ValueKind::List)?,
            op::ADDITEMS => self.add_marked(ValueKind::Set)?,
            op::SETITEMS => self.add_marked(ValueKind::Dict)?,
            op::POP => interpreter.state.stack.pop_or_unmark()?,
            op::POP_MARK => interpreter.state.stack.pop_marked()?,
            op::DUP => interpreter.dup()?,
            op::GLOBAL => {
                let lines = NameLines::read(&mut self.lexer)?;
                self.settle();
                self.runs().global(&lines)?;
            }
            op::STACK_GLOBAL => self.runs().stack_global()?,
            op::REDUCE => {
                let flow = self.runs().reduce()?;
                self.follow(flow)?;
            }
            op::BUILD => {
                let flow = self.runs().build()?;
                self.follow(flow)?;
            }
            op::NEWOBJ => {
                let flow = self.runs().newobj()?;
                self.follow(flow)?;
            }
            op::BINPERSID => {
                let flow = self.runs().persistent()?;
                self.follow(flow)?;
            }
            op::STOP => return interpreter.stop(&self.lexer),
            op::PROTO | op::FRAME => return self.header(code),
            op::PUT => {
                let index = self.index_line()?;
                return self.interpreter.put(index);
            }
            _ => self.constant_or_rare(code)?,
        }
        self.interpreter.remember();
        Ok(())
    }

    /// Opcodes that say something of the stream.
    fn header(&mut self, code: u8) -> Result<(), Halt> {
        if code == op::PROTO {
            let [protocol] = self.operand()?;
            if protocol > 5 {
                let anomaly = PickleAnomaly::UnknownProtocol { protocol };
                self.interpreter.anomaly(anomaly);
            }
            return Ok(());
        }
        let n = u64::from_le_bytes(self.lexer.array()?);
        let fits = self.lexer.frame(n);
        self.settle();
        // The pure-Python unpickler goes on without the missing bytes; so do we, and say so.
        if let Err(anomaly) = fits {
            self.interpreter.anomaly(anomaly);
        }
        Ok(())
    }

    /// Constants, and opcodes that are rare in large pickles.
    fn constant_or_rare(&mut self, code: u8) -> Result<(), Halt> {
        let interpreter = &mut self.interpreter;
        match code {
            op::NEWOBJ_EX => {
                let flow = self.runs().newobj_ex()?;
                self.follow(flow)
            }
            op::INST => {
                let lines = NameLines::read(&mut self.lexer)?;
                self.settle();
                let flow = self.runs().inst(&lines)?;
                self.follow(flow)
            }
            op::OBJ => {
                let flow = self.runs().obj()?;
                self.follow(flow)
            }
            op::PERSID => {
                let id = Text::new(self.lexer.line()?.bytes);
                self.settle();
                self.runs().persistent_text(&id)
            }
            op::EXT1 => {
                let [code] = self.operand()?;
                self.runs().extension(i64::from(code))
            }
            op::EXT2 => {
                let code = u16::from_le_bytes(self.operand()?);
                self.runs().extension(i64::from(code))
            }
            op::EXT4 => {
                let code = i32::from_le_bytes(self.operand()?);
                self.runs().extension(i64::from(code))
            }
            op::GET => {
                let index = self.index_line()?;
                self.interpreter.get(index)
            }
            op::NEXT_BUFFER => self.runs().buffer(),
            op::READONLY_BUFFER => interpreter.state.stack.top().map(|_| ()),
            _ => self.constant(),
        }
    }

    #[inline]
    fn constant(&mut self) -> Result<(), Halt> {
        let interpreter = &mut self.interpreter;
        let (trace, current) = (&mut interpreter.trace, &interpreter.current);
        let literal = self.constants.read(&mut self.lexer, trace, current)?;
        let value = literal.value;
        let Some(constant) = literal.told else {
            self.settle();
            return self.interpreter.push_unnoted(value);
        };
        let note = interpreter.observer.on_constant(constant, value);
        self.settle();
        self.interpreter.push(value, note)
    }

    /// An integer that a value holds whole.
    #[inline]
    fn int(&mut self, n: i32) -> Result<(), Halt> {
        self.interpreter.push_unnoted(Value::int(n))
    }

    #[inline]
    fn runs(&mut self) -> Runs<'_, 'm, O> {
        Runs {
            interpreter: &mut self.interpreter,
            lexer: &self.lexer,
        }
    }

    /// An operand of fixed width.
    #[inline]
    fn operand<const N: usize>(&mut self) -> Result<[u8; N], Halt> {
        let bytes = self.lexer.array()?;
        self.settle();
        Ok(bytes)
    }

    /// A memo index that a line spells.
    fn index_line(&mut self) -> Result<u64, Halt> {
        let line = self.lexer.line()?.bytes;
        let index = self.indexes.read(line, &mut self.interpreter)?;
        self.settle();
        Ok(index)
    }

    /// A container of the topmost values.
    #[inline]
    fn gather_last(&mut self, n: usize, kind: ValueKind) -> Result<(), Halt> {
        let from = self.interpreter.state.stack.topmost(n)?;
        self.interpreter.gather(from, kind, &self.lexer)
    }

    /// A container of what lies above the topmost mark.
    fn gather_marked(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let stack = &mut self.interpreter.state.stack;
        let from = stack.pop_mark()?;
        if kind == ValueKind::Dict && !stack.len().saturating_sub(from).is_multiple_of(2) {
            let op = self.interpreter.current.op();
            return Err(super::malformed(PickleFault::KeyWithoutValue { op }));
        }
        self.interpreter.gather(from, kind, &self.lexer)
    }

    /// Puts the topmost values into what lies below them.
    #[inline]
    fn add_last(&mut self, n: usize, kind: ValueKind) -> Result<(), Halt> {
        let from = self.interpreter.state.stack.below_top(n)?;
        self.interpreter.add_items(from, kind, &self.lexer)
    }

    /// Puts what lies above the topmost mark into what lies below it.
    #[inline]
    fn add_marked(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let from = self.interpreter.state.stack.pop_mark()?;
        self.interpreter.add_items(from, kind, &self.lexer)
    }

    /// Goes on as the observer says: behind what the loader reads itself.
    #[inline]
    fn follow(&mut self, flow: Flow) -> Result<(), Halt> {
        if flow == Flow::Continue {
            return Ok(());
        }
        self.constants.embeds.pass_over(flow, &mut self.lexer)
    }
}
