//! One artifact, explained: what loading it would do, as a page to read from the top.
//!
//! What is refused comes first. Nothing here decides anything: verdicts arrive with the [`Inspection`].

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io::{self, BufWriter, Write},
};

mod listing;
mod page;
mod words;

pub(crate) use words::bytes;
pub(super) use words::{circumstance, refusal, remark, unavailable};

use super::{
    Style,
    terminal::{Ink, clip, clip_middle, count, grouped, guarded, harmless, width, wrap},
    words::{sentence, severity},
};
use crate::{
    fact::{Absent, Fact, Global, Observation, Site, Tensors, Unavailable},
    finding::{Finding, Level},
    policy::{ListCall, PythonObject},
    verdict::{Inspection, JudgedGlobal, PinState, TorchVerdict},
};
use page::{Page, ROWS};
use words::{count_u64, inwards, permission};

/// Writes the page.
///
/// # Errors
/// Whatever `out` answers.
pub fn inspect(inspection: &Inspection, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let out = &mut BufWriter::new(out);
    let mut page = Page { style, out };
    title(inspection, &mut page)?;
    pin(inspection, &mut page)?;
    globals(inspection, &mut page)?;
    calls(inspection, &mut page)?;
    others(inspection, &mut page)?;
    unread(inspection, &mut page)?;
    for verdict in &inspection.torch_loads {
        torch(verdict, &mut page)?;
    }
    for tensors in &inspection.tensors {
        tensor_table(tensors, &mut page)?;
    }
    members(&inspection.facts.observations, &mut page)?;
    findings(inspection, &mut page)?;
    if let Some(lines) = &inspection.disassembly {
        listing::disassembly(lines, &mut page)?;
    }
    page.out.flush()
}

fn title(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    let path = guarded(harmless(&inspection.path, page.style));
    let size = inspection.size.map(bytes);
    let size = size.as_deref().unwrap_or("of unknown size");
    writeln!(page.out, "{}  {size}", page.style.ink(Ink::Strong, path))?;
    let mut rows: Vec<(String, String)> = inspection
        .facts
        .observations
        .iter()
        .filter_map(|observation| match &observation.fact {
            Fact::Is(id) if observation.site.hops.is_empty() => {
                Some((id.to_string(), String::new()))
            }
            Fact::Is(id) => Some((id.to_string(), inwards(&observation.site))),
            _ => None,
        })
        .collect();
    if let Some((oid, size)) = inspection.circumstances.pointer() {
        let points_to = format!("to {} with sha256 {oid}", bytes(size));
        let in_annex = inspection.circumstances.unavailable().any(|why| {
            matches!(
                why,
                Unavailable::NotFetched {
                    what: Absent::AnnexContent,
                    ..
                }
            )
        });
        let name = if in_annex {
            "git-annex key"
        } else {
            "git-lfs pointer"
        };
        rows.insert(0, (name.to_owned(), points_to));
    }
    if let Some((listed_in, md5)) = inspection.circumstances.output_of_dvc() {
        let listed = match md5 {
            Some(md5) => format!("listed in {listed_in} with md5 {md5}"),
            None => format!("listed in {listed_in}"),
        };
        rows.insert(0, (String::from("output of DVC"), listed));
    }
    if rows.is_empty() {
        page.text(2, "of an unknown format", None)
    } else {
        page.table(&rows, ("more inside", "more inside"), Some(Ink::Note))
    }
}

/// What the lock file says of it.
fn pin(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    match &inspection.pin {
        None => Ok(()),
        Some(PinState::Pinned(line)) => {
            let text = format!("pinned by {}:{}", line.file, line.line);
            page.text(2, &text, Some(Ink::Good))
        }
        Some(PinState::Changed(line)) => {
            let text = format!(
                "{}:{} pins other bytes, {}",
                line.file, line.line, line.label
            );
            page.text(2, &text, Some(Ink::Error))
        }
        Some(PinState::NotPinned(lock)) => {
            page.text(2, &format!("{lock} does not pin it"), Some(Ink::Note))
        }
    }
}

