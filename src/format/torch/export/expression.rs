//! Sizes of exported programs: expressions that are evaluated as Python with the names of sympy.

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

/// Whether an expression is arithmetic: numbers, names, operators, calls of these functions and plain strings. There is no attribute,
/// no subscript, and nothing is called but by its name.
pub(super) fn is_arithmetic(expression: &[u8]) -> bool {
    let mut rest = expression;
    // Whether what stands before could be called by the bracket that follows.
    let mut callable = false;
    while let Some(first) = rest.first() {
        let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = match first {
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
                    let unary = name.starts_with(b"OpaqueUnaryFn_");
                    if !unary && !FUNCTIONS.contains(&name) {
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
    use super::is_arithmetic;

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
}
