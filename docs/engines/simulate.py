#!/usr/bin/env python3
"""How long an audit of 100,000 repositories takes on 1 to 256 workers.

    python3 docs/engines/simulate.py [--weighbridge PROGRAM] [--write]

Each repository is one of those that were measured (costs.csv), larger or smaller by a factor that is drawn with a fixed seed. The shards are not
simulated: the real `weighbridge audit plan` makes them from the list. `--write` updates the table of docs/audit-engines.md and the chart beside it.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "audit-engines.md"

REPOSITORIES = 100_000
WORKERS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
CORES = 2  # of a worker
START, FIXED = 0.012, 0.011  # seconds to start the program, which the measured costs have, and for each repository
MEDIAN, SIGMA, MOST = 0.1, 1.5, 8.0  # of the factor: log-normal
OBJECT = 32 << 10  # what the plan counts for an object of a mirror
LATENCY, BANDWIDTH = 1.0, 20e6  # to fetch one: seconds, and bytes a second for the whole worker
SLOW, FACTOR = 0.05, 2.0  # of the workers, and how much longer these take
KILLED, RESTART = 1.0, 60.0  # how often an hour a worker is killed, and the seconds until it runs again


def drawn(rng):
    """Bytes, objects and seconds of a core for each repository."""
    with open(HERE / "costs.csv", newline="") as file:
        rows = [(int(row["bytes"]), int(row["objects"]), float(row["seconds"]) - START) for row in csv.DictReader(file)]
    repositories = []
    for _ in range(REPOSITORIES):
        bytes_, objects, seconds = rng.choice(rows)
        factor = min(rng.lognormvariate(math.log(MEDIAN), SIGMA), MOST)
        repositories.append((int(bytes_ * factor) + 1, int(objects * factor) + 1, FIXED + seconds * factor))
    return repositories


def planned(program, sizes, workers):
    """The shard of each repository, as the program says."""
    with tempfile.TemporaryDirectory() as folder:
        list_ = pathlib.Path(folder, "repos.csv")
        with list_.open("w") as file:
            file.write("location,size\n")
            for number, size in enumerate(sizes):
                file.write(f"https://forge.example/team{number % 97}/repository{number},{size}\n")
        command = [program, "audit", "plan", "--repos", str(list_), "--shards", str(workers), "--format", "json"]
        plan = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=folder).stdout)
    of = {row["location"]: row["shard"] - 1 for row in plan["repositories"]}
    return [of[f"https://forge.example/team{n % 97}/repository{n}"] for n in range(len(sizes))]


def time_of(shard, fetched=False):
    """Of one worker, in seconds: the repository with the most bytes first, each core takes the next."""
    cores = [0.0] * CORES
    for _, _, cost in sorted(shard, reverse=True):
        least = min(range(CORES), key=cores.__getitem__)
        cores[least] += cost
    busy = max(cores)
    if not fetched:
        return busy
    # While one core reads, another fetches: the slower of the two decides.
    return max(busy, len(shard) * LATENCY / CORES, sum(bytes_ for bytes_, _, _ in shard) / BANDWIDTH)


def disturbed(seconds, longest, rng):
    """The same where workers are slow and are killed: what was being read is read again, everything before is kept."""
    if rng.random() < SLOW:
        seconds *= FACTOR
    killed, at = 0, rng.expovariate(KILLED / 3600)
    while at < seconds:
        killed += 1
        seconds += RESTART + rng.random() * min(longest, seconds)
        at += rng.expovariate(KILLED / 3600)
    return seconds, killed


def shared_out(repositories, shards, workers):
    own = [[] for _ in range(workers)]
    for shard, repository in zip(shards, repositories):
        own[shard].append(repository)
    return own


def simulate(program):
    rng = random.Random(13)
    repositories = drawn(rng)
    costs = [cost for _, _, cost in repositories]
    rows = []
    for workers in WORKERS:
        by_hash = shared_out(repositories, [rng.randrange(workers) for _ in repositories], workers)
        export = planned(program, [bytes_ for bytes_, _, _ in repositories], workers)
        mirrors = planned(program, [bytes_ + OBJECT * objects for bytes_, objects, _ in repositories], workers)
        by_bytes, by_size = (shared_out(repositories, shards, workers) for shards in (export, mirrors))
        ends = [disturbed(time_of(shard), max(cost for _, _, cost in shard), rng) for shard in by_size]
        rows.append(
            {
                "workers": workers,
                "ideal": sum(costs) / workers / CORES,
                "hash": max(map(time_of, by_hash)),
                "bytes": max(map(time_of, by_bytes)),
                "plan": max(map(time_of, by_size)),
                "disturbed": max(end for end, _ in ends),
                "killed": sum(killed for _, killed in ends),
                "fetched": max(time_of(shard, fetched=True) for shard in by_bytes),
                "largest": max(costs),
            }
        )
    return sum(costs), sum(bytes_ for bytes_, _, _ in repositories), rows


def span(seconds):
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200 and seconds != 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def table(rows):
    lines = [
        "| workers | even split | by hash alone | plan by bytes | plan by mirrors | slow and killed | kills | by bytes, with fetching |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = [span(row[key]) for key in ("ideal", "hash", "bytes", "plan", "disturbed")]
        cells += [str(row["killed"]), span(row["fetched"])]
        lines.append(f"| {row['workers']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


TICKS = [60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 48 * 3600]


def chart(rows):
    """Both axes logarithmic: what is linear is straight."""
    width, height, left, top, right, bottom = 760, 420, 70, 24, 150, 50
    series = [
        ("ideal", "even split", "#8a8f98", "4 4"),
        ("hash", "by hash alone", "#bf5b16", ""),
        ("bytes", "plan by bytes", "#9a6700", ""),
        ("plan", "plan by mirrors", "#1f6feb", ""),
        ("disturbed", "slow and killed", "#8250df", ""),
    ]
    low = math.log10(min(row["ideal"] for row in rows) / 1.3)
    high = math.log10(max(row["disturbed"] for row in rows) * 1.3)

    def x(workers):
        return left + math.log2(workers) / 8 * (width - left - right)

    def y(seconds):
        return top + (high - math.log10(seconds)) / (high - low) * (height - top - bottom)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" role="img">',
        "<title>Time of an audit of 100,000 repositories by the number of workers</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for seconds in TICKS:
        if low <= math.log10(seconds) <= high:
            out.append(f'<path d="M{left} {y(seconds):.1f}H{width - right}" stroke="#d8dee4"/>')
            out.append(f'<text x="{left - 8}" y="{y(seconds) + 4:.1f}" text-anchor="end" fill="#57606a">{span(seconds).replace(".0", "")}</text>')
    for workers in WORKERS:
        out.append(f'<text x="{x(workers):.1f}" y="{height - bottom + 20}" text-anchor="middle" fill="#57606a">{workers}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle" fill="#57606a">workers of {CORES} cores</text>')
    ends = sorted((y(rows[-1][key]), key) for key, *_ in series)
    labels, last = {}, -100.0
    for at, key in ends:
        last = max(at, last + 16)
        labels[key] = last
    for key, name, colour, dash in series:
        points = " ".join(f"{x(row['workers']):.1f},{y(row[key]):.1f}" for row in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash or "none"}"/>')
        out.append(f'<text x="{width - right + 8}" y="{labels[key] + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weighbridge", default="weighbridge")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    costs, bytes_, rows = simulate(str(pathlib.Path(arguments.weighbridge).resolve()) if "/" in arguments.weighbridge else arguments.weighbridge)
    print(f"{bytes_ / 1e9:.0f} GB, {costs / 3600:.0f} hours of one core")
    print(f"the largest repository takes {span(rows[0]['largest'])} of one core")
    print(table(rows))
    if arguments.write:
        (HERE / "simulation.svg").write_text(chart(rows))
        text = PAGE.read_text()
        begin, end = "<!-- simulation -->\n", "\n<!-- end -->"
        text = re.sub(f"{begin}.*?{end}", lambda _: begin + table(rows) + end, text, flags=re.S)
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
