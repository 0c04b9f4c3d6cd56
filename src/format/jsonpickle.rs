//! jsonpickle: objects of Python in JSON.
//!
//! Its keys say what a pickle says with opcodes: what is resolved, called, made and given its state. So a document is written as that pickle
//! (`program`) and judged as one, by the same packs and shapes; each fact then gets its place in the document.

use std::{ops::Range, sync::Arc};

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    json::{Document, Node, Value},
    program::{Program, Shown, run},
};
use crate::{
    bytes::{ByteSource, ReadError, Window, narrow, wide},
    fact::{Fact, Global, GlobalName, Observation, Op, Unresolved, Usage},
    limits,
};

/// JSON with the keys of jsonpickle.
pub static FORMAT: Format = Format {
    id: "jsonpickle",
    title: "objects in JSON (jsonpickle)",
    doc: DOC,
    suffixes: &[Suffix::plain("json"), Suffix::plain("jsonpickle")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

JSON in which some objects have keys of jsonpickle: `py/object`, `py/type`, `py/reduce`, `py/function` and the like.

## What loading it does

`jsonpickle.decode` imports what such a key names, makes an instance of it or calls it with what stands beside it, and gives it its attributes or
its state, as `pickle` does. `py/repr` is text that is evaluated, by default in releases before 4. To other readers it is plain JSON.

## How it is recognised

By a key of jsonpickle with its colon, written with escapes or without, in a file named `.json` or `.jsonpickle`, or in the first kilobytes of any
other that begins as JSON does.

## What is checked

Every class, function and module that is named, as those of a pickle, by the same packs and in the same shapes: what is called, with which
arguments, and which state is set. A finding says the line and column. What the handlers of jsonpickle make without a name (dates, regular
expressions, arrays of numpy) needs no entry. A reference (`py/id`) is nothing new, unless it is called: then what is called cannot be
allowed.

## What to prefer

JSON of plain data, and a class that reads it.
";

/// Keys that name something, or say what is made.
const TAGS: &[&str] = &[
    "py/tuple",
    "py/set",
    "py/b64",
    "py/b85",
    "py/id",
    "py/iterator",
    OBJECT,
    "py/type",
    REDUCE,
    "py/function",
    "py/mod",
    "py/repr",
];
const OBJECT: &str = "py/object";
const REDUCE: &str = "py/reduce";

/// Keys of an object that are none of its attributes.
const RESERVED: &[&str] = &[
    "py/bytes",
    "py/initargs",
    "py/newargs",
    "py/newargsex",
    "py/newobj",
    "py/property",
    "py/ref",
    "py/seq",
    "py/state",
];

/// What the loader makes by itself of an object of these names, from plain values beside the name.
const HANDLED: &[&str] = &[
    "_sre.SRE_Pattern",
    "_thread.lock",
    "array.array",
    "queue.Queue",
    "re.Pattern",
    "uuid.UUID",
];
/// The same, from `__reduce__`: a class and its arguments.
const DATES: &[&str] = &["datetime.date", "datetime.datetime", "datetime.time"];
/// Classes whose attributes are their items.
const DICTS: &[&str] = &[
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
];

/// What begins the value of a key that is itself a document.
const KEY: &str = "json://";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.trim_ascii_start();
    let front = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(front);
    let is_json = matches!(front.first(), Some(b'{' | b'['));
    let is_named = FORMAT.suffix_of(head.name).is_some();
    Certainty::sure_if(is_json && (is_named || has_tag(front)))
}

/// Whether a key of jsonpickle stands in a text.
fn has_tag(text: &[u8]) -> bool {
    let is_key = |at: usize| {
        let line = text.get(at.saturating_sub(2)..).unwrap_or_default();
        let rest = line.strip_prefix(b"\"");
        let Some((key, after)) = rest.and_then(|rest| {
            let end = memchr::memchr(b'"', rest.get(..32.min(rest.len()))?)?;
            rest.split_at_checked(end)
        }) else {
            return false;
        };
        let key = key.iter().copied().filter(|byte| *byte != b'\\');
        let key = key.collect::<Vec<_>>();
        let after = after.get(1..).unwrap_or_default().trim_ascii_start();
        after.starts_with(b":") && TAGS.iter().any(|tag| tag.as_bytes() == key)
    };
    let words: [&[u8]; 2] = [b"y/", b"y\\/"];
    words
        .iter()
        .any(|word| memchr::memmem::find_iter(text, word).any(is_key))
}

/// Whether one may stand there in another way: with letters that no encoder escapes, or in the text of a key.
fn may_have_tag(text: &[u8]) -> bool {
    let escaped = memchr::memmem::find_iter(text, b"\\u00").any(|at| {
        let digits = text.get(at.saturating_add(4)..).unwrap_or_default();
        matches!(
            digits,
            [b'2', b'f' | b'F', ..] | [b'6', ..] | [b'7', b'0'..=b'9' | b'a' | b'A', ..]
        )
    });
    let words: [&[u8]; 2] = [b"\"json:", b"\"json\\"];
    let has = |word: &&[u8]| memchr::memmem::find(text, word).is_some();
    escaped || words.iter().any(has)
}

/// Bytes that are looked through at once.
const CHUNK: usize = 256 << 10;
/// Bytes of a chunk that are looked through again with the next: a key, as far as it tells.
const OVERLAP: usize = 64;

/// Whether a text may have a key of jsonpickle. Most JSON is data and has none: it is looked through piece by piece, and not parsed.
fn is_possible(window: &Window) -> Result<bool, ReadError> {
    let most = wide(CHUNK).saturating_add(limits::JSON_BYTES);
    let length = window.known_len().map_or(CHUNK, narrow);
    let mut chunk = vec![0; CHUNK.min(length)];
    let mut at: u64 = 0;
    while at < most {
        let n = window.fill_at(at, &mut chunk)?;
        let text = chunk.get(..n).unwrap_or_default();
        if has_start(text) || may_have_tag(text) {
            return Ok(true);
        }
        if n < CHUNK {
            break;
        }
        at = at.saturating_add(wide(n.saturating_sub(OVERLAP)));
    }
    Ok(false)
}

/// Whether a text begins as such a key does.
fn has_start(text: &[u8]) -> bool {
    let words: [&[u8]; 2] = [b"\"py/", b"\"py\\/"];
    let has = |word: &&[u8]| memchr::memmem::find(text, word).is_some();
    words.iter().any(has)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if !is_possible(window)? {
        reading.disclaim();
        return Ok(());
    }
    let most = narrow(limits::JSON_BYTES);
    let bytes = window.borrow_at(0, most.saturating_add(1))?;
    let is_sure = has_tag(&bytes);
    if !is_sure && !may_have_tag(&bytes) {
        reading.disclaim();
        return Ok(());
    }
    if bytes.len() > most {
        return Err(ReadError::Limit(limits::Id::JSON_BYTES));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let document = match Document::parse(text.to_vec()) {
        Err(ReadError::Malformed(_)) if !is_sure => {
            reading.disclaim();
            return Ok(());
        }
        other => other?,
    };
    let mut writer = Writer::new(&document);
    writer.value(&document.root);
    writer.program.close();
    let Writer {
        program,
        named,
        tags,
        ..
    } = writer;
    // The key stands in a text, say.
    if tags == 0 {
        reading.disclaim();
        return Ok(());
    }
    let program = Arc::new(program);
    let source: Arc<dyn ByteSource> = program.clone();
    let seen = run(&Window::shared(source));
    let origin = |observation: &Observation| program.origin_of(observation);
    let ranges = named.iter().map(|(_, range)| range.clone());
    let shown = Shown::new(document.places(), ranges.chain(seen.iter().map(origin)));
    for (global, range) in named {
        let (place, excerpt) = shown.at(&range);
        let usage = match global {
            Global::Named(_) => Usage::Import,
            Global::Unresolved(_) => Usage::Call,
        };
        reading.record_at(Fact::Global { global, usage }, place, excerpt);
    }
    for observation in seen {
        let (place, excerpt) = shown.at(&origin(&observation));
        let Observation { fact, count, .. } = observation;
        reading.recorder.record_times(fact, place, excerpt, count);
    }
    Ok(())
}

/// Writes a document as a pickle.
#[derive(Debug)]
struct Writer<'d> {
    document: Option<&'d Document>,
    program: Program,
    /// What is resolved without being a value: modules, and what is called by a reference.
    named: Vec<(Global, Range<usize>)>,
    /// Keys of jsonpickle so far.
    tags: usize,
    /// Where all of what is written stands, if it is in the text of a key.
    within: Option<Range<usize>>,
}

impl<'d> Writer<'d> {
    fn new(document: &'d Document) -> Self {
        Self {
            document: Some(document),
            program: Program::new(),
            named: Vec::new(),
            tags: 0,
            within: None,
        }
    }
}

impl Writer<'_> {
    fn range(&self, node: &Node) -> Range<usize> {
        self.within.clone().unwrap_or_else(|| node.range.clone())
    }

    fn at(&mut self, node: &Node) {
        let range = self.range(node);
        self.program.at(&range);
    }

    fn value(&mut self, node: &Node) {
        match &node.value {
            Value::Null => self.program.none(),
            Value::Bool(value) => self.program.bool(*value),
            Value::Number => self.number(node),
            Value::Text(text) => self.program.text(text),
            Value::Array(items) => {
                self.program.ops(&[Op::EMPTY_LIST]);
                self.items(items, Op::APPENDS);
            }
            Value::Object(_) => self.object(node),
        }
    }

    fn number(&mut self, node: &Node) {
        let document = self.document.filter(|_| self.within.is_none());
        let digits = document.and_then(|document| document.number(node));
        let digits = digits.unwrap_or("0");
        match (digits.parse(), digits.parse()) {
            (Ok(whole), _) => self.program.int(whole),
            (_, Ok(real)) => self.program.float(real),
            _ => self.program.float(0.0),
        }
    }

    /// Values between a mark and the opcode that takes them.
    fn items(&mut self, items: &[Node], end: Op) {
        self.program.mark();
        for item in items {
            self.value(item);
        }
        self.program.ops(&[end]);
    }

    /// An object: what the first of its tags makes, in the order in which they are looked for. Each of the others is what a reader with
    /// another order makes.
    fn object(&mut self, node: &Node) {
        let mut tags = TAGS.iter().filter_map(|tag| Some((*tag, node.get(tag)?)));
        let Some((tag, value)) = tags.next() else {
            self.program.ops(&[Op::EMPTY_DICT]);
            self.attributes(node, Op::SETITEMS);
            return;
        };
        for (key, other) in node.entries() {
            let tag = TAGS.iter().find(|tag| **tag == key.text);
            if let Some(tag) = tag.filter(|_| !std::ptr::eq(other, value)) {
                self.tagged(tag, other, node);
                self.program.ops(&[Op::POP]);
            }
        }
        self.tagged(tag, value, node);
    }

    fn tagged(&mut self, tag: &str, value: &Node, node: &Node) {
        self.tags = self.tags.saturating_add(1);
        match tag {
            "py/tuple" => self.tuple(value),
            "py/set" => {
                self.program.ops(&[Op::EMPTY_SET]);
                self.items(value.items(), Op::ADDITEMS);
            }
            "py/iterator" => self.value(value),
            "py/b64" => self.bytes(value),
            "py/b85" | "py/id" => self.program.none(),
            "py/type" | "py/function" => self.path(value),
            "py/mod" => self.module(value),
            "py/repr" => self.text_that_runs(value),
            REDUCE => reduce(self, value),
            _ => self.instance(value, node),
        }
    }

    fn tuple(&mut self, node: &Node) {
        let items = match node.get("py/tuple") {
            Some(items) => items.items(),
            None => node.items(),
        };
        self.items(items, Op::TUPLE);
    }

    fn bytes(&mut self, node: &Node) {
        let text = node.text().unwrap_or_default();
        self.at(node);
        match data_encoding::BASE64.decode(text.as_bytes()) {
            Ok(bytes) => self.program.byte_string(&bytes),
            Err(_) => self.program.text(text),
        }
    }

    /// A class or a function by its path.
    fn path(&mut self, node: &Node) {
        let Some(path) = node.text() else {
            return self.value(node);
        };
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        // Names of Python 2 in documents of old releases.
        let module = match module {
            "__builtin__" | "exceptions" => "builtins",
            other => other,
        };
        self.at(node);
        self.program.global(module, name);
    }

    /// `module/module.attribute`: a module is imported, and something in it looked up.
    fn module(&mut self, node: &Node) {
        let Some((module, path)) = node.text().and_then(|it| it.split_once('/')) else {
            return self.value(node);
        };
        // The path begins with the module, or with the first of its parts.
        let name = path
            .strip_prefix(module)
            .and_then(|it| it.strip_prefix('.'));
        let name = name.or_else(|| path.split_once('.').map(|(_, name)| name));
        if let Some(name) = name.filter(|_| path != module) {
            self.at(node);
            self.program.global(module, name);
        } else {
            let range = self.range(node);
            let name = GlobalName::new(module, "");
            self.named.push((Global::Named(name), range));
            self.program.none();
        }
    }

    /// `module/expression`, which is evaluated.
    fn text_that_runs(&mut self, node: &Node) {
        let text = node.text().unwrap_or_default();
        let expression = text.split_once('/').map_or(text, |(_, text)| text);
        self.at(node);
        self.program.global("builtins", "eval");
        self.program.text(expression);
        self.program.ops(&[Op::TUPLE1, Op::REDUCE]);
    }

    /// An instance of a class, or what a function gives.
    fn instance(&mut self, class: &Node, node: &Node) {
        let path = class.text().unwrap_or_default();
        let is_array = path == "numpy" || path.starts_with("numpy.");
        if is_array && node.get("dtype").is_some_and(|it| it.text().is_some())
            || HANDLED.contains(&path)
        {
            self.program.ops(&[Op::EMPTY_DICT]);
            return self.attributes(node, Op::SETITEMS);
        }
        if DATES.contains(&path)
            && let Some(made) = node.get("__reduce__")
        {
            return date(self, made);
        }
        self.path(class);
        let factory = node.get("default_factory");
        let (given, named) = if let Some(pair) = node.get("py/newargsex") {
            let pair = pair.get("py/tuple").unwrap_or(pair);
            (pair.items().first(), pair.items().get(1))
        } else {
            let given = node.get("py/newargs").or_else(|| node.get("py/initargs"));
            (given, None)
        };
        self.program.mark();
        if let Some(factory) = factory {
            self.value(factory);
        }
        let given = given.map_or(&[][..], |it| match it.get("py/tuple") {
            Some(items) => items.items(),
            None => it.items(),
        });
        for item in given {
            self.value(item);
        }
        self.program.ops(&[Op::TUPLE]);
        // Classes of Python begin with a capital; what does not may be a function, which is called.
        let last = path.rsplit('.').next().unwrap_or_default();
        let is_class = last.starts_with(|first: char| first.is_uppercase());
        let make = match named {
            Some(named) => {
                self.value(named);
                Op::NEWOBJ_EX
            }
            None if is_class => Op::NEWOBJ,
            None => Op::REDUCE,
        };
        self.at(class);
        self.program.ops(&[make]);
        let is_attribute = |key: &str| {
            !TAGS.contains(&key) && !RESERVED.contains(&key) && key != "default_factory"
        };
        if node
            .entries()
            .iter()
            .any(|(key, _)| is_attribute(&key.text))
        {
            if DICTS.contains(&path) {
                self.attributes(node, Op::SETITEMS);
            } else {
                self.program.ops(&[Op::EMPTY_DICT]);
                self.attributes(node, Op::SETITEMS);
                self.at(class);
                self.program.ops(&[Op::BUILD]);
            }
        }
        if let Some(items) = node.get("py/seq") {
            let items = items.get("py/tuple").unwrap_or(items);
            self.items(items.items(), Op::APPENDS);
        }
        if let Some(state) = node.get("py/state") {
            self.value(state);
            self.at(class);
            self.program.ops(&[Op::BUILD]);
        }
    }

    /// The keys that are no tags, with their values.
    fn attributes(&mut self, node: &Node, end: Op) {
        self.program.mark();
        for (key, value) in node.entries() {
            let name = key.text.as_str();
            let is_tag = TAGS.contains(&name) || RESERVED.contains(&name);
            if is_tag || name == "default_factory" && node.get(OBJECT).is_some() {
                continue;
            }
            self.key(name, &key.range);
            self.value(value);
        }
        self.program.ops(&[end]);
    }

    /// A key, which may be a document of its own.
    fn key(&mut self, text: &str, range: &Range<usize>) {
        let document = text
            .strip_prefix(KEY)
            .filter(|_| self.within.is_none())
            .and_then(|text| Document::parse(text.as_bytes().to_vec()).ok());
        match document {
            Some(document) => {
                self.within = Some(range.clone());
                self.value(&document.root);
                self.within = None;
            }
            None => self.program.text(text),
        }
    }
}

