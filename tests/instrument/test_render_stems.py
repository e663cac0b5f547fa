"""Channels that are rendered alone: each plays as in the whole, whatever the others play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.limiter import LimiterState
from instrument.engine.stems import Whole, channels
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    Latent,
    Note,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    TimedEvent,
)
from instrument.midi.score import Score, score_of_notes
from instrument.midi.take import Take
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings
from instrument.units import gain_to_db

Render = Callable[..., dict[int | None, Float32]]

LIMITER_IDLE = float(LimiterState.empty(48_000).threshold)
"""Up to this peak the limiter changes no bit; the volume of what is played keeps below it."""

ROUNDING_DB = -110.0


def score(*events: tuple[float, Event], seconds: float) -> Score:
    events = tuple(sorted(events, key=lambda timed: timed[0]))
    timed = tuple(TimedEvent(*event) for event in events)
    return Score(timed, seconds, sum(isinstance(event, NoteOn) for _, event in events))


def line(channel: int, *keys: int, each: float = 0.3, start: float = 0.0) -> list[Any]:
    """Notes of a channel, one after another, softly."""
    events: list[Any] = [(0.0, ControlChange(channel, 7, 50))]
    for place, key in enumerate(keys):
        on = start + each * place
        events += [(on, NoteOn(channel, key, 70 + place)), (on + each, NoteOff(channel, key))]
    return events


def controls(channel: int, *changes: tuple[int, int], at: float = 0.0) -> list[Any]:
    return [(at, ControlChange(channel, *change)) for change in changes]


MELODIES = [*line(0, 69, 71, 72), *line(5, 60, 64, 67, start=0.1), *line(9, 81, 79)]
LONG = [*line(0, 69, each=7.0), *line(1, 62, each=6.5), *line(2, 74, 76, each=3.4)]
CHORD = [event for key in (60, 64, 67) for event in line(3, key, each=1.0)]
TURNED = [
    event
    for channel in (0, 3, 4)
    for step in range(20)
    for event in controls(channel, (AXIS_CONTROLLERS[0], 5 * step), at=0.5 + 0.02 * step)
]
PLACED = [
    (0.5 + 0.1 * step, Latent(channel, (0.2 * step, -0.1 * step, 0.0, 0.1)))
    for step in range(6)
    for channel in (0, 1, 2)
]
ZONE = [
    *controls(0, (101, 0), (100, 6), (6, 3), (7, 50), (64, 127)),
    (0.2, PitchBend(1, 4000)),
    (0.3, PitchBend(0, 8000)),
]
MONO = [*controls(0, (126, 0)), (0.0, NoteOn(0, 60, 60)), (0.2, NoteOn(0, 67, 60))]
TURNS = [
    Note(0.2 * i, 0.2 + gap, key, 70, i % 3)
    for i, (key, gap) in enumerate([(69, 0.0), (71, 0.02), (72, -0.03), (76, 0.0), (74, 0.0)])
]
SOFT = [
    (0.0, ControlChange(channel, *each))
    for channel in range(3)
    for each in ((7, 50), (11, 90 + 9 * channel))
]
PIECES = {
    "melodies": score(*MELODIES, seconds=1.2),
    "notes longer than an envelope": score(*LONG, seconds=7.0),
    "knobs that turn": score(*LONG, *CHORD, *line(4, 66, each=1.5), *TURNED, seconds=7.0),
    "notes that are placed": score(*LONG, *PLACED, seconds=7.0),
    "a zone": score(*ZONE, *line(1, 60, 62), *line(2, 67, each=0.5), seconds=1.0),
    "a key again and again under the pedal": score(
        *controls(0, (64, 127)), *line(0, *[69] * 6, each=0.15), *line(1, 60, 64), seconds=1.2
    ),
    "a line that goes back": score(
        *MONO, (0.5, NoteOff(0, 67)), *line(5, 60, each=0.8), seconds=1.0
    ),
    "a line on channels in turn": score(
        *SOFT,
        (0.3, PitchBend(1, 2000)),
        *((timed.seconds, timed.event) for timed in score_of_notes(TURNS).events),
        seconds=1.1,
    ),
}


@pytest.fixture
def render(strung: Instrument) -> Render:
    """The whole, by None, and every channel alone."""

    def render(played: Score, **engine: Any) -> dict[int | None, Float32]:
        settings = RenderSettings(EngineSettings(**({"voices": 64, "room_gain": 0.0} | engine)))
        heard: dict[int | None, Float32] = {}
        whole = Whole()
        for channel in (None, *channels(played)):
            blocks: list[Float32] = []
            render_score(strung, played, settings, blocks.append, channel=channel, whole=whole)
            heard[channel] = np.concatenate(blocks, axis=1)
        return heard

    return render


def assert_they_add_up(heard: dict[int | None, Float32]) -> None:
    mix = heard[None]
    stems = [audio for channel, audio in heard.items() if channel is not None]
    assert all(0.001 < np.abs(audio).max() < LIMITER_IDLE for audio in (mix, *stems))
    rest = np.sum(stems, axis=0, dtype=np.float64) - mix
    assert gain_to_db(float(np.abs(rest).max())) < ROUNDING_DB


@pytest.mark.parametrize("piece", PIECES)
def test_stems_add_up_to_the_whole(render: Render, piece: str) -> None:
    assert_they_add_up(render(PIECES[piece]))


@pytest.mark.parametrize("voices", [1, 2, 3, 5])
def test_stems_add_up_where_the_whole_had_too_few_voices(render: Render, voices: int) -> None:
    chords = [
        event
        for channel in range(4)
        for key in range(60, 68)
        for event in line(channel, key, key + 3, each=0.2, start=0.01 * channel * (key % 3))
    ]
    assert_they_add_up(render(score(*chords, seconds=1.0), voices=voices))


@pytest.mark.parametrize("voices", [1, 2])
def test_stems_of_a_line_on_channels_in_turn_add_up_where_voices_are_few(
    render: Render, voices: int
) -> None:
    turns = [replace(note, channel=note.channel + 4) for note in TURNS]
    timed = ((each.seconds, each.event) for each in score_of_notes(turns).events)
    soft = [(0.0, ControlChange(channel, 7, 50)) for channel in (4, 5, 6)]
    chord = [event for key in (60, 64) for event in line(9, key, key + 3, start=0.35)]
    assert_they_add_up(render(score(*soft, *timed, *chord, seconds=1.1), voices=voices))


def switched(channel: int, *keys: int) -> list[Any]:
    """A staccato, a tremolo and a trill of a channel, as its own switches choose them."""
    switches = [(0.3 * place, NoteOn(channel, key, 1)) for place, key in enumerate((28, 30, 31))]
    return [*switches, *line(channel, *keys)]


BLOWN = [*controls(1, (2, 90), at=0.25), *controls(2, (2, 90), at=0.1), *controls(3, (2, 90))]


@pytest.mark.parametrize("voices", [1, 2, 3])
@pytest.mark.parametrize(
    ("played", "layout"),
    [
        ([*switched(1, 69, 71, 72), *switched(2, 62, 64, 65), *switched(3, 74, 79, 81)], None),
        ([*BLOWN, *line(1, 69, 71), *line(2, 62, 64), *line(3, 74, 79)], "wind"),
    ],
    ids=["switches and ornaments", "breath"],
)
def test_stems_of_a_take_add_up_where_the_whole_had_too_few_voices(
    render: Render, played: list[Any], layout: str | None, voices: int
) -> None:
    settings = EngineSettings(voices=voices, room_gain=0.0, controls=layout or "orchestral")
    take = replace(score(*played, seconds=1.0), take=Take(settings, 48_000))
    assert_they_add_up(render(take, voices=voices, controls=settings.controls))


def test_stems_of_a_take_hear_the_switches_of_their_zone(render: Render) -> None:
    """Whichever of its members they come from: a key, and a program of bank 127."""
    staccato: list[Any] = [(0.1, NoteOn(2, 28, 1)), (0.2, NoteOff(2, 28))]
    tremolo: list[Any] = [(0.6, ControlChange(2, 0, 127)), (0.6, ProgramChange(2, 6))]
    played = score(
        *ZONE[:4], *staccato, *tremolo, *line(1, 60, 62, 64), *line(2, 67, 69, start=0.3), seconds=1
    )
    settings = EngineSettings(voices=8, room_gain=0.0, controls="orchestral")
    assert_they_add_up(render(replace(played, take=Take(settings, 48_000)), controls="orchestral"))


def room(*told: Event) -> list[Any]:
    return [(0.2 * place, event) for place, event in enumerate(told)]


IN_A_ZONE = {"like": "mpe", "slide": "reverb"}


@pytest.mark.parametrize(
    ("told", "controls"),
    [
        (room(ControlChange(0, 91, 0)), None),
        (room(*(ControlChange(each, 91, 120 * (each == 5)) for each in (0, 5, 0, 5))), "gm2"),
        (room(ControlChange(15, 91, 127)), "orchestral"),
        (room(ChannelPressure(5, 100)), {"like": "gm2", "pressure": "reverb"}),
        ([*ZONE[:3], *room(ControlChange(1, 74, 127))], IN_A_ZONE),
    ],
    ids=["none", "in turn", "a silent channel", "pressure", "a finger of a zone"],
)
def test_stems_are_heard_in_the_room_of_the_whole(
    render: Render, told: list[Any], controls: Any
) -> None:
    played = score(*told, *MELODIES, *line(1, 62, 64), seconds=1.2)
    assert_they_add_up(render(played, room_gain=0.2, controls=controls))


ROLLED = [
    event
    for channel, chord in ((1, (55, 62, 71, 79)), (2, (57, 64, 73)), (5, (62, 69, 77)))
    for key in chord
    for event in line(channel, key, key + 1, key, each=0.3, start=0.05 * channel)
]


@pytest.mark.parametrize("voices", [1, 4, 64])
@pytest.mark.parametrize("zone", [[], ZONE], ids=["channels", "zone"])
def test_stems_of_violins_add_up(render: Render, zone: list[Any], voices: int) -> None:
    played = score(*zone, *ROLLED, seconds=1.4)
    assert_they_add_up(render(played, voices=voices, mode="violin"))


@pytest.mark.parametrize(
    "others",
    [
        [],
        line(5, 61, 64, 67, start=0.1),
        line(5, *range(50, 62), each=0.1),
        [*line(5, 60, each=1.0), *controls(5, (AXIS_CONTROLLERS[0], 127), at=0.3)],
        [event for channel in (1, 2, 5) for event in line(channel, 70, 71)],
    ],
    ids=["silent", "one note", "more notes", "a knob", "more channels"],
)
def test_editing_one_part_leaves_the_others_as_they_were(render: Render, others: list[Any]) -> None:
    part = line(0, 69, 71, 72, each=0.4)
    before = render(score(*part, *MELODIES[7:], seconds=1.2))[0]
    after = render(score(*part, *others, seconds=1.2))[0]
    both = min(before.shape[1], after.shape[1])
    np.testing.assert_array_equal(after[:, :both], before[:, :both])
    assert not before[:, both:].any()
    assert not after[:, both:].any()


def test_stems_are_as_long_as_the_whole(render: Render) -> None:
    lengths = {audio.shape for audio in render(PIECES["melodies"]).values()}
    assert len(lengths) == 1


def test_notes_of_two_channels_differ(render: Render) -> None:
    """They have places of their own in the score, so what is left to chance differs."""
    heard = render(score(*line(0, 69), *line(1, 69), seconds=1.0))
    assert np.abs(heard[0] - heard[1]).max() > 0.1 * np.abs(heard[0]).max()


def test_a_note_keeps_its_chance_when_an_earlier_one_moves(render: Render) -> None:
    late: list[Any] = [(0.5, NoteOn(0, 72, 80)), (0.9, NoteOff(0, 72))]
    heard = [
        render(score(*line(0, 60, each=0.1, start=start), *late, seconds=1.0))[0]
        for start in (0.0, 0.02)
    ]
    same = slice(24_000 + 192 * 70, 43_000)  # the first note has died away
    np.testing.assert_allclose(heard[0][:, same], heard[1][:, same], atol=2e-3)


def test_a_score_of_one_channel_is_its_own_stem(render: Render) -> None:
    heard = render(score(*line(7, 60, 64), seconds=1.0))
    np.testing.assert_array_equal(heard[7], heard[None])


def test_a_take_and_its_stems_are_equally_long(tiny: Instrument) -> None:
    whole = Whole()
    settings = replace(RenderSettings(), samples=30_000)
    for channel in (None, 0):
        report = render_score(
            tiny, PIECES["melodies"], settings, lambda _block: None, channel=channel, whole=whole
        )
        assert report.seconds == 30_000 / 48_000
