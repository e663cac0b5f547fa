"""Notes are played from where a player has placed their channel in the latent space."""

from __future__ import annotations

import math

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.curves import CROSSFADE_FRAMES
from instrument.engine.control import Control
from instrument.engine.curves import SUSTAIN_FRAME
from instrument.engine.envelopes import HEADROOM_DB
from instrument.engine.long_notes import RESHAPE_FRAMES
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import ControlChange, Event, Latent, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.instrument.engine.control_player import HOP, RATE, Player

FOLLOWED = CROSSFADE_FRAMES + 1
"""Frames in which a held note that has rested has followed its place."""


@pytest.fixture
def player(tiny: Instrument) -> Player:
    """Without chance: jitter would cover what the place does."""
    player = Player(tiny)
    latents = LatentSpace(tiny.spec, 0, humanize=0.0)
    settings = EngineSettings(voices=4, sample_rate=RATE)
    player.control = Control(tiny, settings, latents, 0, 8)
    player.next_hop()
    return player


def place(instrument: Instrument, point: int, channel: int = 0) -> Latent:
    return Latent(channel, tuple(instrument.spec.map[point].latent))


def decoded_db(instrument: Instrument, values: tuple[float, ...], note: NoteOn) -> Float32:
    """Loudness of the envelope at a place, [750]."""
    loudness = (note.velocity - 1) / 126.0
    _, loudness_db = instrument.envelope.decode(
        np.array([values], np.float32),
        np.array([note.key], np.float32),
        np.array([loudness], np.float32),
    )
    envelope: Float32 = loudness_db[0]
    return envelope


def loudness_db(player: Player, slot: int) -> Float32:
    """What is left of the curves of a slot's voice."""
    curves = player.control.pool._table.curves[slot].loudness_db
    return curves[: player.control.pool._table.release_frame]


@pytest.mark.parametrize("point", [0, 5, -1])
def test_a_note_begins_with_the_envelope_of_its_place(
    tiny: Instrument, player: Player, point: int
) -> None:
    event = place(tiny, point)
    player.send(event)
    slot = player.begin(69, velocity=127)
    wanted = decoded_db(tiny, event.values, NoteOn(0, 69, 127))
    got = loudness_db(player, slot)
    np.testing.assert_allclose(got, wanted[: len(got)], atol=1e-3)


def test_a_held_note_follows_its_place(tiny: Instrument, player: Player) -> None:
    player.send(place(tiny, 0))
    slot = player.begin(69, velocity=127)
    player.hops(SUSTAIN_FRAME + 1)
    event = place(tiny, -1)
    player.send(event)
    player.hops(FOLLOWED)
    now = int(player.control.pool._table.position[slot])
    wanted = decoded_db(tiny, event.values, NoteOn(0, 69, 127))
    got = loudness_db(player, slot)
    np.testing.assert_allclose(got[now:], wanted[now : len(got)], atol=1e-3)


def test_without_a_place_a_channel_has_its_preset_again(tiny: Instrument) -> None:
    def curves(*events: Event) -> Float32:
        player = Player(tiny)
        for event in events:
            player.send(event)
        return loudness_db(player, player.begin()).copy()

    of_preset = curves()
    assert not np.array_equal(curves(place(tiny, 0)), of_preset)
    np.testing.assert_array_equal(curves(place(tiny, 0), Latent(0)), of_preset)
    np.testing.assert_array_equal(curves(place(tiny, 0, channel=1)), of_preset)


def test_what_was_told_last_counts(tiny: Instrument, player: Player) -> None:
    """A place lets go of the knobs that were turned before it; a later knob turns it."""
    knob, event = ControlChange(0, AXIS_CONTROLLERS[1], 127), place(tiny, 4)
    wanted = decoded_db(tiny, event.values, NoteOn(0, 69, 127))
    player.control.smoother.turn(1, 0.9)
    for given, same in (((knob, event), True), ((event, knob), False), ((event,), True)):
        for each in given:
            player.send(each)
        got = loudness_db(player, player.begin(69, velocity=127))
        assert np.allclose(got, wanted[: len(got)], atol=1e-3) is same
        player.send(NoteOff(0, 69))
        player.hops(2 * FRAME_RATE)


def test_the_knobs_of_all_channels_come_back_with_chance(tiny: Instrument) -> None:
    player = Player(tiny)
    player.control.smoother.turn(1, 0.9)
    slot = player.begin()
    player.send(place(tiny, 0))
    player.control.smoother.take_up()
    assert np.isnan(player.control.smoother.knobs[slot]).all()
    player.send(Latent(0))
    player.control.smoother.take_up()
    assert player.control.smoother.knobs[slot, 1] == 0.9


def test_a_note_of_a_place_isnt_the_same_every_three_seconds(tiny: Instrument) -> None:
    player = Player(tiny)
    player.send(place(tiny, 0))
    slot = player.begin()
    first = loudness_db(player, slot).copy()
    player.hops(4 * FRAME_RATE)
    assert np.abs(loudness_db(player, slot) - first).max() > 0.01


