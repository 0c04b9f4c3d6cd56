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

/// However it is spelled that a text is put together from itself.
#[test]
fn what_doubles_is_refused() {
    let chain = |round: &str| format!("{{% set x = 'ab' %}}{}{{{{ x }}}}", round.repeat(40));
    let chained = [
        "{% set x = x ~ x %}",
        "{% set x = x + x %}",
        "{% set x = x * 3 %}",
        "{% set x = [x, x] | join %}",
        "{% set x = [x, x] | join(',') %}",
        "{% set x = x | replace('a', 'aa') %}",
        "{% set x = x.replace('a', 'aaa') %}",
        "{% set x = x | replace('', x) %}",
        "{% set x = '%s%s' % (x, x) %}",
        "{% set x = '{0}{0}'.format(x) %}",
        "{% set x %}{{ x }}{{ x }}{% endset %}",
        "{% set x = x | tojson %}",
        "{% set x = ','.join([x, x, x]) %}",
        "{% set y = x ~ 'b' %}{% set x = y ~ y %}",
        "{% set x = x if false else x ~ x %}",
        "{% if messages %}{% set x = x ~ x %}{% endif %}",
        "{% with y = x ~ x %}{% set x = y %}{% endwith %}",
        "{% set x = (x, x) | list | join %}",
        "{% set x = [x, x] | map('trim') | join %}",
        "{% set x = x.center(9) ~ x[0:] %}",
    ];
    let looped = [
        "{% set ns = namespace(x='a') %}{% for m in messages %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x='a', y='b') %}{% for m in messages %}{% set ns.y = ns.x ~ ns.y %}{% set ns.x = ns.y ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x='a') %}{% set other = ns %}{% for m in messages %}{% set other.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for m in messages %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l }}",
        "{% set l = ['a'] %}{% for m in messages %}{{ l.extend(l) }}{% endfor %}",
        "{% set l = ['a'] %}{% for m in messages %}{% set _ = l.append(l | string) %}{% endfor %}",
        "{% macro twice(t) %}{{ t }}{{ t }}{% endmacro %}{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = twice(ns.x) %}{% endfor %}",
        "{% set ns = namespace(n=1) %}{% for i in range(60) %}{% set ns.n = ns.n * 10 %}{% endfor %}{{ 'a' * ns.n }}",
        "{% for a in range(2000) %}{% for m in messages %}{% for b in range(2000) %}{% for c in range(2000) %}a{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for m in messages recursive %}{{ loop([m, m]) }}{% endfor %}",
        "{% for m in messages recursive %}{{ loop(m) }}{{ loop(m) }}{% endfor %}",
    ];
    let chained = chained.iter().map(|it| chain(it));
    for template in chained.chain(looped.iter().map(|it| (*it).to_owned())) {
        let told = told("template-cost", "chat_template.jinja", template.as_bytes());
        assert_eq!(
            told.matches("template-cost").count(),
            1,
            "{template} {told}"
        );
    }
}

/// What grows by a part each time, as conversations do.
#[test]
fn what_grows_by_a_part_passes() {
    let indented = "{% set text = text | replace('\\n', '\\n    ') %}".repeat(4);
    for template in [
        "{% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text ~ m.content ~ '\\n' %}{% endfor %}{{ ns.text }}",
        "{% set ns = namespace(text='', n=0) %}{% for m in messages %}{% for part in m.content %}{% set ns.text = ns.text + part.text | trim + '\\n\\n' %}{% set ns.n = ns.n + 1 %}{% endfor %}{% endfor %}{{ ns.text | tojson }}",
        "{% for m in messages %}{% set content = m.content | trim %}{% if m.tool %}{% set content = content | tojson | tojson %}{% endif %}{{ '<|' + m.role + '|>' + content + eos_token }}{% endfor %}",
        "{% set l = [] %}{% for m in messages %}{% set _ = l.append(m.content | replace(bos_token, '') | replace(eos_token, pad_token)) %}{% endfor %}{{ l | join('\\n') }}",
        "{% macro f(spec, indent) %}{% for k, v in spec.properties | items %}{{ ' ' * indent ~ k ~ ': ' ~ f(v, indent + 2) }}{% endfor %}{% endmacro %}{% for t in tools %}{{ f(t.parameters, 2) }}{% endfor %}",
        "{% for m in messages %}{{ '<image>' * 1024 }}{% endfor %}",
        "{% for item in tools recursive %}{{ item.name }}{{ loop(item.children) }}{{ loop(item['others']) }}{% endfor %}",
        "{% set loop_messages = messages[1:] %}{% for m in loop_messages %}{% for t in m.tool_calls %}{% for k, v in t.arguments | items %}{% for x in v %}{{ k ~ '=' ~ x | string | e }}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        &format!(
            "{{% for m in messages %}}{{% set text = m.content %}}{indented}{{{{ text }}}}{{% endfor %}}"
        ),
    ] {
        let told = told("template-cost", "chat_template.jinja", template.as_bytes());
        assert_eq!(told, "", "{template}");
    }
}
