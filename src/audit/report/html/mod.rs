//! The dashboard: one self-contained page of a run.
//!
//! What matters most is plain HTML and needs no script: the numbers, the charts and the first rows of each table. All rows are beside
//! it as compressed data, which the page's own script unpacks when somebody asks for a table. The content security policy admits that
//! script and that style by their hashes, and nothing else; the data are base64, and the script shows them as text only.

mod chart;
mod data;
mod governance;
mod head;
mod list;
mod overview;
mod static_table;

use std::io::{self, BufWriter, Write};

use super::tables::Tables;
use crate::report::HtmlPage as Page;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the page.
///
/// # Errors
/// Whatever `out` answers.
pub(super) fn write(run: &Tables, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut page = Page::new(&mut out);
    head::head(&mut page)?;
    head::top(run, &mut page)?;
    head::navigation(run, &mut page)?;
    page.raw("<main id=\"main\" class=\"wide\">\n")?;
    overview::write(run, &mut page)?;
    for table in &run.tables {
        static_table::section(table, &run.pool, &mut page)?;
    }
    page.raw("</main>\n<dialog id=\"detail\" aria-labelledby=\"detail-title\"></dialog>\n<footer><div class=\"wide\">Written by ")?;
    page.text(format_args!(
        "{} {}",
        env!("CARGO_PKG_NAME"),
        run.info.scanner
    ))?;
    page.raw(". Nothing was loaded, imported or run to write this page.</div></footer>\n<script type=\"application/octet-stream\" id=\"data\">")?;
    page.encoded(&data::packed(run)?)?;
    page.raw("</script>\n<script>")?;
    page.raw(SCRIPT)?;
    page.raw("</script>\n</body>\n</html>\n")?;
    out.flush()
}
