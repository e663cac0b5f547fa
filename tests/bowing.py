"""Writes the pieces that show bowing, and draws them as they sound: `python -m tests.bowing`.

`examples/etude.mid`, `cantabile.mid`, `ornaments.mid` and `sarabande.mid` are Arco's own;
`docs/bowing.webp` has some seconds of each, as the violin plays them, the last one as one violin.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import mido
import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from instrument.arrays import Float32, Float64
from instrument.engine.engine import Engine
from instrument.listening.loudness import loudness_db
from instrument.midi.ornaments import played_as_marked
from instrument.midi.phrasing import phrase
from instrument.midi.score import read_score
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import Instrument, load_instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.traces import trace

ROOT = Path(__file__).resolve().parents[1]
RATE = 48_000
HOP = RATE // FRAME_RATE
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
        until_next: When the next one begins, in quarter notes; behind this one's end if None.
    """

    beats: float
    keys: tuple[int, ...]
    velocity: int = 80
    marks: tuple[str, ...] = ()
    gap: float = 0.0
    level: int | None = None
    until_next: float | None = None


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


def sarabande() -> list[Written]:
    """Chords, double stops, and lines over a note that is held, for one violin."""
    melody = (69, 70, 72, 70, 69, 77)
    return [
        Written(1.0, (62, 69, 77), 88),
        Written(1.5, (69, 77), 80),
        Written(0.5, (76,), 74),
        Written(1.0, (55, 64, 73), 84),
        Written(1.0, (64, 73), 78),
        Written(0.5, (74,), 74),
        Written(0.5, (76,), 76),
        Written(1.0, (57, 65, 74), 86),
        Written(2.0, (74,), 78, until_next=0.0),
        Written(1.0, (65,), 78),
        Written(1.0, (64,), 74),
        Written(2.0, (56, 62, 71, 76), 92),
        Written(0.5, (74,), 72),
        Written(0.5, (73,), 72),
        Written(3.0, (57, 64, 73, 81), 96),
        Written(3.0, (62,), 70, until_next=0.0),
        *(Written(0.5, (key,), 72) for key in melody),
        Written(2.0, (55, 62, 70, 79), 96),
        Written(0.5, (77,), 76),
        Written(0.5, (76,), 76),
        Written(1.5, (57, 64, 73), 84),
        Written(0.5, (74,), 76),
        Written(1.0, (69, 76), 80),
        Written(3.0, (62, 69, 77), 80),
    ]


PIECES = {
    "etude": (etude, 104),
    "cantabile": (cantabile, 66),
    "ornaments": (ornaments, 80),
    "sarabande": (sarabande, 58),
}


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
        at += note.beats if note.until_next is None else note.until_next
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute))])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(type=0, ticks_per_beat=DIVISION, tracks=[track], charset="utf-8")


EXCERPTS = (
    ("etude", "détaché", 0.0, 4.0),
    ("etude", "spiccato, staccato", 9.0, 13.0),
    ("cantabile", "slurs, portamento at 2.7 s", 0.5, 6.5),
    ("ornaments", "trill", 1.0, 5.0),
    ("ornaments", "tremolo, at last of two notes", 6.0, 11.5),
    ("sarabande", "one violin, mode violin", 6.0, 12.5),
)


@dataclass(frozen=True)
class Heard:
    """What a piece sounds like.

    Attributes:
        audio: [samples], both sides together.
        midi: [hops, slots], pitch of each voice; NaN where it is silent.
        level_db: [hops], loudness of the sound.
    """

    audio: Float32
    midi: Float64
    level_db: Float32


def play(violin: Instrument, path: Path) -> Heard:
    """Play a file and look at the pitches that are played from."""
    phrased = phrase(read_score(path), "auto", 0)
    mode = "violin" if path.stem == "sarabande" else "poly"
    engine = Engine(violin, EngineSettings(sample_rate=RATE, mode=mode))
    played = played_as_marked(phrased, 0, one_bow=mode == "violin")
    events = [(round(t.seconds * RATE), t.event) for t in played]
    engine.follow(iter(events))
    return heard(engine, events[-1][0] // HOP + FRAME_RATE)


def heard(engine: Engine, hops: int) -> Heard:
    """What an engine plays in so many hops, and the pitches that it plays from."""
    blocks, midi = [], []
    for _ in range(hops):
        blocks.append(np.zeros((2, HOP), np.float32))
        engine.render(blocks[-1])
        midi.append(trace(engine.synth.frames, int(engine.synth.state.hop[0])).midi)
    audio = np.concatenate(blocks, axis=1).mean(axis=0)
    level_db = loudness_db(audio, RATE, FRAME_RATE)
    return Heard(audio, np.array(midi), level_db.astype(np.float32))


def draw(folder: Path) -> None:
    """Draw the excerpts."""
    violin = load_instrument(find_instrument("violin"))
    pieces = {name: play(violin, ROOT / "examples" / f"{name}.mid") for name in PIECES}
    excerpts = [(pieces[name], title, begin, end) for name, title, begin, end in EXCERPTS]
    draw_beside(excerpts, folder / "bowing.webp")


def draw_beside(excerpts: Sequence[tuple[Heard, str, float, float]], path: Path) -> None:
    """Draw excerpts, one beside the other: what is heard, its title, begin and end in seconds."""
    figure, axes = plt.subplots(
        3, len(excerpts), figsize=(17, 7), sharex="col", height_ratios=(2.0, 1.2, 1.0)
    )
    for column, (piece, title, begin, end) in zip(axes.T, excerpts, strict=True):
        _draw_excerpt(column, piece, begin, end)
        column[0].set_title(title, fontsize=10)
    for row, label in zip(axes[:, 0], ("kHz", "key", "dB(A)"), strict=True):
        row.set_ylabel(label)
    figure.tight_layout()
    drawn = BytesIO()
    figure.savefig(drawn, dpi=100)
    Image.open(drawn).convert("RGB").save(path, quality=70, method=6)


def _draw_excerpt(axes: Sequence[Axes], heard: Heard, begin: float, end: float) -> None:
    """Draw some seconds: spectrogram, pitch and level, one below the other."""
    spectrum, pitch, level = axes
    samples = heard.audio[round(begin * RATE) : round(end * RATE)]
    spectrum.specgram(
        samples,
        NFFT=2048,
        noverlap=1792,
        Fs=RATE / 1000,
        vmin=-150,
        cmap="magma",
        xextent=(begin, end),
    )
    spectrum.set_ylim(0, 9)
    hops = slice(round(begin * FRAME_RATE), round(end * FRAME_RATE))
    seconds = np.arange(hops.start, hops.stop) / FRAME_RATE
    loudest = heard.level_db[hops].max()
    pitch.plot(seconds, heard.midi[hops], color="C0", linewidth=1.0)
    level.plot(seconds, heard.level_db[hops], linewidth=1.0)
    level.set_ylim(loudest - 35.0, loudest + 3.0)
    level.set_xlabel("s")
    for each in (pitch, level):
        each.set_xlim(begin, end)
        each.grid(alpha=0.3)


def main() -> None:
    """Write and draw them."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, (written, tempo) in PIECES.items():
        song(written(), tempo).save(ROOT / "examples" / f"{name}.mid")
    draw(ROOT / "docs")


if __name__ == "__main__":
    main()