fn globals(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    let (allowed, mut refused): (Vec<&JudgedGlobal>, Vec<&JudgedGlobal>) = inspection
        .globals
        .iter()
        .partition(|global| !global.is_refused);
    // The known dangers first, so that a crowd of unknown names cannot hide them.
    refused.sort_by_key(|global| {
        let refusal = global.refusal.as_ref();
        refusal.is_none_or(|refusal| refusal.danger.is_none())
    });
    if inspection.globals.is_empty() {
        let facts = || inspection.facts.observations.iter().map(|o| &o.fact);
        let cut = !inspection.circumstances.is_whole()
            || facts().any(|fact| matches!(fact, Fact::Unread(_)));
        // Nothing is said about what nothing is known of.
        return match facts().any(|fact| matches!(fact, Fact::Is(_))) {
            true if cut => page.heading(
                "Loading the part that was read imports nothing by name.",
                Ink::Strong,
            ),
            true => page.heading("Loading it imports nothing by name.", Ink::Strong),
            false => Ok(()),
        };
    }
    let policy = if inspection.policy.is_empty() {
        "the policy"
    } else {
        &inspection.policy
    };
    writeln!(page.out)?;
    page.text(
        0,
        &format!(
            "Loading it would import {}: {policy} refuses {} and allows {}.",
            count(inspection.globals.len(), "global", "globals"),
            refused.len(),
            allowed.len(),
        ),
        Some(Ink::Strong),
    )?;
    if !refused.is_empty() {
        page.heading("Refused", Ink::Error)?;
        let rows: Vec<_> = refused
            .iter()
            .map(|global| (global.global.to_string(), refusal(global)))
            .collect();
        page.table(&rows, ("more refused", "more refused"), Some(Ink::Strong))?;
    }
    if !allowed.is_empty() {
        page.heading("Allowed", Ink::Good)?;
        let rows: Vec<_> = allowed
            .iter()
            .map(|global| (global.global.to_string(), permission(global)))
            .collect();
        page.table(&rows, ("more allowed", "more allowed"), None)?;
    }
    Ok(())
}

/// What `check` says of the file.
fn findings(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    if inspection.is_excluded {
        let heading = "`weighbridge check` does not check it: the policy excludes it";
        return page.heading(heading, Ink::Warning);
    }
    let findings = inspection.findings.iter();
    let mut active: Vec<&Finding> = findings.filter(|it| it.is_active()).collect();
    if active.is_empty() {
        return Ok(());
    }
    active.sort_by_key(|finding| Reverse(finding.level));
    let of = |level| active.iter().filter(|it| it.level == level).count();
    let (errors, warnings) = (of(Level::Deny), of(Level::Warn));
    let mut words = Vec::new();
    if errors > 0 {
        words.push(count(errors, "error", "errors"));
    }
    if warnings > 0 {
        words.push(count(warnings, "warning", "warnings"));
    }
    let ink = if errors > 0 { Ink::Error } else { Ink::Warning };
    let heading = format!("`weighbridge check` reports {}", words.join(" and "));
    page.heading(&heading, ink)?;
    let rows: Vec<(String, String)> = active
        .iter()
        .map(|finding| {
            let head = format!("{}[{}]", severity(finding.level), finding.rule.id);
            (head, sentence(finding))
        })
        .collect();
    page.table(&rows, ("other", "others"), None)
}

