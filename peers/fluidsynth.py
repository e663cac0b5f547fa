"""How fast FluidSynth renders a .mid file, and how soon a note that is played on it sounds."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from instrument.bench.program import Measured, arguments, tell
from instrument.bench.soundfont import VIOLIN, find_soundfont
from instrument.errors import UsageError
from peers.libfluidsynth import Synth, load_library, synth

NAME = "FluidSynth"

RENDER_BLOCK = 4096
LONGEST_TAIL_SECONDS = 10.0
SILENCE = 1e-4  # −80 dBFS

LIVE_BLOCK = 128
STEP = 64
"""Samples that FluidSynth computes at once; a note begins with one of these steps."""

LONGEST_ATTACK_SECONDS = 2.0
AUDIBLE = 1e-3  # −60 dBFS
LOWEST, HIGHEST = 55, 91  # FluidR3's violin has no sound for key 94
SOFTEST, LOUDEST = 40, 127
SEED = 0


class Melody(NamedTuple):
    """What is rendered.

    Attributes:
        midi: A Standard MIDI File.
        seconds: Its duration.
    """

    midi: bytes
    seconds: float


class Latency(NamedTuple):
    """How soon notes sounded.

    Attributes:
        samples: [notes], from the moment a note comes to its first sample above −60 dBFS.
        microseconds: [notes], that FluidSynth was busy with a note-on and the step after it;
            about four of them are Python's own.
    """

    samples: list[int]
    microseconds: list[float]


def measure(
    melody: Melody, soundfont: Path | None, sample_rate: int, notes: int, rounds: int
) -> Measured:
    """Rendering, loading and note-on latency.

    Every round begins with a new synthesiser; one more goes before them, unmeasured.

    Args:
        melody: What is rendered.
        soundfont: The usual one if None.
        sample_rate: In Hz.
        notes: How many notes of a round are played for their latency.
        rounds: How many times.

    Raises:
        UsageError: The library or the soundfont is missing.
    """
    library = load_library()
    soundfont = soundfont or find_soundfont()
    metrics: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        with synth(library, soundfont, sample_rate) as fluidsynth:
            load_seconds = fluidsynth.load_seconds
            realtime_factor = render(fluidsynth, melody)
        with synth(library, soundfont, sample_rate) as fluidsynth:
            latency = play(fluidsynth, notes, np.random.default_rng(SEED + number))
        if number == 0:
            continue
        measured = {
            "realtime_factor": realtime_factor,
            "soundfont_load_seconds": load_seconds,
            "note_on_samples_median": float(np.median(latency.samples)),
            "note_on_samples_p99": float(np.percentile(latency.samples, 99)),
            "note_on_us_median": float(np.median(latency.microseconds)),
            "note_on_us_p99": float(np.percentile(latency.microseconds, 99)),
        }
        for metric, value in measured.items():
            metrics.setdefault(metric, []).append(value)
    return Measured(library.fluid_version_str().decode(), metrics)


def render(fluidsynth: Synth, melody: Melody) -> float:
    """How many times faster than real time a melody is rendered, with reverb and chorus.

    What follows its end is rendered until it is silent, at most 10 s.
    """
    block = np.zeros((2, RENDER_BLOCK), dtype=np.float32)
    end = round(melody.seconds * fluidsynth.sample_rate)
    latest = end + round(LONGEST_TAIL_SECONDS * fluidsynth.sample_rate)
    samples = 0
    began = time.perf_counter()
    with fluidsynth.playing(melody.midi):
        while samples < end or (samples < latest and np.abs(block).max() > SILENCE):
            fluidsynth.write(block)
            samples += RENDER_BLOCK
    return samples / fluidsynth.sample_rate / (time.perf_counter() - began)


def play(fluidsynth: Synth, notes: int, rng: np.random.Generator) -> Latency:
    """Play single notes as an application does that computes blocks of 128 samples.

    A note comes at any time while a block is heard, and is given before the next one is computed:
    it waits for what is left of that block. Then it begins, and takes its own time to rise.
    """
    step = np.zeros((2, STEP), dtype=np.float32)
    longest = round(LONGEST_ATTACK_SECONDS * fluidsynth.sample_rate)
    latency = Latency([], [])
    for _ in range(notes):
        key, velocity = rng.integers((LOWEST, SOFTEST), (HIGHEST, LOUDEST), endpoint=True)
        waited = LIVE_BLOCK - int(rng.integers(LIVE_BLOCK))
        began = time.perf_counter_ns()
        fluidsynth.note_on(int(key), int(velocity))
        fluidsynth.write(step)
        latency.microseconds.append((time.perf_counter_ns() - began) / 1000.0)
        rising = 0
        while np.abs(step).max() <= AUDIBLE:
            rising += STEP
            if rising > longest:
                raise UsageError(f"the soundfont's violin has no sound for key {key}; name another")
            fluidsynth.write(step)
        first = int(np.argmax(np.abs(step).max(axis=0) > AUDIBLE))
        latency.samples.append(waited + rising + first)
        fluidsynth.stop()
        wait_for_silence(fluidsynth)
    return latency


def wait_for_silence(fluidsynth: Synth) -> None:
    """Compute blocks until the reverb has died away too."""
    block = np.ones((2, LIVE_BLOCK), dtype=np.float32)
    while np.abs(block).max() > SILENCE:
        fluidsynth.write(block)


def melody_file(name: str) -> Melody:
    """Read a .mid file, whose programs are all made violins; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: It isn't there, or cannot be read.
    """
    try:
        song = mido.MidiFile(name)
    except (OSError, EOFError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name}: isn't a MIDI file ({error})") from error
    for track in song.tracks:
        for message in track:
            if message.type == "program_change":
                message.program = VIOLIN
    midi = io.BytesIO()
    song.save(file=midi)
    return Melody(midi.getvalue(), song.length)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print the answer for the bench."""
    parser = arguments(__doc__)
    parser.add_argument("--midi", type=melody_file, required=True, help="the .mid file to render")
    parser.add_argument("--sample-rate", type=int, default=48_000, help="in Hz")
    parser.add_argument("--soundfont", type=Path, help="FluidR3_GM.sf2 where systems put it")
    parser.add_argument("--notes", type=int, default=1000, help="played for their latency")
    options = parser.parse_args(argv)
    tell(
        NAME,
        lambda: measure(
            options.midi, options.soundfont, options.sample_rate, options.notes, options.rounds
        ),
    )


if __name__ == "__main__":
    main()
