#!/usr/bin/env python3
"""Measures the throughput and the latency of hot BOOK over connections and depth, and draws them.

    docs/performance/curve.py measure --out docs/performance/curve.tsv
    docs/performance/curve.py draw docs/performance/curve.tsv --out docs/performance/curve.svg

Each point has a server of its own, with an empty data directory. `bookline bench --json` loads it. These
members of its report are read: `replies_per_second` (line `replies` of the report in text), `latency_us.p50`
and `latency_us.p99` (line `latency`), `ended`, and `client_was_limit` (line `client`). A point that the
server or the client refuses, or that bench does not verify, gets a comment in place of a row, and the exit
status is 1.
"""

import argparse
import json
import os
import platform
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from math import log
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

COLUMNS = ("conns", "depth", "bookings_per_second", "p50_us", "p99_us", "round")
# More than any point books.
MAX_TICKETS = 1_000_000_000
START_SECONDS = 30
STOP_SECONDS = 60
# Bench verifies every ticket after the measurement.
VERIFY_SECONDS = 300


class CurveError(Exception):
    """A point cannot be measured, or a file cannot be drawn."""


@contextmanager
def running_server(binary: str, parent: Path) -> Iterator[str]:
    """Runs a server with an empty data directory inside `parent`. Yields its address."""
    temporary = tempfile.TemporaryDirectory(prefix="curve-", dir=parent)
    with temporary as directory, tempfile.TemporaryFile() as log_file:
        command = [binary, "--listen", "127.0.0.1:0", "--data-dir", f"{directory}/data",
                   "--durability", "always", "--max-tickets", str(MAX_TICKETS)]  # fmt: skip
        # No other setting comes from the environment.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKLINE_")}
        environment["RUST_LOG"] = "warn"
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file, env=environment) as server:
            try:
                yield ready_address(server)
                server.terminate()
                if status := server.wait(STOP_SECONDS):
                    raise CurveError(f"the server exited with {status}")
            except (CurveError, subprocess.TimeoutExpired) as error:
                log_file.seek(0)
                raise CurveError(f"{error} {log_file.read().decode(errors='replace')}") from error
            finally:
                server.kill()


def ready_address(server: subprocess.Popen[bytes]) -> str:
    """The address in the server's first line: `booklined <version> listening on <address>`."""
    assert server.stdout
    readable, _, _ = select.select([server.stdout], [], [], START_SECONDS)
    line = server.stdout.readline().decode() if readable else f"nothing after {START_SECONDS} s"
    _, found, address = line.strip().partition(" listening on ")
    if not found:
        raise CurveError(f"the server did not start: {line}")
    return address


def bench(client: str, address: str, conns: int, depth: int, secs: float) -> dict[str, Any]:
    """Loads the server. Returns bench's report."""
    command = [client, "bench", "--json", "--addr", address, "--workload", "hot", "--conns", str(conns),
               "--depth", str(depth), "--secs", str(secs)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=secs + VERIFY_SECONDS, check=False)
    report: dict[str, Any] = json.loads(done.stdout or "{}")
    if done.returncode or report["ended"] != "time":
        findings = {key: report.get(key) for key in ("ended", "unexpected", "verified")}
        raise CurveError(f"bench exited with {done.returncode}: {done.stderr or findings}")
    return report


def version(server: str) -> str:
    return subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def measure(args: argparse.Namespace) -> int:
    """Measures all points, in rounds, so that a change of the machine's speed affects all of them."""
    system = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, {version(args.server)}"
    points = [(r, d, c) for r in range(1, args.rounds + 1) for d in args.depths for c in args.conns]
    failed = 0
    with args.out.open("w") as out:

        def write(line: str) -> None:
            print(line, file=out, flush=True)
            print(line, file=sys.stderr)

        write(f"# {date.today()}, {system}, {args.rounds} x {args.secs:g} s per point")
        write("\t".join(COLUMNS))
        for number, depth, conns in points:
            point = f"{conns} connections, depth {depth}, round {number}"
            try:
                with running_server(args.server, args.dir) as address:
                    report = bench(args.client, address, conns, depth, args.secs)
            except CurveError as error:
                failed += 1
                write(f"# not measured: {point}: {' '.join(str(error).split())}")
                continue
            latency = report["latency_us"]
            figures = (report["replies_per_second"], latency["p50"], latency["p99"])
            write("\t".join([str(conns), str(depth), *(f"{figure:.0f}" for figure in figures), str(number)]))
            if report["client_was_limit"]:
                write(f"# the client was the limit: {point}")
    print(f"{len(points) - failed} of {len(points)} points measured", file=sys.stderr)
    return 1 if failed else 0


