//! The overview: the numbers that matter, and what is behind them.

use std::{collections::BTreeMap, io};

use super::{
    chart::{self, Bar, Part},
    governance,
    list::{BARS, list, quoted},
};
use crate::{
    audit::report::{
        schema,
        table::{Cell, Schema},
        tables::Tables,
        words,
    },
    report::{HtmlPage as Page, size},
};

pub(super) fn write(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<section id=\"overview\" aria-labelledby=\"title-overview\">\n<h2 id=\"title-overview\" class=\"label\">Overview</h2>\n")?;
    coverage(run, page)?;
    tiles(run, page)?;
    page.raw("<div class=\"panels\">\n")?;
    repositories(run, page)?;
    let both = |name, query, title, unit, schema: &'static Schema, count, partial| {
        (name, query, title, unit, schema, count, partial)
    };
    for (name, query, title, unit, schema, count, partial) in [
        both(
            "rule",
            "rule",
            "What is found",
            "findings",
            &schema::RULES,
            "findings",
            "findings_partial",
        ),
        both(
            "owner",
            "owner",
            "Whose it is",
            "refused findings",
            &schema::OWNERS,
            "denied",
            "denied_partial",
        ),
        both(
            "format",
            "format",
            "Formats in use",
            "model files",
            &schema::FORMATS,
            "artifacts",
            "artifacts_partial",
        ),
        both(
            "pack",
            "pack",
            "Packs in use",
            "model files",
            &schema::PACKS,
            "artifacts",
            "artifacts_partial",
        ),
    ] {
        let Some(table) = run.table(schema.name) else {
            continue;
        };
        let mut bars: Vec<Bar<'_>> = table
            .rows
            .iter()
            .map(|row| {
                let label = table.text(row, name, &run.pool);
                Bar {
                    label,
                    complete: table.number(row, count),
                    partial: table.number(row, partial),
                    query: quoted(query, label),
                }
            })
            .collect();
        bars.sort_by_key(|bar| std::cmp::Reverse(bar.complete.saturating_add(bar.partial)));
        bars.truncate(BARS);
        chart::bars(title, unit, schema.name, &bars, page)?;
    }
    years(run, page)?;
    trend(run, page)?;
    lists(run, page)?;
    page.raw("</div>\n</section>\n")
}

fn coverage(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let summary = &run.summary;
    let part = |class, label, count, query| Part {
        class,
        label,
        count,
        query,
    };
    page.raw("<div class=\"coverage\">\n")?;
    chart::parts(
        "repositories",
        &[
            part(
                "complete",
                "complete",
                summary.complete.repositories,
                "status:complete",
            ),
            part(
                "partial",
                "partial",
                summary.partial.repositories,
                "status:partial",
            ),
            part(
                "failed",
                "failed",
                summary.failed.repositories,
                "status:failed",
            ),
            part(
                "pending",
                "without a result",
                summary.pending,
                "status:pending",
            ),
        ],
        page,
    )?;
    page.raw("</div>\n")
}