/// A function, its arguments, and what is done with the result.
fn reduce(writer: &mut Writer<'_>, node: &Node) {
    let mut parts = node.items();
    let of_tuple = node.get("py/tuple").map(Node::items);
    if let Some(items) = of_tuple {
        parts = items;
    }
    let part = |n: usize| parts.get(n).filter(|it| !matches!(it.value, Value::Null));
    let Some(function) = part(0) else {
        return writer.value(node);
    };
    if !is_named(function) {
        return reference(writer, function, parts);
    }
    let arguments = part(1);
    if is_new_object(function) {
        let given = arguments.map_or(&[][..], |it| match it.get("py/tuple") {
            Some(items) => items.items(),
            None => it.items(),
        });
        if let Some((class, given)) = given.split_first() {
            writer.value(class);
            writer.items(given, Op::TUPLE);
            writer.at(class);
            writer.program.ops(&[Op::NEWOBJ]);
        } else {
            writer.program.none();
        }
    } else {
        writer.value(function);
        match arguments {
            Some(arguments) => writer.tuple(arguments),
            None => writer.program.ops(&[Op::EMPTY_TUPLE]),
        }
        writer.at(function);
        writer.program.ops(&[Op::REDUCE]);
    }
    if let Some(state) = part(2) {
        writer.value(state);
        writer.at(function);
        writer.program.ops(&[Op::BUILD]);
    }
    let items = |node: &Node| {
        node.get("py/tuple")
            .map_or(node.items().len(), |it| it.items().len())
    };
    if let Some(list) = part(3).filter(|it| items(it) > 0) {
        let list = list.get("py/tuple").unwrap_or(list);
        writer.items(list.items(), Op::APPENDS);
    }
    if let Some(pairs) = part(4).filter(|it| items(it) > 0) {
        let pairs = pairs.get("py/tuple").unwrap_or(pairs);
        writer.program.mark();
        for pair in pairs.items() {
            let pair = pair.get("py/tuple").unwrap_or(pair);
            if let [key, value] = pair.items() {
                writer.value(key);
                writer.value(value);
            }
        }
        writer.program.ops(&[Op::SETITEMS]);
    }
}

