#!/usr/bin/env python3
"""Draws the screens of README.md: runs the client in tmux against a server of its own, and writes what it shows.

    cargo build --release -p bookline-server -p bookline
    docs/screens/screens.py --bin target/release --out docs/screens

Each screen has an empty server, whose zone is UTC. Lines are typed like a user types them, and the next one is
typed when the client shows what the one before is known to show. tmux 3.2 or later is needed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

COLUMNS, ROWS = 80, 32
WAIT_SECONDS = 10.0
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 14
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
BACKGROUND, FOREGROUND = "#16181d", "#d7dae0"
# The eight colors of a terminal, in the order of their codes.
PALETTE = ["#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"]


class ScreenError(Exception):
    """A screen cannot be drawn."""


class Style(NamedTuple):
    color: str = FOREGROUND
    bold: bool = False
    dim: bool = False


class Step(NamedTuple):
    """What is typed, and a text that the client shows when it has answered."""

    keys: str
    shown: str
    enter: bool = True


class Screen(NamedTuple):
    name: str
    # Requests that the server executes before, as a script.
    before: str
    steps: list[Step]


SCREENS = [
    Screen(
        "box-office",
        """
CREATE "Rust Conf" 2027-05-20 300 id=rustconf
CREATE "Jazz in the Park" 2027-06-12 2500 id=jazz
CREATE "Chess Simultaneous" 2027-01-16 24 id=chess
BOOK chess 23
BOOK rustconf 140
BOOK jazz 6
BOOK jazz 6
""",
        [
            Step("get", "3 events."),
            Step('book jazz 2 for="Ada Lovelace"', "2486 left"),
            Step("book chess 3", "for what is left"),
            Step("tickets jazz for=ada", "2 tickets."),
        ],
    ),
    Screen(
        "typing",
        """
CREATE "Rust Conf" 2027-05-20 300 id=rustconf
CREATE "Jazz in the Park" 2027-06-12 2500 id=jazz
BOOK jazz 14
""",
        [
            Step("book ", "event-id", enter=False),
            Step("\t", "2,486 left", enter=False),
            Step("jazz 2 for=\"Ada Love", "Ada Love", enter=False),
        ],
    ),
    Screen(
        "calendars",
        """
