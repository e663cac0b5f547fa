"""The programs that are measured, Arco and FluidSynth: started, listened to and ended."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from instrument.bench.soundfont import find_soundfont
from instrument.errors import UsageError

Program: TypeAlias = "subprocess.Popen[str]"

ENDS_WITHIN_SECONDS = 20.0

QUIT = "quit\n"
"""FluidSynth's own word. A signal would kill it, and a server that waits for its clients would
stand still for 20 s."""

READY, REPORT = "ready", "report"
"""What Arco tells before it plays, and when it is over."""

Event: TypeAlias = dict[str, Any]
"""A line that ``arco play --json`` prints: the word for what happened, and facts by name."""


@dataclass(frozen=True)
class OwnCounts:
    """What Arco says of itself, from its start to its end.

    Attributes:
        latency_ms: From a note's arrival to its sound, as announced at the start.
        notes: That were played.
        dropped: Notes that got no voice.
        messages_lost: Messages that overflowed a queue.
        postponed: Messages that had to wait for another block.
        late_frames: Control frames that came late.
        late_notes: Notes that began after their sample.
        underruns: Gaps that the sound device reported, of which making connections costs some.
    """

    latency_ms: float = 0.0
    notes: int = 0
    dropped: int = 0
    messages_lost: int = 0
    postponed: int = 0
    late_frames: int = 0
    late_notes: int = 0
    underruns: int = 0

    @classmethod
    def told(cls, ready: Event, report: Event) -> OwnCounts:
        """The counts in what ``arco play --json`` told when it was ready, and when it was over."""
        counts = {field.name: report[field.name] for field in fields(cls)[1:]}
        return cls(1000.0 * ready["latency_seconds"], **counts)


def arco_command(instrument: str) -> list[str]:
    """``arco play`` on JACK, with a MIDI port of its own."""
    command = [sys.executable, "-m", "instrument.cli", "play", "--instrument", instrument]
    return [*command, "--midi-in", "virtual", "--audio-out", "JACK", "--json"]


def missing_fluidsynth(soundfont: Path | None) -> str:
    """What there isn't of FluidSynth, as a sentence; nothing if it can play."""
    if shutil.which("fluidsynth") is None:
        return "the program fluidsynth isn't installed: apt install fluidsynth"
    if soundfont is not None:
        return "" if soundfont.is_file() else f"there is no soundfont {soundfont}"
    try:
        find_soundfont()
    except UsageError as error:
        return str(error)
    return ""


def fluidsynth_command(sample_rate: int, block: int, soundfont: Path) -> list[str]:
    """FluidSynth without effects, and with no connections but those that are made for it."""
    settings = {
        "audio.jack.autoconnect": 0,
        "midi.autoconnect": 0,
        "synth.chorus.active": 0,
        "synth.reverb.active": 0,
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    drivers = ["-a", "jack", "-m", "jack", "-r", str(sample_rate), "-z", str(block)]
    return ["fluidsynth", *drivers, *options, str(soundfont)]


@contextmanager
def running(
    command: Sequence[str], goodbye: str = "", output: int = subprocess.PIPE
) -> Iterator[Program]:
    """A program that runs and is ended: by a word on its stdin, or else by a signal."""
    process = subprocess.Popen(  # noqa: S603 (the commands are above)
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    )
    try:
        yield process
    finally:
        end(process, goodbye)


def event(line: str) -> Event | None:
    """What a line tells; None if it is a sentence, as those about errors are."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "event" in told else None


def wait_until_ready(arco: Program) -> Event:
    """What Arco tells of itself when it begins to play.

    Raises:
        UsageError: It ends instead.
    """
    why = "it says nothing"
    for line in arco.stdout or ():
        told = event(line)
        if told is None:
            why = line.strip().removeprefix("arco: ")
        elif told["event"] == READY:
            return told
    raise UsageError(f"'arco play' doesn't start: {why}")


def report(arco: Program) -> Event:
    """Let Arco end, and give what it reports.

    Raises:
        UsageError: It had no time to.
    """
    for told in map(event, end(arco).splitlines()):
        if told is not None and told["event"] == REPORT:
            return told
    raise UsageError("'arco play' ended without a report")


def counted(arco: Program, ready: Event) -> OwnCounts:
    """Let Arco end after it has played, and give what it counted.

    Raises:
        UsageError: It ended before, or had no time to report.
    """
    if arco.poll() is not None:
        raise UsageError("'arco play' ended while notes were played")
    return OwnCounts.told(ready, report(arco))


def end(process: Program, goodbye: str = "") -> str:
    """Let a program end, and wait until it has; what it still said."""
    if process.returncode is not None:
        return ""
    if not goodbye:
        process.terminate()
    try:
        said, _ = process.communicate(goodbye, timeout=ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return said or ""