# The rest draws. Lengths are in pixels.
WIDTH, HEIGHT = 800, 372
TOP, BOTTOM = 62, 304
PANEL_WIDTH, LEFT_MARGIN, RIGHT_MARGIN = 400, 48, 82
LABEL_HEIGHT, TICK_WIDTH = 14, 24
TICKS_MAX = 12
# For a light and a dark background. Those next to each other differ in all usual kinds of color blindness.
COLORS = [("#0060b0", "#4da3ff"), ("#222222", "#e6e6e6"), ("#008a66", "#2fbf98"), ("#c85200", "#f08a3c"),
          ("#b03a8a", "#e08ac4")]  # fmt: skip
STYLE = """text{font:12px system-ui,sans-serif;fill:#24292f}.b{fill:#fff}.g{stroke:#d0d7de}.t{font-weight:600}
.l{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}.c,.k{fill:currentColor}
.e{stroke:currentColor;opacity:.5}"""
HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">
<title>Throughput and p99 latency of bookings over connections and depth</title>"""
DESCRIPTION = """Two diagrams with logarithmic axes and a line for each depth: on the left bookings per second
over connections, on the right the p99 latency in milliseconds over connections."""
CAPTION = "BOOK of one ticket of one event, durable. Depth: requests that each connection keeps in flight."
DARK_STYLE = "text{fill:#e6edf3}.b{fill:#0d1117}.g{stroke:#30363d}"
# What is drawn of a table: by depth, the value at each number of connections.
Lines = dict[int, dict[int, float]]


class Axis(NamedTuple):
    """A logarithmic axis: its ticks, and where the first and the last one are."""

    ticks: list[float]
    first: float
    last: float

    def at(self, value: float) -> float:
        share = log(value / self.ticks[0]) / log(self.ticks[-1] / self.ticks[0])
        return self.first + share * (self.last - self.first)


def read_table(file: Path) -> tuple[str, list[dict[str, float]]]:
    """The first comment of a TSV file, and its rows."""
    lines = file.read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    if not lines or not lines[0].startswith("#") or rows[:1] != [list(COLUMNS)] or len(rows) < 2:
        raise CurveError(f"{file} does not begin with a comment, the columns {', '.join(COLUMNS)}, and a row")
    return lines[0].lstrip("# "), [dict(zip(COLUMNS, map(float, row), strict=True)) for row in rows[1:]]


def medians(rows: list[dict[str, float]], column: str, unit: float) -> Lines:
    """The median over the rounds of each point."""
    points = sorted({(int(row["depth"]), int(row["conns"])) for row in rows})
    lines: Lines = {}
    for point in points:
        values = [row[column] for row in rows if (row["depth"], row["conns"]) == point]
        lines.setdefault(point[0], {})[point[1]] = median(values) / unit
    return lines


def ticks_around(values: list[float]) -> list[float]:
    """1, 2 and 5 of each power of ten around all values, or only the powers of ten if these are many."""
    for digits in ((1, 2, 5), (1,)):
        steps = [digit * 10.0**exponent for exponent in range(-6, 13) for digit in digits]
        first = sum(step <= min(values) for step in steps) - 1
        last = max(sum(step < max(values) for step in steps), first + 1)
        if last - first < TICKS_MAX:
            break
    return steps[first : last + 1]


def spread(places: list[float]) -> list[float]:
    """Moves the places of labels, from the top to the bottom, so that none covers another."""
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + LABEL_HEIGHT)
    lowest: float = BOTTOM
    for index in reversed(range(len(places))):
        places[index] = min(places[index], lowest)
        lowest = places[index] - LABEL_HEIGHT
    return places


def number(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 1e4 else f"{value:g}"


def grid(x: Axis, y: Axis) -> Iterator[str]:
    for tick in y.ticks:
        place = y.at(tick)
        yield f'<path class="g" d="M{x.first:.1f} {place:.1f}H{x.last:.1f}"/>'
        yield f'<text x="{x.first - 6:.1f}" y="{place + 4:.1f}" text-anchor="end">{number(tick)}</text>'
    labeled: float = -TICK_WIDTH
    for tick in x.ticks:
        place = x.at(tick)
        yield f'<path class="g" d="M{place:.1f} {y.first:.1f}V{y.last:.1f}"/>'
        if place - labeled >= TICK_WIDTH:
            labeled = place
            yield f'<text x="{place:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{number(tick)}</text>'


def panel(left: float, title: str, lines: Lines) -> Iterator[str]:
    """A diagram of one line per depth, with its title and the titles of its axes."""
    conns = sorted({float(count) for line in lines.values() for count in line})
    values = [value for line in lines.values() for value in line.values()]
    x_ticks = conns if len(conns) > 1 else ticks_around(conns)
    x = Axis(x_ticks, left + LEFT_MARGIN, left + PANEL_WIDTH - RIGHT_MARGIN)
    y = Axis(ticks_around(values), BOTTOM, TOP)
    yield f'<text class="t" x="{left + 14:.1f}" y="{TOP - 20}">{title}</text>'
    yield f'<text x="{(x.first + x.last) / 2:.1f}" y="{BOTTOM + 38}" text-anchor="middle">connections</text>'
    yield from grid(x, y)
    ends = {depth: (x.at(max(line)), y.at(line[max(line)])) for depth, line in lines.items()}
    from_top = sorted(ends, key=lambda depth: ends[depth][1])
    labels = dict(zip(from_top, spread([ends[depth][1] for depth in from_top]), strict=True))
    for index, (depth, line) in enumerate(lines.items()):
        points = [f"{x.at(count):.1f} {y.at(value):.1f}" for count, value in line.items()]
        end, label = ends[depth], labels[depth]
        yield f'<g class="s{index % len(COLORS)}"><path class="l" d="M{" L".join(points)}"/>'
        yield from ('<circle class="k" r="2.5" cx="{}" cy="{}"/>'.format(*point.split()) for point in points)
        yield f'<path class="e" d="M{end[0]:.1f} {end[1]:.1f}L{x.last + 12:.1f} {label:.1f}"/>'
        yield f'<text class="c" x="{x.last + 15:.1f}" y="{label + 4:.1f}">depth {depth}</text></g>'


def picture(comment: str, rows: list[dict[str, float]]) -> Iterator[str]:
    light = "".join(f".s{index}{{color:{color}}}" for index, (color, _) in enumerate(COLORS))
    dark = "".join(f".s{index}{{color:{color}}}" for index, (_, color) in enumerate(COLORS))
    yield HEAD
    yield f"<desc>{DESCRIPTION} {escape(comment)}</desc>"
    yield f"<style>{STYLE}{light}\n@media(prefers-color-scheme:dark){{{DARK_STYLE}{dark}}}</style>"
    yield f'<rect class="b" width="{WIDTH}" height="{HEIGHT}"/><text x="14" y="20">{CAPTION}</text>'
    yield from panel(0, "bookings per second", medians(rows, "bookings_per_second", 1))
    yield from panel(PANEL_WIDTH, "p99 latency in milliseconds", medians(rows, "p99_us", 1000))
    yield f'<text x="14" y="{HEIGHT - 8}">{escape(comment)}</text></svg>'


def draw(args: argparse.Namespace) -> int:
    text = "\n".join(picture(*read_table(args.table))) + "\n"
    if str(args.out) == "-":
        sys.stdout.write(text)
    else:
        args.out.write_text(text)
    return 0


def numbers(text: str) -> list[int]:
    values = [int(word) for word in text.split(",")]
    if min(values) < 1:
        raise ValueError("less than 1")
    return values


def program(text: str) -> str:
    """A program by its path. A relative path without a directory would be searched for in PATH."""
    return str(Path(text).absolute())


def arguments() -> argparse.Namespace:
    description, _, details = (__doc__ or "").partition("\n")
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, epilog=details.strip("\n"), formatter_class=raw)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show_defaults: dict[str, Any] = {"formatter_class": argparse.ArgumentDefaultsHelpFormatter}
    command = commands.add_parser("measure", help="measure, and write a TSV file", **show_defaults)
    command.set_defaults(run=measure)
    server, client = "target/release/booklined", "target/release/bookline"
    command.add_argument("--server", type=program, default=server, help="the server's binary")
    command.add_argument("--client", type=program, default=client, help="the client's binary")
    command.add_argument("--secs", type=float, default=2.0, help="seconds per point and round")
    command.add_argument("--rounds", type=int, default=1, help="measurements of each point")
    command.add_argument("--conns", type=numbers, default="1,3,10,30,100,300,1000", help="connections")
    command.add_argument("--depths", type=numbers, default="1,4,16,64,256", help="requests in flight on each")
    command.add_argument("--dir", type=Path, default=".", help="where the data directories are: which disk")
    command.add_argument("--out", type=Path, default="curve.tsv", help="the TSV file, which is replaced")
    command = commands.add_parser("draw", help="draw the medians of a TSV file as SVG", **show_defaults)
    command.set_defaults(run=draw)
    command.add_argument("table", type=Path, help="the TSV file")
    command.add_argument("--out", type=Path, default="curve.svg", help="the SVG file; - is standard output")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    try:
        status: int = args.run(args)
    except (CurveError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"curve.py: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
