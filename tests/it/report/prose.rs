//! Our own Markdown at a terminal.

use weighbridge::report::{self, Style};

#[test]
fn headings_paragraphs_lists_and_code() {
    let text = "# unsafe-load\n\n## What it does\n\nFinds calls that unpickle\nwhat they are given.\n\n* `torch.load`, \
                unless `weights_only=True` is given as a constant where it is called\n* `pickle.load`\n\n\
                ```python\ntorch.load(path)  # a line that is longer than the page is wide stays whole\n```\n";
    let style = Style {
        width: 60,
        ..Style::default()
    };
    let mut out = Vec::new();
    report::prose(text, style, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
    unsafe-load

    What it does

    Finds calls that unpickle what they are given.

      • `torch.load`, unless `weights_only=True` is given as a
        constant where it is called
      • `pickle.load`

        torch.load(path)  # a line that is longer than the page is wide stays whole
    ");
}
