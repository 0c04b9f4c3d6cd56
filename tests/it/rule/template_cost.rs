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
