//! `template-reach`.

use super::told;

#[test]
fn a_template_that_leaves_its_data_is_refused() {
    insta::assert_snapshot!(told("template-reach", "chat_template.jinja", b"{{ cycler.__init__ }}"), @"
    template-reach [deny] the chat template looks up `__init__`, which belongs to Python's own objects
      at 1:11 about __init__
      help: do not load this file; find out who made it and how it came here
    ");
    insta::assert_snapshot!(told("template-reach", "chat_template.jinja", b"{{ x['a' ~ y] }}"), @"
    template-reach [deny] the chat template looks up a name that it puts together: `'a' ~ y`
      at 1:6 about computed-name
      help: look at what the template does there; if it is yours, name what it looks up and calls
    ");
    assert_eq!(
        told("template-reach", "chat_template.jinja", b"{{ x['a'] }}"),
        ""
    );
}

#[test]
fn names_that_a_namespace_collects_are_data() {
    let collected = |of: &str| {
        format!(
            "{{% set ns = namespace(seen=[]) %}}{{% for tool in tools %}}{{% set name = {of} %}}{{% set ns.seen = ns.seen + [name] %}}{{% endfor %}}{{% set texts = descriptions %}}{{% for name in ns.seen %}}{{{{ texts[name] if name in texts else '' }}}}{{% endfor %}}"
        )
    };
    let reach = |template: &str| told("template-reach", "chat_template.jinja", template.as_bytes());
    assert_eq!(reach(&collected("tool.name.split('.')[0]")), "");
    assert_ne!(reach(&collected("'__cla' ~ 'ss__'")), "");
    assert_ne!(
        reach("{% set ns = namespace(a=['__cla' ~ 'ss__']) %}{{ x[ns.a[0]] }}"),
        ""
    );
    assert_ne!(
        reach(
            "{% set d = dict(a='__cla' ~ 'ss__') %}{% for v in d.values() %}{{ x[v] }}{% endfor %}"
        ),
        ""
    );
}