def test_the_manager_of_a_zone_places_its_members(tiny: Instrument, player: Player) -> None:
    for controller, value in ((101, 0), (100, 6), (6, 2)):
        player.send(ControlChange(0, controller, value))
    event = place(tiny, 3)
    player.send(event)
    player.send(NoteOn(1, 69, 127))
    wanted = decoded_db(tiny, event.values, NoteOn(1, 69, 127))
    got = loudness_db(player, player.onset.slot)
    np.testing.assert_allclose(got, wanted[: len(got)], atol=1e-3)


@pytest.mark.parametrize(
    "values",
    [(1.0,), (0.0,) * 65, (math.nan,) * 16, (math.inf,) * 16],
    ids=["too few", "too many", "not a number", "infinite"],
)
def test_what_is_no_place_is_passed_over(
    tiny: Instrument, player: Player, values: tuple[float, ...]
) -> None:
    event = place(tiny, 3)
    player.send(event)
    player.send(Latent(0, values))
    got = loudness_db(player, player.begin(69, velocity=127))
    wanted = decoded_db(tiny, event.values, NoteOn(0, 69, 127))
    np.testing.assert_allclose(got, wanted[: len(got)], atol=1e-3)


@pytest.mark.parametrize("coordinate", [9.0, 1e30, 1e300])
def test_a_place_is_never_far_outside(tiny: Instrument, player: Player, coordinate: float) -> None:
    centre = np.array(tiny.spec.latent_mean)
    offsets = np.array([point.latent for point in tiny.spec.map]) - centre
    farthest = np.linalg.norm(offsets, axis=1).max()
    direction = coordinate - centre if coordinate < 1e30 else np.ones(16)
    nearest = centre + farthest * direction / np.linalg.norm(direction)
    player.send(Latent(0, (coordinate,) * 16))
    got = loudness_db(player, player.begin(69, velocity=127))
    wanted = decoded_db(tiny, tuple(nearest), NoteOn(0, 69, 127))
    np.testing.assert_allclose(got, wanted[: len(got)], atol=1e-3)


def test_no_place_is_much_louder_than_the_training_notes(tiny: Instrument, player: Player) -> None:
    loudest = tiny.spec.loudness_db[-1] + HEADROOM_DB
    directions = np.random.default_rng(1).normal(size=(200, 16))
    note = NoteOn(0, 69, 127)
    far = (tuple(direction) for direction in directions * 4.0)
    event = max((Latent(0, z) for z in far), key=lambda e: decoded_db(tiny, e.values, note).max())
    assert decoded_db(tiny, event.values, note).max() > loudest
    player.send(event)
    assert loudness_db(player, player.begin(69, velocity=127)).max() <= loudest + 1e-3


def test_a_released_note_keeps_its_release(tiny: Instrument, player: Player) -> None:
    slot = player.begin()
    player.hops(100)
    player.send(NoteOff(0, 69))
    before = player.control.pool._table.curves[slot].loudness_db.copy()
    player.send(place(tiny, -1))
    player.hops(20)
    np.testing.assert_array_equal(player.control.pool._table.curves[slot].loudness_db, before)


def test_places_cost_no_more_than_a_frame_at_a_time(tiny: Instrument, player: Player) -> None:
    """A finger that moves with every frame reshapes a note once in eight."""
    player.begin()
    player.hops(SUSTAIN_FRAME + 1)
    decoded = player.control.pool._envelopes._decoder
    calls: list[int] = []

    class Counted:
        knows_context = False

        def decode(
            self, latent: Float32, pitch: Float32, loudness: Float32
        ) -> tuple[Float32, Float32]:
            calls.append(len(latent))
            return decoded.decode(latent, pitch, loudness)

    player.control.pool._envelopes._decoder = Counted()  # type: ignore[assignment]
    frames = 10 * RESHAPE_FRAMES
    for frame in range(frames):
        player.send(place(tiny, frame % 7), part=0.5)
        player.next_hop()
    assert len(calls) <= frames // RESHAPE_FRAMES + 1
    assert player.control.planner.hop * HOP > 0


def test_a_chord_follows_its_place_at_once(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=8)
    slots = [player.begin(key) for key in (60, 64, 67, 72)]
    player.hops(SUSTAIN_FRAME + 1)
    table = player.control.pool._table
    player.send(place(tiny, -1))
    player.next_hop()
    assert (table.moves[slots] == player.control._places.moves[0]).all()


def test_an_envelope_that_takes_over_doesnt_hold_up_the_place(tiny: Instrument) -> None:
    player = Player(tiny)
    slot = player.begin()
    table = player.control.pool._table
    position = 0
    while table.position[slot] >= position:
        position = int(table.position[slot])
        player.next_hop()
    player.send(place(tiny, -1))
    player.next_hop()
    assert table.moves[slot] == player.control._places.moves[0]
