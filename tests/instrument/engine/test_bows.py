"""One bow and one hand on two strings: what the voices of a violin share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.engine.bows import BALANCE_DB
from instrument.engine.engine import Engine
from instrument.joins import Join
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.traces import trace

RATE, HOP = 48_000, 192
SETTINGS = EngineSettings(sample_rate=RATE, voices=8, mode="violin", room_gain=0.0)

Curve = dict[int, tuple[float, float]]
"""Level in dB and vibrato in cents, by hop."""


def played(
    instrument: Instrument,
    *events: tuple[float, Event],
    seconds: float = 1.0,
    settings: EngineSettings = SETTINGS,
) -> dict[int, Curve]:
    """What each key sounds like, hop by hop, before expression."""
    engine = Engine(instrument, settings)
    for at, event in events:
        engine.push(event, round(at * RATE))
    table, voices = engine._control.pool._table, engine._control.voices
    heard: defaultdict[int, Curve] = defaultdict(dict)
    for hop in range(round(seconds * RATE / HOP)):
        engine.render(np.zeros((2, HOP), np.float32))
        for slot in voices.active():
            at, curves = float(table.position[slot]), table.curves[slot]
            vibrato = float(curves.vibrato_cents[int(at)])
            heard[int(table.key[slot])][hop] = curves.level_at(at), vibrato
    return heard


def difference(one: Curve, other: Curve, first: float, last: float, column: int = 0) -> list[float]:
    """How much more one has than the other, hop by hop between two times in seconds."""
    hops = range(round(first * RATE / HOP), round(last * RATE / HOP))
    return [one[hop][column] - other[hop][column] for hop in hops]


def test_two_keys_of_one_chord_have_one_attack_and_one_swell(strung: Instrument) -> None:
    keys = played(strung, (0.0, NoteOn(0, 64, 80)), (0.0, NoteOn(0, 71, 80)), seconds=4.0)
    assert np.ptp(difference(keys[64], keys[71], 0.01, 3.9)) < 0.1
    assert abs(difference(keys[64], keys[71], 0.5, 0.6)[0]) <= BALANCE_DB
    poly = replace(SETTINGS, mode="poly")
    apart = played(
        strung, (0.0, NoteOn(0, 64, 80)), (0.0, NoteOn(0, 71, 80)), seconds=1.0, settings=poly
    )
    assert np.ptp(difference(apart[64], apart[71], 0.1, 0.9)) > 0.5


def test_a_key_that_comes_a_little_later_is_in_the_bow_soon(strung: Instrument) -> None:
    keys = played(strung, (0.1, NoteOn(0, 64, 80)), (0.115, NoteOn(0, 71, 80)))
    assert np.ptp(difference(keys[64], keys[71], 0.2, 0.9)) < 0.1


def test_one_bow_is_as_loud_as_its_last_note(strung: Instrument) -> None:
    chord = [(0.0, NoteOn(0, 62, 40)), (0.0, NoteOn(0, 71, 40))]
    keys = played(strung, *chord, (0.5, NoteOn(0, 73, 120)))
    assert np.ptp(difference(keys[62], keys[73], 0.6, 0.95)) < 0.1
    rise = keys[62][220][0] - keys[62][110][0]
    assert rise > 6.0


def test_a_bow_change_in_one_string_is_one_in_both(strung: Instrument) -> None:
    chord = [(0.0, NoteOn(0, 62, 80)), (0.0, NoteOn(0, 71, 80))]
    slurred, bowed = (
        played(strung, *chord, (0.5, NoteOn(0, 73, 80, join=join)))
        for join in (Join.SLUR, Join.BOW)
    )
    around = range(120, 140)
    for_both = [[run[62][hop][0] for hop in around] for run in (slurred, bowed)]
    assert min(for_both[0]) > slurred[62][118][0] - 3.0
    assert min(for_both[1]) < min(for_both[0]) - 2.0


def test_two_fingers_of_one_hand_move_together(strung: Instrument) -> None:
    keys = played(strung, (0.0, NoteOn(0, 64, 80)), (0.0, NoteOn(0, 71, 80)))
    assert np.ptp(difference(keys[64], keys[71], 0.02, 0.9, column=1)) < 1e-3


@pytest.mark.parametrize(
    ("keys", "still"), [((62, 69), (62, 69)), ((62, 71), (62,)), ((55,), (55,))]
)
def test_an_open_string_has_no_vibrato(
    strung: Instrument, keys: tuple[int, ...], still: tuple[int, ...]
) -> None:
    heard = played(strung, *((0.0, NoteOn(0, key, 80)) for key in keys), seconds=4.0)
    for key in keys:
        swings = np.ptp([vibrato for _, vibrato in heard[key].values()])
        assert (swings == 0.0) == (key in still)


def test_one_string_goes_on_when_the_other_is_left(strung: Instrument) -> None:
    chord = [(0.0, NoteOn(0, 62, 80)), (0.0, NoteOn(0, 71, 80))]
    for left in (62, 71):
        keys = played(strung, *chord, (0.5, NoteOff(0, left)))
        level = np.array([keys[133 - left][hop][0] for hop in range(100, 240)])
        assert np.abs(np.diff(level)).max() < 2.0
        assert keys[left][160][0] < level[60] - 6.0


def test_a_voice_that_is_cut_off_leaves_the_other_its_bow(strung: Instrument) -> None:
    chord = [(0.0, NoteOn(0, 62, 80)), (0.0, NoteOn(0, 71, 80))]
    more = [(0.5 + i / 100, NoteOn(1 + i, 80, 80)) for i in range(4)]
    stolen = replace(SETTINGS, voices=4)
    keys = played(strung, *chord, *more, (0.8, ControlChange(0, 120, 0)), settings=stolen)
    levels = [level for level, _ in keys[71].values()]
    assert np.abs(np.diff(levels[20:])).max() < 2.0


def test_the_lower_strings_of_a_chord_speak_at_once(strung: Instrument) -> None:
    chord = [(0.0, NoteOn(0, key, 80)) for key in (55, 62, 71, 79)]
    rolled = played(strung, *chord, seconds=0.1)
    alone = played(strung, *chord[:2], seconds=0.1)
    assert rolled[55][4][0] > alone[55][4][0] + 2.0


def test_the_wheel_moves_stopped_strings_alike_and_leaves_open_ones(strung: Instrument) -> None:
    def pitches(*keys: int) -> list[Float64]:
        engine = Engine(strung, SETTINGS)
        engine.push(ControlChange(0, 1, 127), 0)
        for key in keys:
            engine.push(NoteOn(0, key, 80), 480)
        found: list[list[float]] = [[] for _ in keys]
        table = engine._control.pool._table
        for _ in range(400):
            engine.render(np.zeros((2, HOP), np.float32))
            midi = trace(engine.synth.frames, int(engine.synth.state.hop[0])).midi
            for slot in engine._control.voices.active():
                found[keys.index(round(table.key[slot]))].append(float(midi[slot]))
        return [np.array(each[200:]) for each in found]

    open_string, stopped = pitches(62, 71)
    assert np.ptp(open_string) < 0.1
    assert np.ptp(stopped) > 0.8
    low, high = pitches(64, 71)
    assert np.corrcoef(low, high)[0, 1] > 0.98
