"""`arco play` as a program of its own, and what is sent to it and heard of it through JACK."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from instrument.arrays import Float32

RATE = 48_000
ARCO = [sys.executable, "-c", "from instrument.cli import main; raise SystemExit(main())"]
STARTS_WITHIN = 90.0
ENDS_WITHIN = 30.0
CALM_RUNS = 12
"""A shared computer takes the processor away at times: what needs a calm one is tried again."""

NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
Message = list[int]


class Arco:
    """`arco play --json` as a program of its own; what it says goes to a file.

    Args:
        log: The file.
        options: Of the command.
        terminal: If given, a descriptor to which it says all for people, and nothing as JSON.
    """

    def __init__(self, log: Path, *options: str, terminal: int | None = None) -> None:
        self._log = log
        how = ["--json"] if terminal is None else []
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [*ARCO, "play", *how, *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file if terminal is None else terminal,
            )
        if terminal is None:
            self.wait_for("ready")

    @property
    def told(self) -> list[dict[str, Any]]:
        """What it has told, in order; a line that isn't whole yet is left out."""
        whole = self._log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, event: str, times: int = 1, **about: str) -> None:
        """Wait until it has told of an event so often."""
        until = time.monotonic() + STARTS_WITHIN
        wanted = {"event": event, **about}
        while sum(told.items() >= wanted.items() for told in self.told) < times:
            assert self.runs, self._log.read_text()
            assert time.monotonic() < until, f"waited for {wanted}: {self._log.read_text()}"
            time.sleep(0.05)

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(ENDS_WITHIN) == 0, self._log.read_text()

    def stop(self) -> dict[str, Any]:
        """End it as Ctrl-C does; its report."""
        self.end()
        report = self.told[-1]
        assert report["event"] == "report"
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(ENDS_WITHIN)


def capture(
    out: Path,
    events: list[Message],
    seconds: float,
    to: str = "Arco",
    hear: str = "Arco",
) -> Float32:
    """Send events, [frame, byte…], through JACK and capture what is heard, [2, frames]."""
    task = {
        "to": to,
        "hear": hear,
        "events": events,
        "frames": round(seconds * RATE),
        "out": str(out),
    }
    script = Path(__file__).with_name("jack_player.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(out, allow_pickle=False) as captured:
        audio: Float32 = captured["audio"]
    return audio


def note(seconds: float, key: int, length: float, velocity: int = 90) -> list[Message]:
    first, last = round(seconds * RATE), round((seconds + length) * RATE)
    return [[first, NOTE_ON, key, velocity], [last, NOTE_OFF, key, 64]]


def loudest(audio: Float32) -> float:
    return float(np.abs(audio).max())
