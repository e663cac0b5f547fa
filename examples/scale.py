"""A scale as an array of samples: what its notes are, and how loud each came out."""

from __future__ import annotations

import numpy as np

import instrument as arco

KEYS = (62, 64, 66, 67, 69, 71, 73, 74)
SECONDS = 0.5
RATE = 48_000


def main() -> None:
    """Render D major and print a line a note."""
    violin = arco.load("violin")
    print(violin)
    notes = [arco.Note(i * SECONDS, SECONDS, key, velocity=90) for i, key in enumerate(KEYS)]
    audio = violin.render(notes, sample_rate=RATE)
    print(f"{audio.shape[1] / RATE:.1f} s of {audio.dtype}, {audio.shape[0]} channels")
    for note in notes:
        first = round(note.start * RATE)
        sounding = audio[:, first : first + round(note.duration * RATE)]
        level_dbfs = 20.0 * np.log10(np.sqrt(np.mean(sounding**2)))
        print(f"MIDI {note.key}: {level_dbfs:.1f} dBFS")


if __name__ == "__main__":
    main()
