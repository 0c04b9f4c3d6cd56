//! `template-unknown`.

use super::told;

#[test]
fn a_name_that_renderers_do_not_give_is_reported() {
    insta::assert_snapshot!(told("template-unknown", "chat_template.jinja", b"{{ load_file(x) }}"), @"
    template-unknown [warn] the chat template uses the function `load_file`, which no renderer of chat templates gives
      at 1:4 about load_file
      help: make sure that the program which renders the template gives it, and what it does there
    ");
    assert_eq!(
        told("template-unknown", "chat_template.jinja", b"{{ range(3) }}"),
        ""
    );
}
