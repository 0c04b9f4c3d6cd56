//! A plan in words: what each shard has to do, and whether more shards would help.

use std::io::{self, Write};

use super::{
    plan::{Load, Plan},
    words::{counted, shown},
};

/// Writes what each shard of a plan has to do.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = plan.repositories.len();
    let loads = plan.loads();
    writeln!(
        out,
        "{} in {}, for waivers as on {}",
        counted(count, "repository", "repositories"),
        counted(loads.len(), "shard", "shards"),
        plan.day
    )?;
    match plan.unknown() {
        0 => {}
        all if all == count => writeln!(out, "no size is known: they count alike")?,
        some => writeln!(
            out,
            "{some} of unknown size count as the median of the others"
        )?,
    }
    writeln!(
        out,
        "\n{:>12}  {:>12}  {:>10}",
        "shard", "repositories", "size"
    )?;
    for (at, load) in loads.iter().enumerate() {
        let name = format!("{}/{}", at.saturating_add(1), loads.len());
        let size = bytes(load.bytes);
        writeln!(out, "{name:>12}  {:>12}  {size:>10}", load.repositories)?;
    }
    if let Some(more) = alone(plan, &loads) {
        writeln!(out, "\n{more}")?;
    }
    Ok(())
}

/// That a repository is more than a shard's part: the run takes as long as it does, with however many shards.
fn alone(plan: &Plan, loads: &[Load]) -> Option<String> {
    let (largest, size) = plan.largest()?;
    let total: u64 = loads
        .iter()
        .fold(0, |sum, load| sum.saturating_add(load.bytes));
    let count = u64::try_from(loads.len()).unwrap_or(u64::MAX);
    let part = total.checked_div(count)?;
    if size <= part || count < 2 {
        return None;
    }
    let useful = total.checked_div(size)?.max(1);
    Some(format!(
        "{} has {}, more than a shard's part: more than {} make the run no shorter",
        shown(&largest.location),
        bytes(size),
        counted(
            usize::try_from(useful).unwrap_or(usize::MAX),
            "shard",
            "shards"
        ),
    ))
}

/// A size in the unit that says it best, with one digit after the point.
fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = "kB";
    for next in UNITS {
        unit = next;
        if tenths < 10_000 {
            break;
        }
        if next != "PB" {
            tenths /= 1_000;
        }
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_size_is_told_in_the_unit_that_fits() {
        assert_eq!(
            [0, 999, 1_000, 999_999, 1_000_000, 87_654_321_000, u64::MAX].map(bytes),
            [
                "0 B",
                "999 B",
                "1.0 kB",
                "999.9 kB",
                "1.0 MB",
                "87.6 GB",
                "18446.7 PB"
            ]
        );
    }
}