/// Calls of whatever is not allowed, with their arguments; the others are counted beside their globals.
fn calls(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    let allowed: BTreeSet<&Global> = inspection
        .globals
        .iter()
        .filter(|global| !global.is_refused)
        .map(|global| &global.global)
        .collect();
    let calls: Vec<(&Observation, String)> = inspection
        .facts
        .observations
        .iter()
        .filter_map(|observation| match &observation.fact {
            Fact::Call { callee, given, .. } if !allowed.contains(callee) => {
                Some((observation, given.of(callee).to_string()))
            }
            _ => None,
        })
        .collect();
    if calls.is_empty() {
        return Ok(());
    }
    page.heading("Calls of what is refused", Ink::Error)?;
    for (observation, preview) in calls.iter().take(ROWS) {
        let site = observation.site.to_string();
        let times = match observation.count {
            0 | 1 => String::new(),
            n => format!(" and {}", count_u64(n - 1, "similar call", "similar calls")),
        };
        page.text(2, preview, None)?;
        if !site.is_empty() || !times.is_empty() {
            page.text(6, &format!("{site}{times}"), Some(Ink::Faint))?;
        }
    }
    match calls.len().checked_sub(ROWS) {
        Some(more) if more > 0 => {
            let text = format!("and {} more", count(more, "call", "calls"));
            page.text(2, &text, Some(Ink::Note))
        }
        _ => Ok(()),
    }
}

/// Everything else that a reader should know, as sentences.
fn others(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    let mut said: BTreeMap<String, (usize, u64, String)> = BTreeMap::new();
    for sentence in inspection
        .circumstances
        .noted
        .iter()
        .filter_map(circumstance)
    {
        said.insert(sentence, (0, 1, String::new()));
    }
    for (i, observation) in inspection.facts.observations.iter().enumerate() {
        if let Some(sentence) = remark(&observation.fact) {
            let entry = said
                .entry(sentence)
                .or_insert_with(|| (i, 0, observation.site.to_string()));
            entry.1 = entry.1.saturating_add(observation.count.max(1));
        }
    }
    if said.is_empty() {
        return Ok(());
    }
    let mut said: Vec<(String, (usize, u64, String))> = said.into_iter().collect();
    said.sort_by_key(|(_, (first, ..))| *first);
    page.heading("Also", Ink::Warning)?;
    let bullet = page.style.glyphs().bullet;
    for (sentence, (_, times, site)) in said.iter().take(ROWS) {
        let times = match times {
            0 | 1 => String::new(),
            n => format!(" ({n} times)"),
        };
        let site = if site.is_empty() {
            String::new()
        } else {
            format!(" [{site}]")
        };
        let room = page.style.columns().saturating_sub(4);
        let text = harmless(format!("{sentence}{times}{site}"), page.style);
        for (i, line) in wrap(&text, room, room).iter().enumerate() {
            let head = if i == 0 { bullet } else { " " };
            writeln!(page.out, "  {head} {line}")?;
        }
    }
    match said.len().checked_sub(ROWS) {
        Some(more) if more > 0 => page.text(
            2,
            &format!("and {}", count(more, "other remark", "other remarks")),
            Some(Ink::Note),
        ),
        _ => Ok(()),
    }
}

fn unread(inspection: &Inspection, page: &mut Page<'_>) -> io::Result<()> {
    let circumstances = &inspection.circumstances;
    let absent = circumstances
        .unavailable()
        .map(|why| ("the file".to_owned(), unavailable(why)));
    let place = |site: &Site| match site.to_string() {
        site if site.is_empty() => "the file".to_owned(),
        site => site,
    };
    let interrupted = circumstances
        .interrupted
        .iter()
        .map(|it| (place(&it.site), format!("could not be read: {}", it.fault)));
    let observations = inspection.facts.observations.iter();
    let unread = observations.filter_map(|observation| match &observation.fact {
        Fact::Unread(why) => Some((place(&observation.site), why.to_string())),
        _ => None,
    });
    let rows: Vec<(String, String)> = absent.chain(interrupted).chain(unread).collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.heading("Not read completely, so not known to be safe", Ink::Error)?;
    page.table(&rows, ("more", "more"), None)
}

