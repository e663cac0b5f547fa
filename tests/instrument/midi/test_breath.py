"""Scores without breath, where notes wait for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instrument.errors import UsageError
from instrument.midi.breath import check_breath
from instrument.midi.events import ControlChange, Event, NoteOn, TimedEvent
from instrument.midi.layouts import Controls, layout_of
from instrument.midi.score import Score
from instrument.midi.take import Take
from instrument.settings import EngineSettings


def score(*breath: int) -> Score:
    events: list[Event] = [ControlChange(0, 2, value) for value in breath]
    events.append(NoteOn(0, 60, 80))
    return Score(tuple(TimedEvent(0.0, event) for event in events), 1.0, 1)


@pytest.mark.parametrize(
    ("controls", "breath", "refused"),
    [
        ("wind", (), True),
        ("wind", (5,), True),
        ("wind", (0, 6, 0), False),
        ("gm2", (), False),
        ({"like": "wind", "pressure": "dynamics"}, (), False),
    ],
)
def test_a_song_without_breath_is_refused(
    controls: Controls, breath: tuple[int, ...], *, refused: bool
) -> None:
    if not refused:
        check_breath(score(*breath), layout_of(controls))
        return
    with pytest.raises(UsageError, match="CC 2"):
        check_breath(score(*breath), layout_of(controls))


def test_a_take_is_as_it_was_played() -> None:
    check_breath(replace(score(), take=Take(EngineSettings(), 9)), layout_of("wind"))