MEET F1 2027-05-17 10:00 "project review" F2,F3 hours=2
MEET F2 2027-05-18 09:00 seminar F1 every=day count=3
BLOCK F1 2027-05-19 13:00 hours=3
MEET F1 2027-05-21 15:00 "office hour" F4
""",
        [
            Step("week F1 2027-05-17", "office hour"),
            Step("meet F3 2027-05-19 14:00 plans F1,F2", "to find a time"),
            Step("free F1,F2,F3 2027-05-19 limit=3", "3 times."),
        ],
    ),
]


@contextmanager
def running_server(binaries: Path, directory: str) -> Iterator[str]:
    """Runs an empty server. Yields its address."""
    command = [str(binaries / "booklined"), "--listen", "127.0.0.1:0", "--data-dir", f"{directory}/data"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKLINE_")}
    environment |= {"TZ": "UTC", "RUST_LOG": "error"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as server:
        try:
            line = server.stdout.readline()
            found = re.search(r"127\.0\.0\.1:\d+", line)
            if not found:
                raise ScreenError(f"the server says {line!r} and no address")
            yield found[0]
        finally:
            server.terminate()


class Tmux:
    """A terminal with the client in it."""

    def __init__(self, directory: str, command: list[str]):
        self.socket = f"{directory}/tmux"
        variables = {"HOME": directory, "XDG_CONFIG_HOME": directory, "LC_ALL": "C.UTF-8"}
        settings = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        self.run("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), *settings, *command)
        self.run("set-option", "-g", "status", "off")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", self.socket, "-u", *arguments], capture_output=True, text=True)
        if done.returncode:
            raise ScreenError(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def capture(self, *, styled: bool) -> str:
        return self.run("capture-pane", "-p", *(["-e"] if styled else []))

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while text not in (shown := self.capture(styled=False)):
            if time.monotonic() > deadline:
                raise ScreenError(f"{text!r} is not shown within {WAIT_SECONDS} s:\n{shown}")
            time.sleep(0.05)

    def type(self, step: Step) -> None:
        self.run("send-keys", "-l", step.keys)
        if step.enter:
            self.run("send-keys", "Enter")
        self.wait_for(step.shown)

    def close(self) -> None:
        self.run("kill-server")


def cells(text: str) -> Iterator[tuple[str, int]]:
    """The characters, with those that combine, and their columns."""
    cluster, width = "", 0
    for character in text:
        is_combining = unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me")
        if cluster and is_combining:
            cluster += character
            continue
        if cluster:
            yield cluster, width
        cluster, width = character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
    if cluster:
        yield cluster, width


def restyled(style: Style, codes: str) -> Style:
    """The style after a sequence of graphic codes."""
    numbers = [int(code or 0) for code in codes.split(";")]
    for code in numbers:
        if code == 0:
            style = Style()
        elif code == 1:
            style = style._replace(bold=True)
        elif code == 2:
            style = style._replace(dim=True)
        elif code == 22:
            style = style._replace(bold=False, dim=False)
        elif 30 <= code <= 37:
            style = style._replace(color=PALETTE[code - 30])
        elif 90 <= code <= 97:
            style = style._replace(color=PALETTE[code - 90])
        elif code == 39:
            style = style._replace(color=FOREGROUND)
    return style


def runs(line: str) -> Iterator[tuple[int, str, int, Style]]:
    """The pieces of a line of one style: their column, their text and its columns."""
    style, column = Style(), 0
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if code := re.fullmatch(r"\x1b\[([0-9;]*)m", piece):
            style = restyled(style, code[1])
            continue
        # A wide character has a run of its own: fonts do not agree about its width.
        run, start = "", column
        for cluster, width in cells(piece):
            if width == 2 or not cluster.isascii():
                if run.strip():
                    yield start, run, column - start, style
                yield column, cluster, width, style
                run, start = "", column + width
            else:
                run += cluster
            column += width
        if run.strip():
            yield start, run, column - start, style


def svg(lines: list[str]) -> str:
    """The lines of a terminal as a picture."""
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    height = len(lines) * CELL_HEIGHT + 2 * MARGIN
    picture = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' font-family="{FONT}" font-size="14">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_HEIGHT + 14
        for column, text, columns, style in runs(line):
            x = MARGIN + column * CELL_WIDTH
            attributes = f' fill="{style.color}"'
            attributes += ' font-weight="bold"' if style.bold else ""
            attributes += ' opacity="0.55"' if style.dim else ""
            attributes += f' textLength="{columns * CELL_WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
            picture.append(f'<text x="{x:g}" y="{y}" xml:space="preserve"{attributes}>{escape(text)}</text>')
    return "\n".join([*picture, "</svg>", ""])


def draw(screen: Screen, binaries: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="screens-") as directory, running_server(binaries, directory) as address:
        client = str(binaries / "bookline")
        subprocess.run([client, "--addr", address], input=screen.before, text=True, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        terminal = Tmux(directory, [client, "--addr", address])
        try:
            terminal.wait_for("bookline>")
            terminal.run("send-keys", "C-l")
            for step in screen.steps:
                terminal.type(step)
            lines = terminal.capture(styled=True).rstrip("\n").split("\n")
        finally:
            terminal.close()
    while lines and not re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]).strip():
        lines.pop()
    (out / f"{screen.name}.svg").write_text(svg(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where booklined and bookline are")
    parser.add_argument("--out", type=Path, required=True, help="where the pictures go")
    parser.add_argument("names", nargs="*", help="the screens to draw; all of them without names")
    arguments = parser.parse_args()
    try:
        for screen in SCREENS:
            if not arguments.names or screen.name in arguments.names:
                draw(screen, arguments.bin.resolve(), arguments.out)
    except (ScreenError, OSError, subprocess.SubprocessError) as error:
        print(f"screens.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
