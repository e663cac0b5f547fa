"""A program that plays as a small device would: one thread, small blocks, nothing beside it."""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np

from instrument.engine.engine import Engine
from instrument.midi.events import NoteOff, NoteOn
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.settings import EngineSettings

READY = "ready"
BLOCK = 64
CHORD = 55, 59, 62, 67, 71, 74, 79, 83


def main() -> None:
    """Play chords on an instrument, a new one each second, after one that warms up.

    How long a second of sound took is printed as JSON.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instrument", help="its name or folder")
    parser.add_argument("--voices", type=int, default=1, choices=range(1, len(CHORD) + 1))
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument(
        "--wait", action="store_true", help=f"say {READY!r} and wait for a line when warm"
    )
    chosen = parser.parse_args()
    # What has ended still rings, so that there are more voices than keys.
    settings = EngineSettings(voices=2 * chosen.voices)
    engine = Engine(load_instrument(find_instrument(chosen.instrument)), settings)
    keys = CHORD[: chosen.voices]
    play_second(engine, keys, settings.sample_rate)
    if chosen.wait:
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        sys.stdin.readline()
    began = time.perf_counter()
    for _ in range(chosen.seconds):
        play_second(engine, keys, settings.sample_rate)
    sys.stdout.write(json.dumps({"seconds": (time.perf_counter() - began) / chosen.seconds}))


def play_second(engine: Engine, keys: tuple[int, ...], sample_rate: int) -> None:
    """Play a chord of these keys for a second, block by block."""
    begin = engine.position
    for key in keys:
        engine.push(NoteOn(0, key, 80), begin)
        engine.push(NoteOff(0, key), begin + sample_rate)
    block = np.zeros((2, BLOCK), np.float32)
    while engine.position < begin + sample_rate:
        engine.render(block)


if __name__ == "__main__":
    main()