/// A number of complete repositories, with that of partial ones beside it.
fn tiles(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let (complete, partial) = (&run.summary.complete, &run.summary.partial);
    let waivers = run.table(schema::WAIVERS.name);
    let needing = waivers.map_or(0, |table| {
        let rows = table.rows.iter().map(|row| &**row);
        let rows = rows.filter(|row| table.text(row, "state", &run.pool) != "holds");
        rows.count()
    });
    let libraries = run.table(schema::LIBRARIES.name);
    let below = |column| {
        libraries.map_or(0, |table| {
            let rows = table.rows.iter().map(|row| &**row);
            let rows = rows.filter(|row| table.number(row, "below") == 1);
            let counts = rows.map(|row| table.number(row, column));
            usize::try_from(counts.sum::<u64>()).unwrap_or(usize::MAX)
        })
    };
    let rows: [(&'static str, usize, usize, &'static str, &'static str); 6] = [
        (
            "repositories with something refused",
            complete.refused,
            partial.refused,
            "repositories",
            "denied:>0",
        ),
        (
            "refused findings",
            complete.counts.denied,
            partial.counts.denied,
            "findings",
            "level:deny state:counts",
        ),
        (
            "model files that can run code",
            complete.counts.executable,
            partial.counts.executable,
            "artifacts",
            "executable:yes",
        ),
        (
            "of them pinned by no lock file",
            complete.counts.executable_unpinned,
            partial.counts.executable_unpinned,
            "artifacts",
            "executable:yes pinned:!yes",
        ),
        (
            "model files below a library's floor",
            below("artifacts"),
            below("artifacts_partial"),
            "libraries",
            "below:yes",
        ),
        (
            "waivers that need somebody",
            needing,
            0,
            "waivers",
            "state:!=holds",
        ),
    ];
    page.raw("<ul class=\"tiles\">\n")?;
    for (label, count, partly, table, query) in rows {
        page.raw("<li")?;
        if count == 0 && partly == 0 {
            page.attribute("class", "none")?;
        }
        page.raw("><a")?;
        page.attribute("href", format_args!("#{table}"))?;
        page.attribute("data-query", query)?;
        page.element("><b>", words::grouped(count), "</b>")?;
        if partly > 0 {
            page.element(
                "<span class=\"plus\">+",
                words::grouped(partly),
                " in partial</span>",
            )?;
        }
        page.element("<span>", label, "</span></a></li>\n")?;
    }
    page.raw("</ul>\n")
}

fn repositories(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let Some(table) = run.table(schema::REPOSITORIES.name) else {
        return Ok(());
    };
    let bars = table.rows.iter().take(BARS).map(|row| {
        let label = table.text(row, "repository", &run.pool);
        let denied = table.number(row, "denied");
        let is_complete = table.text(row, "status", &run.pool) == "complete";
        Bar {
            label,
            complete: if is_complete { denied } else { 0 },
            partial: if is_complete { 0 } else { denied },
            query: format!("{} state:counts", quoted("repository", label)),
        }
    });
    let bars: Vec<Bar<'_>> = bars.collect();
    chart::bars(
        "Most refused findings",
        "refused findings",
        "findings",
        &bars,
        page,
    )
}

/// When model files that can run code came into the histories.
fn years(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let Some(table) = run.table(schema::ARTIFACTS.name) else {
        return Ok(());
    };
    let mut years: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for row in &table.rows {
        let year = table.text(row, "first_time", &run.pool).get(..4);
        if let Some(year) = year.filter(|_| table.number(row, "executable") == 1) {
            let is_complete = table.text(row, "status", &run.pool) == "complete";
            let [complete, partial] = years.entry(year).or_default();
            let count = if is_complete { complete } else { partial };
            *count = count.saturating_add(1);
        }
    }
    let bars = years.iter().rev().take(BARS);
    let mut bars: Vec<Bar<'_>> = bars
        .map(|(year, [complete, partial])| Bar {
            label: year,
            complete: *complete,
            partial: *partial,
            query: format!("executable:yes first_time:{year}-"),
        })
        .collect();
    bars.reverse();
    chart::bars(
        "When they came",
        "model files that can run code, by the year of their first commit",
        "artifacts",
        &bars,
        page,
    )
}

/// The lists of what is oldest, largest, below a floor, about to end and allowed by many.
fn lists(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(table) = run.table(schema::ARTIFACTS.name) {
        let mut oldest: Vec<&[Cell]> = table
            .rows
            .iter()
            .map(|row| &**row)
            .filter(|row| {
                table.number(row, "executable") == 1
                    && !table.text(row, "first_time", &run.pool).is_empty()
            })
            .collect();
        oldest.sort_by_key(|row| table.text(row, "first_time", &run.pool));
        let day = |row: &[Cell]| {
            let time = table.text(row, "first_time", &run.pool);
            time.get(..10).unwrap_or(time).to_owned()
        };
        list(
            run,
            table,
            "Oldest that can run code",
            &oldest,
            &["repository", "path"],
            &day,
            page,
        )?;
        let mut largest: Vec<&[Cell]> = table.rows.iter().map(|row| &**row).collect();
        largest.sort_by_key(|row| std::cmp::Reverse(table.number(row, "size")));
        let bytes = |row: &[Cell]| size(table.number(row, "size"));
        list(
            run,
            table,
            "Largest model files",
            &largest,
            &["repository", "path"],
            &bytes,
            page,
        )?;
    }
    if let Some(table) = run.table(schema::LIBRARIES.name) {
        let below = table
            .rows
            .iter()
            .map(|row| &**row)
            .filter(|row| table.number(row, "below") == 1);
        let below: Vec<_> = below.collect();
        let floor = |row: &[Cell]| format!("floor {}", table.text(row, "floor", &run.pool));
        list(
            run,
            table,
            "Libraries below their floor",
            &below,
            &["library", "version"],
            &floor,
            page,
        )?;
    }
    governance::panels(run, page)
}

/// How the numbers went between runs, if there are several.
fn trend(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    let Some(table) = run.table(schema::RUNS.name) else {
        return Ok(());
    };
    let [first, .., _] = table.rows.as_slice() else {
        return Ok(());
    };
    let from = table.text(first, "judged_on", &run.pool);
    for (title, column) in [
        ("Repositories with something refused", "refused"),
        ("Refused findings", "denied"),
        ("Model files that can run code", "executable"),
        ("Of them pinned by no lock file", "unpinned"),
        ("Model files below a library's floor", "below_floor"),
        ("Repositories with a policy of their own", "own_policies"),
        (
            "Repositories that pinned all that can run code",
            "pinned_repositories",
        ),
        ("Repositories that were looked at completely", "complete"),
    ] {
        let values = table.rows.iter().map(|row| table.number(row, column));
        let values: Vec<u64> = values.collect();
        if values.iter().all(|value| *value == 0) {
            continue;
        }
        chart::line(title, &values, from, &run.judged_on, page)?;
    }
    Ok(())
}
