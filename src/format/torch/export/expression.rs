//! Sizes and guards of exported programs: expressions that are evaluated as Python.
//!
//! Sizes are evaluated with the names of sympy while the program is loaded, guards with a few functions when it is called. A
//! guard also has the inputs of the program (`L['x'].size()[0] > 5`).

/// Functions that compute with sizes, as torch prints them.
const FUNCTIONS: &[&[u8]] = &[
    b"Abs",
    b"Add",
    b"And",
    b"BitwiseFn_bitwise_and",
    b"BitwiseFn_bitwise_or",
    b"CeilDiv",
    b"CeilToInt",
    b"CleanDiv",
    b"Eq",
    b"Equality",
    b"Float",
    b"FloatPow",
    b"FloatTrueDiv",
    b"FloorDiv",
    b"FloorToInt",
    b"Ge",
    b"GreaterThan",
    b"Gt",
    b"Identity",
    b"IntTrueDiv",
    b"Integer",
    b"IsNonOverlappingAndDenseIndicator",
    b"LShift",
    b"Le",
    b"LessThan",
    b"Lt",
    b"Max",
    b"Min",
    b"Mod",
    b"ModularIndexing",
    b"Mul",
    b"Ne",
    b"Not",
    b"Or",
    b"Piecewise",
    b"Pow",
    b"PowByNatural",
    b"PythonMod",
    b"RShift",
    b"Rational",
    b"RoundDecimal",
    b"RoundToInt",
    b"StrictGreaterThan",
    b"StrictLessThan",
    b"Symbol",
    b"ToFloat",
    b"TruncToFloat",
    b"TruncToInt",
    b"Unequality",
    b"Where",
    b"ceiling",
    b"floor",
    b"log",
    b"sqrt",
];

/// Functions of `math` that guards call.
const MATH: &[&[u8]] = &[b"ceil", b"floor", b"log2", b"sqrt", b"trunc"];

/// Methods of tensors that guards call.
const METHODS: &[&[u8]] = &[b"dim", b"numel", b"size", b"storage_offset", b"stride"];

/// Functions that guards call besides.
const OF_GUARDS: &[&[u8]] = &[
    b"abs", b"and", b"float", b"int", b"len", b"max", b"min", b"not", b"or", b"round",
];

/// Whether a guard is arithmetic of the sizes of inputs: as a size, with inputs by constant keys, their attributes and a few methods.
/// Nothing else is called, and no attribute is one of Python's own.
pub(super) fn is_guard(guard: &[u8]) -> bool {
    is_plain(guard, Dialect::Guard)
}

/// Whether an expression is arithmetic: numbers, names, operators, calls of these functions and plain strings. There is no attribute,
/// no subscript, and nothing is called but by its name.
pub(super) fn is_arithmetic(expression: &[u8]) -> bool {
    is_plain(expression, Dialect::Size)
}

/// What an expression may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Size,
    Guard,
}

