"""Writes three players' sessions as takes, and draws them: `python -m tests.sessions`.

An MPE keyboard and an orchestral keyboard play the violin, a wind controller the flute. The takes
lie in `examples/`, the picture in `docs/sessions.webp`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from instrument.engine.engine import Engine
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.midi.score import read_score
from instrument.midi.take import Stamper
from instrument.midi.take_file import TakeWriter
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.settings import EngineSettings
from tests.bowing import HOP, RATE, ROOT, Heard, draw_beside, heard

Timed = tuple[float, Event]


@dataclass(frozen=True)
class Played:
    """A session.

    Attributes:
        instrument: That is played.
        settings: How.
        events: With their seconds, in any order.
        seconds: How long it lasts.
        title: What is seen of it.
    """

    instrument: str
    settings: EngineSettings
    events: Callable[[], Iterator[Timed]]
    seconds: float
    title: str


def curve(begin: float, end: float, event: Callable[[float], Event]) -> Iterator[Timed]:
    """Events of a control that moves, fifty a second; it is told how far the way is, 0…1."""
    steps = max(1, round(50 * (end - begin)))
    for step in range(steps + 1):
        yield begin + (end - begin) * step / steps, event(step / steps)


def swell(low: int, high: int) -> Callable[[float], int]:
    """Values up and down again."""
    return lambda way: round(low + (high - low) * math.sin(math.pi * way))


def pressed(
    channel: int, value: Callable[[float], int], begin: float, end: float
) -> Iterator[Timed]:
    """Pressure of a channel."""
    yield from curve(begin, end, lambda way: ChannelPressure(channel, value(way)))


def note(channel: int, key: int, velocity: int, begin: float, end: float) -> Iterator[Timed]:
    """A key."""
    yield begin, NoteOn(channel, key, velocity)
    yield end, NoteOff(channel, key)


def mpe() -> Iterator[Timed]:
    """Fingers that press, slide and wave: each note has its own pressure, bend and brightness."""
    for controller, value in ((101, 0), (100, 6), (6, 5), (101, 127), (100, 127)):
        yield 0.0, ControlChange(0, controller, value)
    line = ((67, 0.2, 1.4), (71, 1.4, 2.4), (74, 2.4, 4.4), (72, 4.4, 5.4), (69, 5.4, 6.4))
    for place, (key, begin, end) in enumerate(line):
        channel = 1 + place % 5
        yield begin - 0.01, ControlChange(channel, 74, 64)
        yield from note(channel, key, 70, begin, end)
        yield from pressed(channel, swell(20, 70 + 10 * place), begin, end - 0.02)
    # The long one waves, and slides up a tone and back; then it grows brighter.
    yield from curve(2.9, 3.7, lambda w: PitchBend(3, round(60 * math.sin(2 * math.pi * 4.4 * w))))
    yield from curve(3.7, 4.3, lambda w: PitchBend(3, round(8191 * 2 / 48 * math.sin(math.pi * w))))
    yield from curve(2.9, 4.3, lambda w: ControlChange(3, 74, round(64 + 50 * w)))
    # Two at once, that part.
    yield from note(1, 62, 80, 6.6, 9.0)
    yield from note(2, 69, 80, 6.6, 9.0)
    yield from curve(7.2, 8.2, lambda w: PitchBend(1, -round(8191 * 2 / 48 * w)))
    yield from curve(7.2, 8.2, lambda w: PitchBend(2, round(8191 * 3 / 48 * w)))
    yield from curve(8.2, 9.0, lambda w: ChannelPressure(0, round(100 * w)))


def wind() -> Iterator[Timed]:
    """Breath that begins notes, swells, tongues a repeated one, and dies away."""
    yield from curve(0.3, 2.3, lambda w: ControlChange(0, 2, swell(0, 100)(w)))
    yield from note(0, 74, 64, 0.1, 2.3)
    for place, key in enumerate((74, 74, 76, 78, 79, 81)):
        begin = 2.6 + 0.3 * place
        yield from note(0, key, 64, begin, begin + 0.3)
        yield begin, ControlChange(0, 2, 90 + 5 * place)
        yield begin + 0.23, ControlChange(0, 2, 0)
    slurred = ((83, 4.6, 5.3), (81, 5.2, 5.6), (79, 5.5, 5.9), (81, 5.8, 8.4))
    for key, begin, end in slurred:
        yield from note(0, key, 64, begin, end)
    yield from curve(4.6, 5.8, lambda w: ControlChange(0, 2, round(80 + 20 * w)))
    yield from curve(5.8, 8.4, lambda w: ControlChange(0, 2, round(110 * (1 - w) ** 0.7)))
    yield from curve(6.2, 7.6, lambda w: ChannelPressure(0, swell(0, 90)(w)))
    yield 7.6, ChannelPressure(0, 0)


def orchestral() -> Iterator[Timed]:
    """Keys switch: to slurs, with dynamics on the wheel, then to short strokes and a slide."""
    slur, slide, staccato, spiccato, plain = 25, 27, 28, 29, 24
    yield from note(0, slur, 100, 0.0, 0.1)
    for place, key in enumerate((67, 71, 74, 79, 78, 76, 74)):
        begin = 0.2 + 0.5 * place
        yield from note(0, key, 60, begin, begin + (0.55 if place < 6 else 1.2))
    yield from curve(0.1, 2.0, lambda w: ControlChange(0, 1, round(30 + 90 * w)))
    yield from curve(2.0, 4.2, lambda w: ControlChange(0, 1, round(120 - 60 * w)))
    yield 0.1, ControlChange(0, 21, 0)
    yield from curve(2.8, 4.0, lambda w: ControlChange(0, 21, round(100 * w)))
    for key, keys, begin in (
        (staccato, (74, 74, 71, 67), 4.7),
        (spiccato, (67, 69, 71, 72, 74, 76, 78, 79), 6.0),
    ):
        yield from note(0, key, 100, begin - 0.1, begin - 0.05)
        step = 0.3 if key == staccato else 0.17
        for place, each in enumerate(keys):
            at = begin + step * place
            yield from note(0, each, 96 if place % 2 else 60, at, at + 0.8 * step)
    yield 7.45, ControlChange(0, 21, 70)
    yield from note(0, slide, 100, 7.3, 7.35)
    yield from note(0, 71, 70, 7.5, 8.3)
    yield from note(0, 79, 70, 8.2, 10.0)
    yield from curve(8.4, 10.0, lambda w: ControlChange(0, 1, round(70 - 60 * w)))
    yield from note(0, plain, 100, 10.1, 10.15)


SESSIONS = {
    "mpe": Played("violin", EngineSettings(seed=1, controls="mpe"), mpe, 10.0, "MPE: the violin"),
    "wind": Played(
        "flute", EngineSettings(seed=3, controls="wind"), wind, 9.5, "wind controller: the flute"
    ),
    "orchestral": Played(
        "violin",
        EngineSettings(seed=1, controls="orchestral"),
        orchestral,
        11.0,
        "orchestral keyboard: the violin",
    ),
}


def path_of(name: str, folder: Path) -> Path:
    """Where the take of a session lies."""
    return folder / f"session-{name}.mid"


def write(name: str, folder: Path) -> None:
    """Write a session as a take."""
    played = SESSIONS[name]
    writer, stamper = TakeWriter(path_of(name, folder), played.settings), Stamper()
    for seconds, event in sorted(played.events(), key=lambda timed: timed[0]):
        writer.add(stamper.stamp(round(seconds * RATE), event), event)
    writer.close(round(played.seconds * RATE))


def play(name: str) -> Heard:
    """Play the take of a session and look at the pitches that are played from."""
    score = read_score(path_of(name, ROOT / "examples"))
    violin = load_instrument(find_instrument(SESSIONS[name].instrument))
    if score.take is None:
        raise ValueError(name)
    engine = Engine(violin, score.take.engine)
    events = [(round(timed.seconds * RATE), timed.event) for timed in score.events]
    engine.follow(iter(events))
    return heard(engine, score.take.samples // HOP)


def draw(folder: Path) -> None:
    """Draw the sessions."""
    excerpts = [(play(name), each.title, 0.0, each.seconds) for name, each in SESSIONS.items()]
    draw_beside(excerpts, folder / "sessions.webp")


def main() -> None:
    """Write and draw them."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name in SESSIONS:
        write(name, ROOT / "examples")
    draw(ROOT / "docs")


if __name__ == "__main__":
    main()
