"""The programs that are measured, Arco and FluidSynth: started, listened to and ended."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from instrument.bench.soundfont import find_soundfont
from instrument.errors import UsageError

Program: TypeAlias = "subprocess.Popen[str]"

ENDS_WITHIN_SECONDS = 20.0

QUIT = "quit\n"
"""FluidSynth's own word. A signal would kill it, and a server that waits for its clients would
stand still for 20 s."""

READY = "Ctrl-C ends it."
"""Arco's last sentence before it plays."""

SENTENCES = {
    "latency_ms": r"A key sounds ([\d.]+) ms after it arrives",
    "notes": r"(\d+) notes were played",
    "dropped": r"(\d+) notes dropped",
    "messages_lost": r"(\d+) messages lost",
    "postponed": r"(\d+) messages had to wait",
    "late_frames": r"(\d+) control frames and \d+ notes came late",
    "late_notes": r"\d+ control frames and (\d+) notes came late",
    "underruns": r"reported (\d+) gaps",
}
"""What `instrument.display` says at the start and the end; what went well isn't mentioned."""


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
    def read(cls, said: str) -> OwnCounts:
        """The counts in what ``arco play`` said from its start to its end."""
        found = {name: re.search(pattern, said) for name, pattern in SENTENCES.items()}
        told = {name: match[1] for name, match in found.items() if match}
        latency_ms = float(told.pop("latency_ms", 0.0))
        return cls(latency_ms, **{name: int(count) for name, count in told.items()})


def arco_command(instrument: str) -> list[str]:
    """``arco play`` on JACK, with a MIDI port of its own."""
    command = [sys.executable, "-m", "instrument.cli", "play", "--instrument", instrument]
    return [*command, "--midi-in", "virtual", "--audio-out", "JACK"]


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


def wait_until_ready(arco: Program) -> str:
    """What Arco says until it plays.

    Raises:
        UsageError: It ends instead.
    """
    said: list[str] = []
    for line in arco.stdout or ():
        said.append(line)
        if READY in line:
            return "".join(said)
    why = said[-1].strip().removeprefix("arco: ") if said else "it says nothing"
    raise UsageError(f"'arco play' doesn't start: {why}")


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
