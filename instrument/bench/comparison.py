"""Arco beside its peers, all measured in one run on one core."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section, verdict
from instrument.bench.notes import note_times
from instrument.model.graphs import Instrument
from instrument.text import last_words
from instrument.units import midi_to_hz

ARCO = "Arco"
PEERS = "peers"
"""The package of the peers' programs; it is in a checkout of Arco and in no wheel."""

PROGRAMS = ("fluidsynth", "pytorch_ddsp", "tensorflow_ddsp")
"""In `PEERS`: each measures one peer."""

ONLY_IN_A_CHECKOUT = (
    "Peers are measured only in a checkout: their programs aren't installed with Arco."
)

WIDTHS = "training.evaluation.widths"

LIVE_BLOCK = 128
AUDIBLE = 1e-3  # −60 dBFS
KEYS = (67, 69, 71, 72, 74, 76, 74, 72)
FRAMES_A_NOTE = 312
"""Of 250 a second: eight notes make ten seconds."""


class Answer(NamedTuple):
    """What a program says that measures something.

    Attributes:
        name: Of what it measures.
        rounds: Name of a metric → one value a round; empty if something is missing.
        missing: What isn't there, and how to get it.
    """

    name: str
    rounds: Mapping[str, Sequence[float]]
    missing: str = ""


def checkout() -> Path | None:
    """The folder of a checkout of Arco, in which the peers are; None where Arco was installed."""
    root = Path(__file__).resolve().parents[2]
    is_one = (root / "pyproject.toml").is_file() and (root / PEERS).is_dir()
    return root if is_one else None


def ask_peers(instrument: Instrument, line: Path, folder: Path, effort: Effort) -> list[Answer]:
    """Let every peer be measured, in a process of its own; none where there is no checkout.

    Args:
        instrument: Whose control frames they synthesise.
        line: A .mid file, for those that play such; an absolute path.
        folder: For the frames that are handed over; an absolute path.
        effort: Of the measurement.
    """
    root = checkout()
    if root is None:
        return []
    frames = folder / "frames.npz"
    np.savez(frames, allow_pickle=False, **_frames(instrument))
    given = {
        "fluidsynth": ["--midi", str(line), "--notes", str(effort.notes)],
        "pytorch_ddsp": ["--frames", str(frames)],
        "tensorflow_ddsp": ["--frames", str(frames)],
    }
    return [
        ask(f"{PEERS}.{program}", [*given[program], "--rounds", str(effort.rounds)], root)
        for program in PROGRAMS
    ]


def ask(program: str, arguments: Sequence[str], folder: Path | None = None) -> Answer:
    """Run a module that measures something and prints what it found as JSON.

    Args:
        program: The module's name.
        arguments: Of its command line.
        folder: In which it runs and is looked for; the current one if None.
    """
    command = [sys.executable, "-m", program, *arguments]
    process = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, cwd=folder
    )
    try:
        said: dict[str, Any] = json.loads(process.stdout)
    except ValueError:
        failed = f"its program failed: {last_words(process.stderr)}"
        return Answer(program.rpartition(".")[2], {}, failed)
    return Answer(said["name"], said.get("rounds", {}), said.get("missing", ""))


def _frames(instrument: Instrument) -> dict[str, np.ndarray[Any, Any]]:
    """Ten seconds of the control frames of a line."""
    notes = len(KEYS)
    keys = np.array(KEYS, np.float32)
    cents, loudness_db = instrument.envelope.decode(
        np.zeros((notes, instrument.spec.envelope_size.latent), np.float32),
        keys,
        np.full(notes, 0.6, np.float32),
    )
    midi = keys[:, None] + cents[:, :FRAMES_A_NOTE] / 100.0
    f0_hz = np.asarray(midi_to_hz(midi.reshape(1, -1).astype(np.float64)), np.float32)
    loudness_db = loudness_db[:, :FRAMES_A_NOTE].reshape(1, -1)
    controls, _ = instrument.timbre.run(f0_hz, loudness_db, instrument.new_state(1))
    return {
        "f0_hz": f0_hz[0],
        "loudness_db": loudness_db[0],
        "amplitude": controls.amplitude[0],
        "harmonics": controls.harmonics[0],
        "noise": controls.noise[0],
    }


def speed_section(arcos_line: Metric, answers: Sequence[Answer], spin: float) -> Section:
    """Who renders a line fastest."""
    name = "faster than real time"
    found = {
        answer.name: Metric("×", tuple(answer.rounds["realtime_factor"]), "higher")
        for answer in answers
        if "realtime_factor" in answer.rounds
    }
    return Section(
        "Peers: a line at 48 kHz, on one core",
        tuple(Row({"who": who}, {name: f}) for who, f in ({ARCO: arcos_line} | found).items()),
        (
            *(_sentence(who, arcos_line, metric, spin) for who, metric in found.items()),
            *(
                f"{answer.name} was left out: {answer.missing}"
                for answer in answers
                if answer.missing
            ),
            *(() if checkout() else (ONLY_IN_A_CHECKOUT,)),
        ),
    )


def _sentence(who: str, arco: Metric, other: Metric, spin: float) -> str:
    ratio = arco.value / other.value
    match verdict(arco, other, spin):
        case "better":
            return f"Arco is {ratio:.1f} times as fast as {who}."
        case "worse":
            return f"{who} is {1.0 / ratio:.1f} times as fast as Arco."
        case _:
            return f"Arco and {who}: no winner, their difference lies within the noise."


def width_section(effort: Effort) -> Section:
    """What one frame of the timbre costs by the width of the model, or why that isn't known."""
    repeats = str(effort.repeats)
    answer = ask(WIDTHS, ["--rounds", str(effort.rounds), "--repeats", repeats])
    rows = []
    for name, rounds in answer.rounds.items():
        width, voices = map(int, name.split())
        metrics = {"median": Metric("µs", tuple(rounds))}
        rows.append(Row({"width": width, "voices": voices}, metrics))
    notes = (f"Left out: {answer.missing}",) if answer.missing else ()
    return Section(
        "Widths: a frame of the timbre's graph, by the units of a layer", tuple(rows), notes
    )


def note_section(
    instrument: Instrument, answers: Sequence[Answer], effort: Effort
) -> Section | None:
    """From a note-on to what is heard, as a program sees it that plays blocks of 128 samples.

    The note comes while a block is played and can be given before the next. Arco plays it a block
    after it came, at its own sample.
    """
    fluidsynth = next((a for a in answers if "note_on_samples_median" in a.rounds), None)
    if fluidsynth is None:
        return None
    delays = [
        LIVE_BLOCK + note_times(instrument, LIVE_BLOCK, effort.notes, seed, AUDIBLE)[0]
        for seed in range(effort.rounds)
    ]
    arco = {
        f"note_on_samples_{name}": [float(np.percentile(delay, q)) for delay in delays]
        for name, q in (("median", 50.0), ("p99", 99.0))
    }
    rows = [
        Row(
            {"who": who},
            {
                name: Metric("samples", tuple(rounds[f"note_on_samples_{name}"]))
                for name in ("median", "p99")
            },
        )
        for who, rounds in ((ARCO, arco), (fluidsynth.name, fluidsynth.rounds))
    ]
    return Section(
        "Peers: note-on to the first sample above −60 dBFS, in blocks of 128",
        tuple(rows),
        ("The attack of the sound counts: how fast a note rises to −60 dBFS.",),
    )
