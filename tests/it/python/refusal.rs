//! Unpicklers that refuse what they do not list, and those that let it through.

use super::told;

fn is_told(body: &str) -> bool {
    let lines: Vec<String> = body.lines().map(|line| format!("        {line}")).collect();
    let source = format!(
        "import pickle, sys\nclass U(pickle.Unpickler):\n    def find_class(self, m, n):\n{}\n",
        lines.join("\n")
    );
    told(source).contains("reference pickle.Unpickler")
}

#[test]
fn a_find_class_that_lets_names_through_is_an_unpickler_like_any_other() {
    for body in [
        "return super().find_class(m, n)",
        "if m == 'old': m = 'new'\nreturn super().find_class(m, n)",
        "if m == 'old':\n    return New\nreturn super().find_class(m, n)",
        "if m == 'old':\n    m = 'new'\nelse:\n    print(m)\nreturn pickle.Unpickler.find_class(self, m, n)",
        "try:\n    return super().find_class(m, n)\nexcept ImportError:\n    raise",
        "try:\n    return SAFE[m, n]\nexcept KeyError:\n    pass\nreturn super().find_class(m, n)",
        "with x:\n    raise E\nreturn super().find_class(m, n)",
        "cls = super().find_class(m, n)\nreturn cls",
        "if self.strict:\n    raise E\nreturn super().find_class(m, n)",
        "if (m, n) in SAFE and self.strict:\n    raise E\nreturn getattr(__import__(m), n)",
        "if m in sys.modules:\n    return super().find_class(m, n)\nraise E",
        "assert (m, n) in SAFE\nreturn super().find_class(m, n)",
        "return sys.modules[m].__dict__[n]",
        "d = vars(x)\nreturn d[n]",
        "match m:\n    case 'a': raise E\n    case _: return super().find_class(m, n)",
        "match m:\n    case 'a': raise E\nreturn super().find_class(m, n)",
        "for _ in x:\n    raise E\nreturn super().find_class(m, n)",
        "return super().find_class(m, n) if m != 'os' else None",
        "if m not in BAD or x:\n    return super().find_class(m, n)\nraise E",
    ] {
        assert!(is_told(body), "{body}");
    }
    assert!(
        told(
            "import pickle\nclass U(pickle._Unpickler):\n  async def find_class(s, m, n): raise E"
        )
        .contains("Unpickler")
    );
}

#[test]
fn a_find_class_that_refuses_the_rest_is_not_told() {
    for body in [
        "raise E",
        "if (m, n) in {('a', 'B')}: return super().find_class(m, n)\nraise pickle.UnpicklingError(n)",
        "if (m, n) not in SAFE:\n    raise E\nreturn super().find_class(m, n)",
        "if m == 'a' and n in ('B', 'C'):\n    return super().find_class(m, n)\nelif m.split('.')[0] in SAFE:\n    return super().find_class(m, n)\nelse:\n    raise E",
        "if m.startswith('app.'):\n    return super().find_class(m, n)\nraise E",
        "try:\n    return SAFE[m, n]\nexcept KeyError:\n    raise E",
        "return SAFE.get((m, n))",
        "return self.safe[f'{m}.{n}']",
        "if f'{m}.{n}' in self.safe:\n    found = super().find_class(m, n)\n    return found\nraise E",
        "return super().find_class(m, n) if (m, n) in SAFE else Stub",
        "match (m, n):\n    case ('a', 'B'): return super().find_class(m, n)\n    case _: raise E",
        "if not (m, n) in SAFE:\n    raise E\nreturn super().find_class(m, n)",
        "print(m)",
    ] {
        assert!(!is_told(body), "{body}");
    }
}
