//! What an organisation has to look after, on the overview: how far its policy has come, who tries to loosen it, waivers, and what many
//! repositories allow by hand.

use std::{collections::BTreeMap, io};

use super::{
    chart::{self, Bar},
    list::{BARS, list, quoted},
};
use crate::{
    audit::{
        governance::suggestion,
        report::{
            schema,
            sums::NOBODY,
            table::{Cell, Table},
            tables::Tables,
        },
    },
    report::HtmlPage as Page,
};

/// How many repositories have to allow something before it is suggested.
const MANY: usize = 3;

pub(super) fn panels(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    adoption(run, page)?;
    if let Some(table) = run.table(schema::LOOSENINGS.name) {
        let rows: Vec<&[Cell]> = table.rows.iter().map(|row| &**row).collect();
        let place = |row: &[Cell]| {
            let file = table.text(row, "file", &run.pool);
            format!("{file}:{}", table.number(row, "line"))
        };
        list(
            run,
            table,
            "Who tries to loosen what is locked",
            &rows,
            &["repository", "owner"],
            &place,
            page,
        )?;
    }
    if let Some(table) = run.table(schema::WAIVERS.name) {
        waivers(run, table, page)?;
    }
    if let Some(table) = run.table(schema::ALLOWED.name) {
        let rows = table.rows.iter().map(|row| &**row);
        let rows: Vec<_> = rows
            .filter(|row| table.number(row, "repositories") > 1)
            .collect();
        let by = |row: &[Cell]| format!("{} repositories", table.number(row, "repositories"));
        list(
            run,
            table,
            "Allowed by hand in many",
            &rows,
            &["what", "danger"],
            &by,
            page,
        )?;
        suggested(run, table, page)?;
    }
    Ok(())
}

/// How far the policy has come.
fn adoption(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let Some(table) = run.table(schema::ADOPTION.name) else {
        return Ok(());
    };
    let bars = table.rows.iter().map(|row| Bar {
        label: table.text(row, "what", &run.pool),
        complete: table.number(row, "repositories"),
        partial: 0,
        query: quoted("what", table.text(row, "what", &run.pool)),
    });
    let bars: Vec<Bar<'_>> = bars.collect();
    chart::bars(
        "How far the policy has come",
        "complete repositories with this",
        schema::ADOPTION.name,
        &bars,
        page,
    )
}

/// Whose waivers there are, when they end, and which need somebody.
fn waivers(run: &Tables, table: &Table, page: &mut Page<'_>) -> io::Result<()> {
    let mut owners: BTreeMap<&str, u64> = BTreeMap::new();
    let mut months: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &table.rows {
        let owner = table.text(row, "owner", &run.pool);
        let count = owners.entry(owner).or_default();
        *count = count.saturating_add(1);
        if let Some(month) = table.text(row, "expires", &run.pool).get(..7) {
            let count = months.entry(month).or_default();
            *count = count.saturating_add(1);
        }
    }
    let bar = |label, query, count| Bar {
        label,
        complete: count,
        partial: 0,
        query,
    };
    let bars = owners.into_iter().map(|(owner, count)| match owner {
        "" => bar(NOBODY, quoted("owner", ""), count),
        owner => bar(owner, quoted("owner", owner), count),
    });
    let mut bars: Vec<Bar<'_>> = bars.collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.complete));
    bars.truncate(BARS);
    chart::bars(
        "Whose waivers there are",
        "waivers",
        schema::WAIVERS.name,
        &bars,
        page,
    )?;
    let bars = months.into_iter().take(BARS);
    let bars = bars.map(|(month, count)| bar(month, format!("expires:{month}"), count));
    let bars: Vec<Bar<'_>> = bars.collect();
    chart::bars(
        "When waivers end",
        "waivers, by the month of their last day",
        schema::WAIVERS.name,
        &bars,
        page,
    )?;
    let rows = table.rows.iter().map(|row| &**row);
    let rows: Vec<_> = rows
        .filter(|row| table.text(row, "state", &run.pool) != "holds")
        .collect();
    let state = |row: &[Cell]| table.text(row, "state", &run.pool).to_owned();
    list(
        run,
        table,
        "Waivers that need somebody",
        &rows,
        &["repository", "rule", "owner"],
        &state,
        page,
    )
}

/// What `audit suggest` says.
fn suggested(run: &Tables, table: &Table, page: &mut Page<'_>) -> io::Result<()> {
    let candidates = table
        .rows
        .iter()
        .filter(|row| table.text(row, "danger", &run.pool).is_empty());
    let number =
        |row: &[Cell], name| usize::try_from(table.number(row, name)).unwrap_or(usize::MAX);
    let candidates = candidates.map(|row| {
        let what = table.text(row, "what", &run.pool);
        (what, number(row, "repositories"), number(row, "files"))
    });
    let packs = run.table(schema::PACKS.name).into_iter();
    let packs = packs.flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let packs = packs.map(|(table, row)| {
        let number = |name| usize::try_from(table.number(row, name)).unwrap_or(usize::MAX);
        let pack = table.text(row, "pack", &run.pool);
        (pack, number("needed"), number("needed_files"))
    });
    let Some(entries) = suggestion(packs, candidates, MANY) else {
        return Ok(());
    };
    page.raw("<section class=\"panel\">\n<h3>To be reviewed for the organisation's policy</h3>\n<pre tabindex=\"0\">")?;
    page.text(entries)?;
    page.raw("</pre>\n<p class=\"unit\">packs that would let files of three repositories or more pass, and what as many allow by hand and is not known to be dangerous</p>\n</section>\n")
}
