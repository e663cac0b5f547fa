"""A long note under a moving knob, written to a sound file."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

import instrument as arco

RATE = 48_000
KNOB = "swell"
HOPS = 64
"""How often the knob moves."""


def main(output: Path = Path("moving-knobs.wav")) -> None:
    """Hold a note for four seconds, while vibrato grows and a knob of the latent space turns."""
    violin = arco.load("violin")
    stream = violin.stream(sample_rate=RATE, preset=violin.presets[0])
    stream.push(arco.NoteOn(0, 67, 80), sample=0)
    moments = np.linspace(0, 4 * RATE, HOPS + 1).astype(int)
    blocks = []
    for step, (now, following) in enumerate(pairwise(moments)):
        value = round(127 * step / HOPS)
        stream.push(arco.ControlChange(0, 1, value // 2), sample=int(now))
        stream.push(arco.ControlChange(0, violin.knobs[KNOB], value), sample=int(now))
        blocks.append(stream.render(int(following - now)))
    stream.push(arco.NoteOff(0, 67))
    blocks.append(stream.render(2 * RATE))
    soundfile.write(output, np.concatenate(blocks, axis=1).T, RATE)
    print(f"{output}: {stream.position / RATE:.1f} s")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
