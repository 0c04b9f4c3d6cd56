//! `template-cost`.

use super::told;

#[test]
fn a_template_without_bound_is_refused() {
    insta::assert_snapshot!(told("template-cost", "chat_template.jinja", b"{{ 'a' * 99999999 }}"), @"
    template-cost [deny] the chat template may take any amount of time or memory: `'a' * 99999999`
      at 1:4 about endless-template
      help: write smaller numbers, or loop over what the template is given
    ");
    assert_eq!(
        told("template-cost", "chat_template.jinja", b"{{ 'a' * 99 }}"),
        ""
    );
}

#[test]
fn macros_without_bound_are_refused() {
    for template in [
        "{% macro f(n) %}{{ f(n-1) if n }}{{ f(n-1) if n }}{% endmacro %}{{ f(40) }}",
        "{% macro f(s) %}{% if s|length < 40 %}{{ f(s ~ 'a') }}{{ f(s ~ 'b') }}{% endif %}{% endmacro %}{{ f('') }}",
        "{% macro f(n) %}{% for i in range(9) %}{{ g(n) }}{% endfor %}{% endmacro %}{% macro g(n) %}{{ f(n-1) if n }}{% endmacro %}{{ f(40) }}",
        "{% macro f(n) %}{% for m in messages %}{{ f(n-1) if n }}{% endfor %}{% endmacro %}{{ f(40) }}",
        "{% macro g() %}{% for i in range(90000) %}a{% endfor %}{% endmacro %}{% for i in range(90000) %}{{ g() }}{% endfor %}",
        "{% macro a() %}{% for i in range(1000) %}x{% endfor %}{% endmacro %}{% macro b() %}{% for i in range(1000) %}{{ a() }}{% endfor %}{% endmacro %}{% for i in range(1000) %}{{ b() }}{% endfor %}",
        "{% macro g() %}{% for i in range(90000) %}a{% endfor %}{% endmacro %}{% set h = g %}{% for i in range(90000) %}{{ h() }}{% endfor %}",
        "{% macro m() %}{% for i in range(90000) %}{{ caller() }}{% endfor %}{% endmacro %}{% call m() %}{% for i in range(90000) %}x{% endfor %}{% endcall %}",
    ] {
        let told = told("template-cost", "chat_template.jinja", template.as_bytes());
        assert_eq!(
            told.matches("template-cost").count(),
            1,
            "{template} {told}"
        );
    }
    let doubled = |n: usize| {
        let calls = format!("{{{{ m{n}() }}}}").repeat(2);
        format!("{{% macro m{}() %}}{calls}{{% endmacro %}}", n + 1)
    };
    let doubling = (0..40).rev().map(doubled).collect::<Vec<_>>().concat();
    let doubling = format!("{doubling}{{% macro m0() %}}x{{% endmacro %}}{{{{ m40() }}}}");
    assert_ne!(
        told("template-cost", "chat_template.jinja", doubling.as_bytes()),
        ""
    );
}

#[test]
fn macros_over_data_pass() {
    for template in [
        "{% macro f(spec) %}{% if spec.items %}{{ f(spec['items']) }}{% endif %}{% for k, v in spec.properties|items %}{{ f(v) }}{% endfor %}{% endmacro %}{{ f(tools[0]) }}",
        "{% macro f(x, depth) %}{% for y in x %}{{ f(y, depth + 1) }}{{ f(y, depth + 2) }}{% endfor %}{% endmacro %}{{ f(messages, 0) }}",
        "{% macro f(x) %}{{ f(x | items) }}{% for t in x.types %}{{ f({'type': t}) }}{% endfor %}{{ f(x.rest) }}{% endmacro %}{{ f(tools) }}",
        "{% macro f(x) %}{% set x = x | trim %}{{ x }}{% endmacro %}{{ f(a | trim) }}",
        "{% macro pad(n) %}{% if n > 0 %} {{ pad(n - 1) }}{% endif %}{% endmacro %}{% for m in messages %}{{ pad(4) }}{% endfor %}",
        "{% macro f(x) %}{{ g(x) }}{{ g(x) }}{% endmacro %}{% macro g(x) %}{% for y in x.parts %}{{ f(y) }}{% endfor %}{% endmacro %}{{ f(messages) }}",
    ] {
        assert_eq!(
            told("template-cost", "chat_template.jinja", template.as_bytes()),
            "",
            "{template}"
        );
    }
}