fn torch(verdict: &TorchVerdict, page: &mut Page<'_>) -> io::Result<()> {
    let style = page.style;
    let place = if verdict.place.is_empty() {
        String::new()
    } else {
        let place = harmless(&verdict.place, style);
        // What holds of a member taken out says nothing about the file around it.
        format!(
            " of {}, taken by itself,",
            clip_middle(&place, style.columns() / 2, style)
        )
    };
    let word = if verdict.loads {
        "loads it"
    } else {
        "refuses it"
    };
    let ink = if verdict.loads {
        Ink::Good
    } else {
        Ink::Warning
    };
    page.heading(&format!("torch.load(weights_only=True){place} {word}"), ink)?;
    for reason in &verdict.reasons {
        page.text(2, reason, None)?;
    }
    // Only plain names are offered to be pasted into a program.
    let objects = verdict.safe_globals.iter().map(PythonObject::of);
    let Ok(objects) = objects.collect::<Result<Vec<PythonObject>, _>>() else {
        return Ok(());
    };
    if objects.is_empty() {
        return Ok(());
    }
    let (lead, call, close) = match verdict.list_call {
        ListCall::Missing => {
            let newer = format!(
                "Names can be listed with torch {} or newer: the release that the policy targets has no list to add them to.",
                ListCall::SINCE
            );
            return page.text(2, &newer, None);
        }
        ListCall::Add => ("after", "torch.serialization.add_safe_globals([", "])"),
        ListCall::Block | ListCall::RenamingBlock => {
            ("inside", "with torch.serialization.safe_globals([", "]):")
        }
    };
    let lead = format!("Once each of these has been reviewed, it loads {lead}:");
    page.text(2, &lead, None)?;
    writeln!(page.out)?;
    let mut modules: Vec<&str> = objects.iter().map(|it| it.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    for module in modules.iter().filter(|module| **module != "torch") {
        writeln!(page.out, "    import {module}")?;
    }
    writeln!(page.out, "    import torch")?;
    let listed = objects.iter().map(|it| it.listed(verdict.list_call));
    let listed: Vec<String> = listed.collect();
    let line = format!("    {call}{}{close}", listed.join(", "));
    if width(&line) <= style.columns() {
        writeln!(page.out, "{line}")?;
    } else {
        writeln!(page.out, "    {call}")?;
        for object in listed {
            writeln!(page.out, "        {object},")?;
        }
        writeln!(page.out, "    {close}")?;
    }
    if verdict.list_call == ListCall::Add {
        return Ok(());
    }
    writeln!(page.out, "        ...")
}

fn tensor_table(tensors: &Tensors, page: &mut Page<'_>) -> io::Result<()> {
    let place = match inwards(&tensors.site) {
        place if place.is_empty() => String::new(),
        place => format!(" of {}", harmless(place, page.style)),
    };
    let total = tensors.listed.iter().map(|tensor| tensor.bytes);
    let total = bytes(total.fold(0, u64::saturating_add));
    let heading = match tensors.count {
        0 => format!("No tensors{place}"),
        n => format!("Tensors{place} ({}, {total})", grouped(n)),
    };
    page.heading(&heading, Ink::Strong)?;
    let rows: Vec<(String, String)> = tensors
        .listed
        .iter()
        .map(|tensor| {
            let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
            let about = format!(
                "{} [{}]  {}",
                tensor.dtype,
                shape.join(", "),
                bytes(tensor.bytes)
            );
            (tensor.name.to_string(), about)
        })
        .collect();
    page.table(&rows, ("more", "more"), None)
}

fn members(observations: &[Observation], page: &mut Page<'_>) -> io::Result<()> {
    let rows: Vec<(String, String)> = observations
        .iter()
        .filter_map(|observation| match &observation.fact {
            Fact::Member { name, size } => {
                let mut place = inwards(&observation.site);
                let own = name.to_string();
                if place.is_empty() {
                    place = own;
                } else if !place.ends_with(&own) {
                    place = format!("{place} > {own}");
                }
                Some((place, bytes(*size)))
            }
            _ => None,
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.heading(&format!("Members ({})", grouped(rows.len())), Ink::Strong)?;
    page.table(&rows, ("more", "more"), None)
}
