"""Writes the pieces that show bowing, and draws them as they sound: `python -m tests.bowing`.

`examples/etude.mid`, `cantabile.mid` and `ornaments.mid` are Arco's own; `docs/bowing.png` has the
beginning of each, as the violin plays it. The picture needs matplotlib and librosa.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import mido

ROOT = Path(__file__).resolve().parents[1]
DIVISION = 480


@dataclass(frozen=True)
class Written:
    """A note as it is written.

    Attributes:
        beats: How long, in quarter notes; until the next one begins.
        keys: That sound together; none in a rest.
        velocity: Of all.
        marks: Texts beside it.
        gap: Share of it for which the key is up.
        level: Of expression, where it begins.
    """

    beats: float
    keys: tuple[int, ...]
    velocity: int = 80
    marks: tuple[str, ...] = ()
    gap: float = 0.0
    level: int | None = None


def etude() -> list[Written]:
    """Sixteenth notes, each with its own bow; pairs that are slurred; at the end off the string."""
    figures = [
        (69, 72, 76, 72, 69, 76, 72, 76),
        (69, 74, 77, 74, 69, 77, 74, 77),
        (68, 71, 76, 71, 68, 76, 74, 71),
        (69, 72, 76, 81, 79, 77, 76, 74),
        (72, 76, 79, 76, 72, 79, 76, 79),
        (71, 74, 79, 74, 71, 79, 77, 74),
        (72, 76, 79, 84, 83, 81, 79, 77),
        (76, 74, 72, 71, 69, 68, 71, 74),
    ]
    notes: list[Written] = []
    for bar, figure in enumerate(figures):
        for place, key in enumerate(figure):
            velocity = 88 if place == 0 else 72 + 4 * (place % 2 == 0)
            pair = bar in (3, 6) and place % 2
            notes.append(Written(0.25, (key,), velocity, ("slur",) if pair else ("détaché",)))
    thrown = (72, 76, 69, 76, 68, 76, 71, 74)
    notes += [Written(0.5, (key,), 84, ("spiccato",)) for key in thrown]
    return [*notes, Written(0.5, (72,), 84, ("staccato",)), Written(1.5, (69,), 92, ("bow",))]


def cantabile() -> list[Written]:
    """A slow song: slurs, new bows with each phrase, and leaps into which the finger slides."""
    slur, slide, bow = ("slur",), ("portamento",), ("bow",)
    return [
        Written(1.5, (67,), 66, level=80),
        Written(0.5, (69,), 66, slur),
        Written(1.0, (71,), 70, slur, level=95),
        Written(1.0, (79,), 78, slide, level=110),
        Written(1.5, (78,), 76, bow, level=115),
        Written(0.5, (76,), 72, slur, level=100),
        Written(2.0, (74,), 68, slur, level=90),
        Written(1.5, (72,), 66, bow, level=84),
        Written(0.5, (71,), 66, slur),
        Written(1.0, (69,), 68, slur, level=92),
        Written(1.0, (78,), 80, slide, level=116),
        Written(1.5, (76,), 78, bow, level=120),
        Written(0.5, (74,), 74, slur, level=104),
        Written(1.0, (73,), 70, slur, level=92),
        Written(1.0, (74,), 68, slur, level=86),
        Written(3.0, (67,), 64, slide, level=80),
        Written(1.0, ()),
    ]


def ornaments() -> list[Written]:
    """A trill that ends a phrase, and tremolos of one note and of two."""
    return [
        Written(0.5, (74,), 76, level=100),
        Written(0.5, (76,), 76, ("bow",)),
        Written(0.5, (78,), 80, ("slur",)),
        Written(0.5, (79,), 84, ("bow",), level=112),
        Written(3.0, (76,), 84, ("bow", "tr")),
        Written(0.5, (74,), 78, ("slur",)),
        Written(0.5, (76,), 80, ("slur",)),
        Written(2.0, (74,), 84, ("bow",), gap=0.2),
        Written(2.0, (69,), 50, ("trem.",), level=70),
        Written(2.0, (70,), 70, ("trem.",), level=96),
        Written(3.0, (69, 76), 92, ("trem.",), gap=0.1, level=120),
        Written(2.0, (62, 69), 96, gap=0.2),
    ]


PIECES = {"etude": (etude, 104), "cantabile": (cantabile, 66), "ornaments": (ornaments, 80)}


def song(notes: list[Written], beats_a_minute: int) -> mido.MidiFile:
    """A file of notes one after another."""
    events: list[tuple[int, int, mido.Message | mido.MetaMessage]] = []
    at = 0.0
    for note in notes:
        begin, end = (round(DIVISION * t) for t in (at, at + note.beats * (1.0 - note.gap)))
        if note.level is not None:
            events.append((begin, 0, mido.Message("control_change", control=11, value=note.level)))
        events += [(begin, 1, mido.MetaMessage("text", text=mark)) for mark in note.marks]
        for key in note.keys:
            events.append((begin, 2, mido.Message("note_on", note=key, velocity=note.velocity)))
            events.append((end, -1, mido.Message("note_off", note=key, velocity=64)))
        at += note.beats
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute))])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(type=0, ticks_per_beat=DIVISION, tracks=[track], charset="utf-8")


def main() -> None:
    """Write them."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, (written, tempo) in PIECES.items():
        song(written(), tempo).save(ROOT / "examples" / f"{name}.mid")


if __name__ == "__main__":
    main()
