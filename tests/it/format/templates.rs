//! Chat templates: what they look up, call and cost, against Jinja's own sandbox.

use std::fmt::Write as _;

use weighbridge::fact::{Fact, TemplateUse, Unread};

use crate::support::{
    fixture::facts,
    gguf::{Gguf, Value},
    oracle,
};

/// What is seen in a template, each with its place: one line for each.
fn told(template: &str) -> String {
    let file = Gguf::model().key("tokenizer.chat_template", Value::Text(template.into()));
    let seen = facts(file.bytes(), "m.gguf");
    let mut lines = String::new();
    for o in &seen.observations {
        match &o.fact {
            Fact::Is(_) => {}
            Fact::Template(what) => writeln!(lines, "{}: {what}", o.site).unwrap(),
            Fact::Unread(why) => writeln!(lines, "{}: {why}", o.site).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    lines
}

/// Whether a template is refused.
fn is_refused(template: &str) -> bool {
    let file = Gguf::model().key("tokenizer.chat_template", Value::Text(template.into()));
    facts(file.bytes(), "m.gguf").iter().any(|o| match &o.fact {
        Fact::Template(what) => !matches!(what, TemplateUse::Unknown { .. }),
        Fact::Unread(_) => true,
        _ => false,
    })
}

/// In the manner of those that models have, with all that these use.
const PLAIN: &[&str] = &[
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message.content | trim }}{% endfor %}",
    "{%- if messages[0]['role'] == 'system' %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}
{%- for message in loop_messages %}{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles alternate') }}{%- endif %}{%- endfor %}",
    "{%- set ns = namespace(first=true, index=messages|length - 1) %}{%- for m in messages[::-1] %}{%- set i = (messages|length - 1) - loop.index0 %}
{%- if ns.first and messages[i + 1].role != 'tool' and m.content is string and not(m.content.startswith('<t>')) %}{%- set ns.first = false %}{%- set ns.index = i %}{%- endif %}{%- endfor %}{{ messages[ns.index].content }}",
    "{%- macro show(spec, depth=0) -%}{%- for key, value in spec.properties|items -%}{{ '  ' * depth ~ key ~ ': ' ~ value.get('type', 'any')|upper }}{{ show(value, depth + 1) }}{%- endfor -%}{%- endmacro -%}
{%- for tool in tools %}{{ tool.function.name }}{{ show(tool.function.parameters) }}{{ tool | tojson(indent=4) }}{%- endfor %}",
    "{%- generation -%}{{ messages[-1]['content'].split('</think>')[-1].lstrip('\\n') }}{%- endgeneration -%}",
    "{%- for tool in tools if tool is mapping %}{%- if loop.index0 > 9 %}{%- break %}{%- endif %}{{ tool.keys() | join(', ') }}{%- endfor %}{{ strftime_now('%d %b %Y') }}",
    "{% macro a(m) %}A{% endmacro %}{% macro b(m) %}B{% endmacro %}{% set all = [a, b] %}{% for i in range(2) %}{{ all[i](messages) }}{% endfor %}",
    "{{ '{:02d}'.format(messages|length) ~ '%s' | format(bos_token) }}{{ messages | map(attribute='content') | select('string') | list }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "{%- for key in ['name', 'description'] %}{{ tools[0].function[key] }}{%- endfor %}{%- set role = message.role | default('user') %}{{ names[role] }}",
    "{%- set lines = [] %}{%- for m in messages %}{%- set _ = lines.append(m.content) %}{%- endfor %}{{ lines | join('\\n') }}",
];

#[test]
fn what_templates_of_models_do_is_not_reported() {
    for template in PLAIN {
        assert_eq!(told(template), "", "{template}");
    }
}

#[test]
fn what_reaches_further_is_named_with_its_place() {
    let said: Vec<String> = [
        "{{ ''.__class__ }}",
        "{{ messages\n  ['__class__'] }}",
        "{{ messages | attr('__init__') }}",
        "{{ x['__cl' ~ 'ass__'] }}",
        "{{ x['\\x5f\\x5fclass__'] }}",
        "{% set p = ['_' * 2, 'class', '_' * 2] %}{{ x[p | join] }}",
        "{% set k = '__cl' + 'ass__' %}{{ x[k] }}",
        "{% set ns = namespace() %}{% set ns.k = '%c' % 95 %}{{ x[ns.k] }}",
        "{% set k %}__class__{% endset %}{{ x[k] }}",
        "{% macro get(k) %}{{ x[k] }}{% endmacro %}{{ get('a' | replace('a', '__class__')) }}",
        "{% set l = [] %}{% set _ = l.append('__' ~ 'class__') %}{{ x[l[0]] }}",
        "{{ x | map(attribute='a.__class__') | list }}",
        "{{ x | map('attr', '__class__') | list }}",
        "{{ '{0.__class__.__init__}'.format(x) }}",
        "{{ x | join(', ', '__class__.__name__') }}",
        "{{ [x] | map('map', 'attr', '__class__') | map('list') | list }}",
        "{{ x | map('groupby', '__class__') | list }}",
        "{{ x | map('sort', false, false, '__class__') | list }}",
        "{% set m = messages %}{% set _ = m.append('__class__') %}{{ x[messages | last] }}",
        "{% macro f(l) %}{{ l.append('__class__') }}{% endmacro %}{{ f(messages) }}{{ x[messages[-1]] }}",
        "{% for m in messages %}{{ m['content'].append('__class__') }}{% endfor %}{{ x[messages[0].content[-1]] }}",
        "{{ x['\\N{LOW LINE}_class__'] }}{{ x['\\U0000005f_class__'] }}",
        "{{ x['_\\\n_class__'] }}",
        "{{ (''|attr)('__class__') }}",
        "{{ x['get']('a') }}",
        "{% include 'other' %}{% import 'a' as b %}{% from 'c' import d %}",
        "{% extends 'layout' %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{{ f(x) }}{{ x.run() }}{{ x | shell }}{{ x is odd_one }}",
        "{% for i in range(1000000) %}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 1000 ** 9 }}",
        "{{ 'a' | center(9999999) }}{{ '%9999999d' | format(1) }}{{ 'a'.ljust(99999999) }}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ x",
        "{% trans %}a{% endtrans %}",
    ]
    .iter()
    .map(|template| format!("{template}\n{}", told(template)))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    {{ ''.__class__ }}
    tokenizer.chat_template 1:7: looks up `__class__`, which belongs to Python's own objects

    {{ messages
      ['__class__'] }}
    tokenizer.chat_template 2:4: looks up `__class__`, which belongs to Python's own objects

    {{ messages | attr('__init__') }}
    tokenizer.chat_template 1:20: looks up `__init__`, which belongs to Python's own objects

    {{ x['__cl' ~ 'ass__'] }}
    tokenizer.chat_template 1:6: looks up a name that it puts together: `'__cl' ~ 'ass__'`

    {{ x['\x5f\x5fclass__'] }}
    tokenizer.chat_template 1:6: looks up `__class__`, which belongs to Python's own objects

    {% set p = ['_' * 2, 'class', '_' * 2] %}{{ x[p | join] }}
    tokenizer.chat_template 1:51: looks up a name that it puts together: `join`

    {% set k = '__cl' + 'ass__' %}{{ x[k] }}
    tokenizer.chat_template 1:36: looks up a name that it puts together: `k`

    {% set ns = namespace() %}{% set ns.k = '%c' % 95 %}{{ x[ns.k] }}
    tokenizer.chat_template 1:58: looks up a name that it puts together: `ns.k`

    {% set k %}__class__{% endset %}{{ x[k] }}
    tokenizer.chat_template 1:38: looks up a name that it puts together: `k`

    {% macro get(k) %}{{ x[k] }}{% endmacro %}{{ get('a' | replace('a', '__class__')) }}
    tokenizer.chat_template 1:24: looks up a name that it puts together: `k`

    {% set l = [] %}{% set _ = l.append('__' ~ 'class__') %}{{ x[l[0]] }}
    tokenizer.chat_template 1:62: looks up a name that it puts together: `l[0]`

    {{ x | map(attribute='a.__class__') | list }}
    tokenizer.chat_template 1:22: looks up `__class__`, which belongs to Python's own objects

    {{ x | map('attr', '__class__') | list }}
    tokenizer.chat_template 1:20: looks up `__class__`, which belongs to Python's own objects

    {{ '{0.__class__.__init__}'.format(x) }}
    tokenizer.chat_template 1:4: looks up `__class__`, which belongs to Python's own objects

    {{ x | join(', ', '__class__.__name__') }}
    tokenizer.chat_template 1:19: looks up `__class__`, which belongs to Python's own objects

    {{ [x] | map('map', 'attr', '__class__') | map('list') | list }}
    tokenizer.chat_template 1:29: looks up `__class__`, which belongs to Python's own objects

    {{ x | map('groupby', '__class__') | list }}
    tokenizer.chat_template 1:23: looks up `__class__`, which belongs to Python's own objects

    {{ x | map('sort', false, false, '__class__') | list }}
    tokenizer.chat_template 1:34: looks up `__class__`, which belongs to Python's own objects

    {% set m = messages %}{% set _ = m.append('__class__') %}{{ x[messages | last] }}
    tokenizer.chat_template 1:74: looks up `__class__`, which belongs to Python's own objects

    {% macro f(l) %}{{ l.append('__class__') }}{% endmacro %}{{ f(messages) }}{{ x[messages[-1]] }}
    tokenizer.chat_template 1:80: looks up `__class__`, which belongs to Python's own objects

    {% for m in messages %}{{ m['content'].append('__class__') }}{% endfor %}{{ x[messages[0].content[-1]] }}
    tokenizer.chat_template 1:90: looks up `__class__`, which belongs to Python's own objects

    {{ x['\N{LOW LINE}_class__'] }}{{ x['\U0000005f_class__'] }}
    tokenizer.chat_template: not supported: an escape in a chat template that renderers read in different ways (`\N`, `\U`, the end of a line)

    {{ x['_\
    _class__'] }}
    tokenizer.chat_template: not supported: an escape in a chat template that renderers read in different ways (`\N`, `\U`, the end of a line)

    {{ (''|attr)('__class__') }}
    tokenizer.chat_template 1:4: calls a value that it looked up: `(''|attr)('__class__')`
    tokenizer.chat_template 1:8: looks up a name that it puts together: `attr`

    {{ x['get']('a') }}
    tokenizer.chat_template 1:5: calls a value that it looked up: `['get']('a')`

    {% include 'other' %}{% import 'a' as b %}{% from 'c' import d %}
    tokenizer.chat_template 1:12: loads another template: `'other'`
    tokenizer.chat_template 1:32: loads another template: `'a'`
    tokenizer.chat_template 1:51: loads another template: `'c'`

    {% extends 'layout' %}
    tokenizer.chat_template 1:12: loads another template: `'layout'`

    {% raw %}{{ x }}{% endraw %}
    tokenizer.chat_template: not supported: a `raw` block of a chat template

    {{ f(x) }}{{ x.run() }}{{ x | shell }}{{ x is odd_one }}
    tokenizer.chat_template 1:4: uses the function `f`, which no renderer of chat templates gives
    tokenizer.chat_template 1:15: uses the method `run`, which no renderer of chat templates gives
    tokenizer.chat_template 1:31: uses the filter `shell`, which no renderer of chat templates gives
    tokenizer.chat_template 1:47: uses the test `odd_one`, which no renderer of chat templates gives

    {% for i in range(1000000) %}{% endfor %}
    tokenizer.chat_template 1:13: may take any amount of time or memory: `range(1000000)`

    {% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}
    tokenizer.chat_template 1:39: may take any amount of time or memory: `range(9999)`

    {{ 'a' * 1000 ** 9 }}
    tokenizer.chat_template 1:4: may take any amount of time or memory: `'a' * 1000 ** 9`
    tokenizer.chat_template 1:10: may take any amount of time or memory: `1000 ** 9`

    {{ 'a' | center(9999999) }}{{ '%9999999d' | format(1) }}{{ 'a'.ljust(99999999) }}
    tokenizer.chat_template 1:10: may take any amount of time or memory: `center(9999999)`
    tokenizer.chat_template 1:45: may take any amount of time or memory: `format(1)`
    tokenizer.chat_template 1:63: may take any amount of time or memory: `.ljust(99999999)`

    {% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}
    tokenizer.chat_template 1:70: may take any amount of time or memory: `ns.x ~ ns.x`

    {{ x
    tokenizer.chat_template: malformed: not a chat template: unexpected end of input, expected end of variable block at line 1 column 4

    {% trans %}a{% endtrans %}
    tokenizer.chat_template: malformed: not a chat template: unknown statement trans at line 1 column 4
    ");
}

/// What is put into a list by one of its names is found by the others.
#[test]
fn a_list_is_the_same_by_every_name() {
    for fill in [
        "{% set ns = namespace(l=messages) %}{% set _ = ns.l.append('__class__') %}",
        "{% set ns = namespace() %}{% set ns.l = messages %}{% set _ = ns.l.append('__class__') %}",
        "{% set d = {'l': messages} %}{% set _ = d['l'].append('__class__') %}",
        "{% set d = {'l': messages}.get('l') %}{% set _ = d.append('__class__') %}",
        "{% set d = {'l': messages}.values() | first %}{% set _ = d.append('__class__') %}",
        "{% set d = [messages] %}{% set _ = d[0].append('__class__') %}",
        "{% set d = messages or [] %}{% set _ = d.append('__class__') %}",
        "{% for d in [messages] %}{% set _ = d.append('__class__') %}{% endfor %}",
        "{% macro f() %}{{ varargs[0].append('__class__') }}{% endmacro %}{{ f(messages) }}",
        "{% macro f() %}{{ kwargs.l.append('__class__') }}{% endmacro %}{{ f(l=messages) }}",
        "{% set c = cycler(messages) %}{% set _ = c.next().append('__class__') %}",
    ] {
        let template = format!("{fill}{{{{ x[messages[-1]] }}}}");
        assert!(is_refused(&template), "{template}");
        // Another list is not this one.
        let other = template.replace("x[messages[-1]]", "x[tools[-1]]");
        assert!(!is_refused(&other), "{other}");
    }
}

/// A template that is made to cost is given up within a limit.
#[test]
fn a_template_costs_no_more_than_its_size() {
    let deep = [
        format!("{{{{ {} x }}}}", "not ".repeat(100_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(100_000)),
        format!("{{{{ {}x{} }}}}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{{{{ 'a'{} }}}}", " ~ 'a'".repeat(100_000)),
        format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(50_000)),
        "{% if x %}".repeat(50_000),
        "{% generation %}".repeat(30_000),
    ];
    for template in deep {
        assert!(is_refused(&template), "{}", template.split_at(80).0);
    }
    // Names that stand for each other, and are looked up over and over.
    let mut wide = String::new();
    for n in 0..300 {
        for of in 0..30 {
            write!(wide, "{{% set v{n} = v{} ~ v{} %}}", n + 1, n + of).unwrap();
        }
    }
    wide.push_str(&"{{ x[v0] }}".repeat(1000));
    let start = std::time::Instant::now();
    assert!(is_refused(&wide));
    // Lists that are put into whatever leads to them.
    let arguments = "varargs[0], ".repeat(2_000);
    let given = format!(
        "{{% macro f() %}}{{{{ varargs[0].append('a') }}}}{{% endmacro %}}{{{{ f({arguments}1) }}}}"
    );
    let mut named = String::new();
    for n in 0..3_000 {
        write!(named, "{{% set d = {{x ~ {n}: n.a{n}}} %}}").unwrap();
    }
    named.push_str("{{ n.a0.append('a') }}{{ n.a1.append('b') }}");
    for template in [given, named] {
        told(&template);
    }
    assert!(start.elapsed().as_secs() < 40);
}

/// What Jinja's sandbox refuses is refused, however it is written.
#[test]
fn the_sandbox_of_jinja_agrees() {
    let Some(python) = oracle::python("jinja2") else {
        return;
    };
    let count = oracle::number("WEIGHBRIDGE_ORACLE_FILES", 3000).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let (mut refused, mut plain) = (0, 0);
    for line in oracle::run(&python, "templates.py", &[&count, &seed]) {
        let template = line["template"].as_str().unwrap();
        if line["refused"] == true {
            refused += 1;
            assert!(is_refused(template), "{template}");
        } else if line["plain"] == true {
            plain += 1;
            assert!(!is_refused(template), "{template}: {}", told(template));
        }
    }
    assert!(refused > 800 && plain > 100, "{refused} {plain}");
}

#[test]
fn a_template_that_cannot_be_read_is_said_to_be_unread() {
    let file = Gguf::model().key("tokenizer.chat_template", Value::Text(b"\xff".to_vec()));
    let seen = facts(file.bytes(), "m.gguf");
    assert!(
        seen.iter()
            .any(|o| matches!(o.fact, Fact::Unread(Unread::Malformed(_))))
    );
}
