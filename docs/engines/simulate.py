#!/usr/bin/env python3
"""How long an audit of 100,000 repositories takes on 1 to 256 workers.

    python3 docs/engines/simulate.py [--weighbridge PROGRAM] [--write]

Costs are those that were measured (costs.csv). Sizes are drawn from a distribution with a fixed seed. The shards are not simulated: the real
`weighbridge audit plan` makes them from the list. `--write` updates the table of docs/audit-engines.md and the chart beside it.
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
START, FIXED = 0.012, 0.011  # seconds to start the program, which the measured costs have, and for each repository beside its bytes
JITTER = 0.3  # how far a repository's cost is from one of the measured ones: log-normal
MEDIAN, SIGMA = 1_000_000, 2.0  # bytes of a repository: log-normal
LARGEST = 8_000_000_000
LATENCY, BANDWIDTH = 1.0, 20e6  # to fetch one: seconds, and bytes a second for the whole worker
SLOW, FACTOR = 0.05, 2.0  # of the workers, and how much longer these take
KILLED, RESTART = 1.0, 60.0  # how often an hour a worker is killed, and the seconds until it runs again


def measured():
    """Seconds of a processor for each byte, of each repository that was measured."""
    with open(HERE / "costs.csv", newline="") as file:
        rows = [(int(row["bytes"]), float(row["seconds"])) for row in csv.DictReader(file)]
    return [max(seconds - START, 0.001) / size for size, seconds in rows]


def sizes(rng):
    drawn = (rng.lognormvariate(math.log(MEDIAN), SIGMA) for _ in range(REPOSITORIES))
    return [min(int(size) + 20_000, LARGEST) for size in drawn]


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


def time_of(costs, bytes_, fetched):
    """Of one worker, in seconds: the largest repository first, each core takes the next."""
    cores = [0.0] * CORES
    for cost in sorted(costs, reverse=True):
        least = min(range(CORES), key=cores.__getitem__)
        cores[least] += cost
    busy = max(cores)
    if not fetched:
        return busy
    # While one core reads, another fetches: the slower of the two decides.
    return max(busy, len(costs) * LATENCY / CORES, bytes_ / BANDWIDTH)


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


def simulate(program):
    rng = random.Random(13)
    rates = measured()
    drawn = sizes(rng)
    costs = [FIXED + size * rng.choice(rates) * rng.lognormvariate(0, JITTER) for size in drawn]
    rows = []
    for workers in WORKERS:
        shards = planned(program, drawn, workers)
        own = [[] for _ in range(workers)]
        own_bytes = [0] * workers
        by_hash = [[] for _ in range(workers)]
        for shard, cost, size in zip(shards, costs, drawn):
            own[shard].append(cost)
            own_bytes[shard] += size
            by_hash[rng.randrange(workers)].append(cost)
        times = [time_of(costs, bytes_, False) for costs, bytes_ in zip(own, own_bytes)]
        fetching = [time_of(costs, bytes_, True) for costs, bytes_ in zip(own, own_bytes)]
        ends = [disturbed(seconds, max(costs), rng) for seconds, costs in zip(times, own)]
        rows.append(
            {
                "workers": workers,
                "ideal": sum(costs) / workers / CORES,
                "plan": max(times),
                "hash": max(time_of(costs, 0, False) for costs in by_hash),
                "disturbed": max(end for end, _ in ends),
                "killed": sum(killed for _, killed in ends),
                "fetched": max(fetching),
                "largest": max(costs),
            }
        )
    return sum(costs), sum(drawn), rows


def span(seconds):
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def table(rows):
    lines = [
        "| workers | even split | by plan | by hash alone | workers slow and killed | kills | with fetching |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = [span(row[key]) for key in ("ideal", "plan", "hash", "disturbed")]
        cells += [str(row["killed"]), span(row["fetched"])]
        lines.append(f"| {row['workers']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def chart(rows):
    """Both axes logarithmic: what is linear is straight."""
    width, height, left, top, right, bottom = 760, 420, 70, 24, 150, 50
    series = [
        ("ideal", "even split", "#8a8f98", "4 4"),
        ("plan", "by plan", "#1f6feb", ""),
        ("hash", "by hash alone", "#bf5b16", ""),
        ("disturbed", "slow and killed", "#8250df", ""),
        ("fetched", "with fetching", "#1a7f37", ""),
    ]
    low = math.floor(math.log10(min(row["ideal"] for row in rows)))
    high = math.ceil(math.log10(max(row["fetched"] for row in rows)))

    def x(workers):
        return left + math.log2(workers) / 8 * (width - left - right)

    def y(seconds):
        return top + (high - math.log10(seconds)) / (high - low) * (height - top - bottom)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" role="img">',
        "<title>Time of an audit of 100,000 repositories by the number of workers</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for power in range(low, high + 1):
        out.append(f'<path d="M{left} {y(10**power):.1f}H{width - right}" stroke="#d8dee4"/>')
        out.append(f'<text x="{left - 8}" y="{y(10**power) + 4:.1f}" text-anchor="end" fill="#57606a">{span(10**power)}</text>')
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