/// A call of what a reference stands for, which may be anything that came before, and the values that it gets.
fn reference(writer: &mut Writer<'_>, callee: &Node, parts: &[Node]) {
    let global = Global::Unresolved(Unresolved::Configured);
    let range = writer.range(callee);
    writer.named.push((global, range));
    for part in parts {
        writer.value(part);
        writer.program.ops(&[Op::POP]);
    }
    writer.program.none();
}

/// A class, and arguments of which the first is bytes.
fn date(writer: &mut Writer<'_>, made: &Node) {
    let parts = made.get("py/tuple").unwrap_or(made).items();
    let [class, given] = parts else {
        return writer.value(made);
    };
    if !is_named(class) {
        return reference(writer, class, parts);
    }
    writer.value(class);
    let given = given.get("py/tuple").unwrap_or(given).items();
    writer.program.mark();
    for (n, item) in given.iter().enumerate() {
        if n == 0 {
            writer.bytes(item);
        } else {
            writer.value(item);
        }
    }
    writer.program.ops(&[Op::TUPLE]);
    writer.at(class);
    writer.program.ops(&[Op::REDUCE]);
}

/// Whether a value is a class or a function by its name, or what stands for one.
fn is_named(node: &Node) -> bool {
    node.is_object() && node.get("py/id").is_none() || is_new_object(node)
}

/// Whether it is the function by which protocol 2 makes an instance.
fn is_new_object(node: &Node) -> bool {
    let named = node.get("py/type").or_else(|| node.get("py/function"));
    let path = named.unwrap_or(node).text();
    matches!(
        path,
        Some("copyreg.__newobj__" | "copy_reg.__newobj__" | "py/newobj")
    )
}