fn is_plain(expression: &[u8], dialect: Dialect) -> bool {
    let is_guard = dialect == Dialect::Guard;
    let mut rest = expression;
    // Whether a point stands before.
    let mut of_value = false;
    // Whether what stands before could be called by the bracket that follows.
    let mut callable = false;
    while let Some(first) = rest.first() {
        let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        if std::mem::take(&mut of_value) && !(first.is_ascii_alphabetic() || *first == b'_') {
            return false;
        }
        let attribute = is_behind_point(expression, rest);
        let length = match first {
            b'.' if is_guard && callable => {
                of_value = true;
                1
            }
            b'[' if is_guard && callable => {
                callable = false;
                1
            }
            b']' if is_guard => {
                callable = true;
                1
            }
            b' ' | b'\t' => 1,
            b'(' if callable => return false,
            b'(' | b',' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'&'
            | b'|' | b'~' => {
                callable = false;
                1
            }
            b')' => {
                callable = true;
                1
            }
            b'0'..=b'9' => {
                let digit = |byte: &&u8| word(byte) || **byte == b'.';
                let length = rest.iter().take_while(digit).count();
                if !is_number(rest.get(..length).unwrap_or_default()) {
                    return false;
                }
                callable = true;
                length
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let length = rest.iter().take_while(word).count();
                let (name, after) = rest.split_at(length.min(rest.len()));
                let called = after.trim_ascii_start().first() == Some(&b'(');
                if called {
                    callable = false;
                    let known = match (attribute, dialect) {
                        (true, _) => METHODS.contains(&name) || MATH.contains(&name),
                        (false, Dialect::Guard) => {
                            FUNCTIONS.contains(&name) || OF_GUARDS.contains(&name)
                        }
                        (false, Dialect::Size) => {
                            FUNCTIONS.contains(&name) || name.starts_with(b"OpaqueUnaryFn_")
                        }
                    };
                    if !known {
                        return false;
                    }
                } else {
                    callable = true;
                }
                if name.starts_with(b"__") {
                    return false;
                }
                length
            }
            quote @ (b'\'' | b'"') => {
                let inside = rest.get(1..).unwrap_or_default();
                let Some(end) = inside.iter().position(|byte| byte == quote) else {
                    return false;
                };
                let plain = |byte: &u8| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+')
                };
                if !inside.get(..end).is_some_and(|text| text.iter().all(plain)) {
                    return false;
                }
                callable = true;
                end.saturating_add(2)
            }
            _ => return false,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    true
}

/// Whether what is left begins right behind a point.
fn is_behind_point(expression: &[u8], rest: &[u8]) -> bool {
    let before = expression.len().checked_sub(rest.len());
    before
        .and_then(|before| expression.get(..before))
        .is_some_and(|before| before.ends_with(b"."))
}

/// Whether a word that begins with a digit is a number, with at most one point and an exponent.
fn is_number(word: &[u8]) -> bool {
    let mut parts = word.split(|byte| *byte == b'.');
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let with_exponent = |part: &[u8]| {
        let mut halves = part.splitn(2, |byte| matches!(byte, b'e' | b'E'));
        halves.next().is_some_and(digits) && halves.next().is_none_or(digits)
    };
    match (parts.next(), parts.next(), parts.next()) {
        (Some(whole), None, _) => with_exponent(whole),
        (Some(whole), Some(fraction), None) => digits(whole) && with_exponent(fraction),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_arithmetic, is_guard};

    #[test]
    fn sizes_are_arithmetic_and_code_is_not() {
        for size in [
            "s0",
            "2*s0 + 1",
            "Symbol('s77', positive=True, integer=True)",
            "Add(Symbol('s0', positive=True, integer=True), Integer(-1))",
            "FloorDiv(Symbol('u0', integer=True), Integer(2))",
            "Float('1.5e-05', precision=53)",
            "Max(1, s0//2)",
            "((s0 + 1)//2)",
            "Ne(s0, 1) & (s0 <= 1.5)",
            "int_oo",
        ] {
            assert!(is_arithmetic(size.as_bytes()), "{size}");
        }
        for code in [
            "__import__('os').system('true')",
            "().__class__",
            "s0.a",
            "1 .real",
            "1.real",
            "eval('1')",
            "(eval)('1')",
            "eval ('1')",
            "Max('eval(1)')",
            "Max(1)(2)",
            "'a'('b')",
            "[1]",
            "{1}",
            "lambda: 1",
            "Symbol('a\\x62')",
            "Integer(1).p",
            "f(1)",
            "exec\n('1')",
            "x\u{e9}(1)",
        ] {
            assert!(!is_arithmetic(code.as_bytes()), "{code}");
        }
    }

    #[test]
    fn guards_look_at_sizes_and_call_nothing_else() {
        for guard in [
            "L['x'].size()[0] > 5",
            "(L['x'].size()[0] // 2) >= 0 and (L['x'].size()[0] // 2) <= L['x'].size()[0]",
            "L['args'][0]['k'].stride()[1] == 1",
            "Mod(L['x'].size()[0], 2) == 0 or not (L['n'] != 3)",
            "math.trunc(L['x'].size()[0]) < max(1, 2)",
            "L['x'].field.storage_offset() == 0",
        ] {
            assert!(is_guard(guard.as_bytes()), "{guard}");
        }
        for guard in [
            "__import__('os').system('true')",
            "L['x'].__class__",
            "L['x'].numpy()",
            "L['x'](1)",
            "L['x'].size()(1)",
            "(L['x'].apply)(1)",
            "math.nan.hex()",
            "[eval][0]('1')",
            "open('x')",
            "L['x'].size()[0] > 5, open('x')",
            "exec\n('1')",
            "L['x']. size",
        ] {
            assert!(!is_guard(guard.as_bytes()), "{guard}");
        }
        assert!(!is_arithmetic(b"L['x'].size()[0]"));
    }
}
