"""A program that loads an instrument and plays one note: how long each step of that took."""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Play a note of the instrument that is named, and print the steps' seconds as JSON."""
    began = time.perf_counter()

    import numpy as np  # noqa: PLC0415

    from instrument.engine.engine import Engine  # noqa: PLC0415
    from instrument.midi.events import NoteOn  # noqa: PLC0415
    from instrument.model.catalogue import find_instrument  # noqa: PLC0415
    from instrument.model.graphs import load_instrument  # noqa: PLC0415

    imported = time.perf_counter()
    instrument = load_instrument(find_instrument(sys.argv[1]))
    loaded = time.perf_counter()
    engine = Engine(instrument)
    engine.push(NoteOn(0, 69, 80), 0)
    engine.render(np.zeros((2, 128), np.float32))
    sounded = time.perf_counter()
    steps = {
        "import": imported - began,
        "load": loaded - imported,
        "first sample": sounded - loaded,
    }
    sys.stdout.write(json.dumps(steps))


if __name__ == "__main__":
    main()
