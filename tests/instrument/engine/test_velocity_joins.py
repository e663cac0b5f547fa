"""The velocity of a note that touches the one before in its line may choose how it is joined."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.joins import Join
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import OFF, ON, Heard, Player, assert_same

MONO = ControlChange(0, 126, 1)


@pytest.fixture
def players(tiny: Instrument) -> tuple[Player, Player]:
    """One whose velocities choose, and one whose don't."""
    return Player(tiny, velocity_joins=True), Player(tiny)


def line(player: Player, following: NoteOn, gap: float | None = None) -> Heard:
    """A note, the following one of its line, and what is heard from there."""
    player.send(MONO, ON)
    player.play(0.4)
    if gap is not None:
        player.send(OFF)
    if gap:
        player.play(gap)
    player.send(following)
    return player.play(0.3)


@pytest.mark.parametrize(
    ("velocity", "loud", "join"),
    [
        (1, 80, Join.PORTAMENTO),
        (40, 80, Join.PORTAMENTO),
        (41, 41, Join.SLUR),
        (99, 99, Join.SLUR),
        (100, 100, Join.BOW),
        (127, 127, Join.BOW),
    ],
)
@pytest.mark.parametrize("gap", [None, 0.0])
def test_a_velocity_chooses_the_join_and_a_slide_is_as_loud_as_the_note_before(
    players: tuple[Player, Player], velocity: int, loud: int, join: Join, gap: float | None
) -> None:
    choosing, told = players
    chosen = line(choosing, NoteOn(0, 74, velocity), gap)
    assert_same(chosen, line(told, NoteOn(0, 74, loud, join=join), gap))


def test_a_soft_note_is_slid_into_and_a_hard_one_has_a_new_bow(tiny: Instrument) -> None:
    slide, slur, bow = (
        line(Player(tiny, velocity_joins=True), NoteOn(0, 74, velocity))
        for velocity in (30, 80, 110)
    )
    between = [np.count_nonzero(np.abs(heard.pitch - 71.5) < 1.75) for heard in (slide, slur, bow)]
    assert between[0] > 8
    assert max(between[1:]) <= 6
    dips = [float(heard.loudness[0] - heard.loudness[:20].min()) for heard in (slur, bow)]
    assert dips[1] > dips[0]


def test_after_a_gap_the_bow_changes_whatever_the_velocity(players: tuple[Player, Player]) -> None:
    choosing, told = players
    assert_same(line(choosing, NoteOn(0, 74, 20), 0.05), line(told, NoteOn(0, 74, 20), 0.05))


def test_what_a_note_says_itself_counts(players: tuple[Player, Player]) -> None:
    choosing, told = players
    bowed = NoteOn(0, 74, 20, join=Join.BOW)
    assert_same(line(choosing, bowed), line(told, bowed))


@pytest.mark.parametrize("velocity", [20, 60, 120])
def test_on_the_same_key_the_bow_changes(players: tuple[Player, Player], velocity: int) -> None:
    choosing, told = players
    loud = 80 if velocity == 20 else velocity
    again = NoteOn(0, 69, loud, join=Join.BOW)
    assert_same(line(choosing, NoteOn(0, 69, velocity)), line(told, again))


@pytest.mark.parametrize("velocity", [20, 120])
def test_chords_stay_chords(players: tuple[Player, Player], velocity: int) -> None:
    heard = []
    for player in players:
        player.send(ON)
        player.play(0.2)
        player.send(NoteOn(0, 74, velocity), NoteOn(0, 77, velocity))
        heard.append(player.play(0.2))
        assert player.begun == 3
    assert_same(*heard)


def test_a_line_goes_back_as_loud_as_it_was(players: tuple[Player, Player]) -> None:
    choosing, told = players
    line(choosing, NoteOn(0, 74, 20))
    line(told, NoteOn(0, 74, 80, join=Join.PORTAMENTO))
    for player in players:
        player.send(NoteOn(0, 76, 60, join=Join.SLUR))
        player.play(0.2)
        player.send(NoteOff(0, 76))
    assert_same(choosing.play(0.2), told.play(0.2))
