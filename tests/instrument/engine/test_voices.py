"""What voices play: curves that follow knobs, keys and pressure without a step."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.curves import CROSSFADE_FRAMES
from instrument.engine.curves import RELEASE_DB_PER_FRAME, SUSTAIN_FRAME
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.frame_writer import FrameWriter
from instrument.engine.long_notes import RESHAPE_FRAMES, LongNotes
from instrument.engine.performance import PRESSURE_DB, pressure_db
from instrument.engine.places import Places
from instrument.engine.smoothing import ControlSmoother
from instrument.engine.table import Line, VoiceNote, VoiceTable
from instrument.engine.voices import VoicePool
from instrument.midi.controllers import AXIS_CONTROLLERS, ChannelState
from instrument.midi.events import ControlChange
from instrument.model.graphs import EnvelopeModel, Instrument
from instrument.model.latent import LatentSpace
from instrument.units import FRAME_RATE
from tests.traces import trace

RATE = 48_000
RING = 8
SLOTS = 4
EXPRESSIVE, STRAIGHT = 1, 2
SETTLED = 0.003
"""Of the whole way of a knob: the rest is too little for a voice to follow."""


class Desk:
    """A pool of voices, its controls and its clock.

    Attributes:
        held: Slots whose voices are held.
        follows_knobs: Whether they follow their knobs.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.state = ChannelState()
        self.smoother = ControlSmoother(self.state, FRAME_RATE, SLOTS)
        self.smoother.begin(range(SLOTS), SLOTS * [0])
        latents = LatentSpace(instrument.spec, 0)
        knobs = self.smoother.knobs
        table = VoiceTable(instrument.spec, SLOTS, knobs.shape[1])
        places = Places(instrument.spec)
        envelopes = NoteEnvelopes(table, instrument, latents, knobs, places)
        self.long_notes = LongNotes(table, envelopes, knobs, places)
        self.writer = FrameWriter(table, instrument, RATE, RING, seed=0)
        self.pool = VoicePool(table, envelopes, self.long_notes, self.writer, [])
        self.held: list[int] = []
        self.follows_knobs = True
        self.hop = 0
        self.write([])
        self.writer.publish(1)

    def begin(self, slot: int = 0, key: int = 69, preset: int = EXPRESSIVE, slide: int = 0) -> None:
        note = VoiceNote(0, key, 0.6, preset, slot, slide_cents=500.0, slide_frames=slide)
        self.pool.begin([slot], [note], self.hop, 0, 0.0, self.smoother.values)
        self.held.append(slot)

    def write(self, active: list[int]) -> Float32:
        """Write the next hop's frame; the levels of the active slots in dB."""
        now = self.smoother.values[None]
        released = [False for _ in active]
        return self.writer.write(self.hop + 1, active, now, released)[:, 0]

    def turn(self, axis: int, position: float) -> None:
        """Turn a knob as a controller does."""
        controller = ControlChange(0, AXIS_CONTROLLERS[axis], round(127 * position))
        self.smoother.follow(self.state.change(controller).channels)
        self.smoother.take_up()

    def play(self, frames: int, slot: int = 0) -> Float64:
        """The next frames' MIDI pitch and level in dB of a slot, [2, frames]."""
        found = []
        for _ in range(frames):
            self.hop += 1
            self.smoother.advance()
            self.long_notes.continue_held(self.held)
            if self.follows_knobs:
                self.long_notes.reshape(self.held)
            active = sorted(self.held)
            levels = self.write(active)
            self.writer.publish(self.hop + 1)
            midi = float(trace(self.writer.frames, self.hop + 1).midi[slot])
            found.append((midi, float(levels[active.index(slot)])))
        return np.array(found).T


@pytest.fixture
def desk(tiny: Instrument) -> Desk:
    return Desk(tiny)


def steps(curve: Float64) -> float:
    """The largest step from frame to frame."""
    return float(np.abs(np.diff(curve)).max())


def held_with(instrument: Instrument, knobs: dict[int, float], frames: int) -> Float64:
    """Pitch and level of a note that is begun with its knobs there."""
    desk = Desk(instrument)
    for axis, position in knobs.items():
        desk.turn(axis, position)
    desk.begin()
    return desk.play(frames)


# --- Knobs -------------------------------------------------------------------------------------

BEFORE, AFTER = 120, 240
"""Frames before and after a turn; the note's next envelope takes over later."""


@pytest.mark.parametrize("knobs", [{}, {0: 0.25, 2: 1.0}])
def test_knobs_that_nobody_turns_change_nothing(tiny: Instrument, knobs: dict[int, float]) -> None:
    """A held note is the same whether or not it may follow them."""
    desk = Desk(tiny)
    desk.follows_knobs = False
    for axis, position in knobs.items():
        desk.turn(axis, position)
    desk.begin()
    np.testing.assert_array_equal(held_with(tiny, knobs, 700), desk.play(700))


@pytest.mark.parametrize("axis", [0, 3, 7])
@pytest.mark.parametrize(("old", "new"), [(None, 1.0), (0.0, 1.0), (1.0, 0.25)])
def test_a_turn_leads_without_a_step_to_what_a_note_begun_there_has(
    tiny: Instrument, axis: int, old: float | None, new: float
) -> None:
    desk = Desk(tiny)
    if old is not None:
        desk.turn(axis, old)
    desk.begin()
    before = desk.play(BEFORE)
    desk.turn(axis, new)
    after = desk.play(AFTER)
    stayed = held_with(tiny, {} if old is None else {axis: old}, BEFORE + AFTER)
    wanted = held_with(tiny, {axis: new}, BEFORE + AFTER)
    np.testing.assert_array_equal(before, stayed[:, :BEFORE])
    path = np.concatenate([before[:, -1:], after], axis=1)
    for curve in range(2):
        apart = np.abs(stayed - wanted)[curve, BEFORE:].max()
        rest = np.abs(after[curve, 150:] - wanted[curve, BEFORE + 150 :]).max()
        assert rest < 2.0 * SETTLED * apart + 1e-6
        own = max(steps(stayed[curve, BEFORE:]), steps(wanted[curve, BEFORE:]))
        assert steps(path[curve]) < own + apart / 15.0


def test_a_knob_that_is_turned_back_gives_the_note_back(tiny: Instrument) -> None:
    desk = Desk(tiny)
    desk.turn(0, 0.0)
    desk.begin()
    desk.play(BEFORE - 50)
    desk.turn(0, 1.0)
    desk.play(50)
    desk.turn(0, 0.0)
    back = desk.play(AFTER)[:, 150:]
    stayed = held_with(tiny, {0: 0.0}, BEFORE + AFTER)[:, BEFORE + 150 :]
    turned = held_with(tiny, {0: 1.0}, BEFORE + AFTER)[:, BEFORE + 150 :]
    assert np.abs(back - stayed).max() < 0.02 * np.abs(turned - stayed).max()


def test_a_knob_that_is_turned_back_leaves_the_level_of_a_held_note(tiny: Instrument) -> None:
    """Also where a further envelope has taken over, at the level that sounded."""
    spliced = 650
    desk = Desk(tiny)
    desk.turn(0, 0.0)
    desk.begin()
    desk.play(spliced)
    desk.turn(0, 0.2)
    desk.play(10)
    desk.turn(0, 0.0)
    back = desk.play(140)[1, 90:]
    stayed = held_with(tiny, {0: 0.0}, spliced + 150)[1, spliced + 100 :]
    np.testing.assert_allclose(back, stayed, atol=0.1)


@settings(max_examples=20)
@given(
    turns=st.lists(
        st.tuples(st.integers(1, 30), st.integers(0, 7), st.floats(0.0, 1.0)), max_size=20
    ),
    slide=st.sampled_from([0, 40, 300]),
)
def test_however_knobs_are_turned_a_note_makes_no_step(
    tiny: Instrument, turns: list[tuple[int, int, float]], slide: int
) -> None:
    """From the sustain on a note of the tiny instrument moves by 3 cents and 0.2 dB a frame."""
    desk = Desk(tiny)
    desk.begin(slide=slide)
    heard = [desk.play(SUSTAIN_FRAME)]
    for frames, axis, position in turns:
        desk.turn(axis, position)
        heard.append(desk.play(frames))
    heard.append(desk.play(2 * CROSSFADE_FRAMES))
    path = np.concatenate(heard, axis=1)[:, SUSTAIN_FRAME - 1 :]
    sliding = 5.0 * np.pi / 2.0 / slide if slide else 0.0
    assert steps(path[0]) < 0.06 + sliding
    assert steps(path[1]) < 0.5


def test_an_attack_is_over_before_a_note_follows_its_knobs(tiny: Instrument) -> None:
    desk = Desk(tiny)
    desk.turn(0, 0.0)
    desk.begin()
    desk.play(5)
    desk.turn(0, 1.0)
    stayed = held_with(tiny, {0: 0.0}, SUSTAIN_FRAME)
    np.testing.assert_array_equal(desk.play(SUSTAIN_FRAME - 10), stayed[:, 5:-5])


def test_a_portamento_is_over_before_a_note_follows_its_knobs(tiny: Instrument) -> None:
    desk, stayed = Desk(tiny), Desk(tiny)
    for sliding in (desk, stayed):
        sliding.begin(slide=300)
        sliding.play(100)
    desk.turn(0, 1.0)
    np.testing.assert_array_equal(desk.play(190), stayed.play(190))
    assert np.any(desk.play(60) != stayed.play(60))


class Decoder:
    """A decoder that remembers the keys of the notes that it was asked for."""

    knows_context = False

    def __init__(self, envelope: EnvelopeModel) -> None:
        self.envelope = envelope
        self.keys: list[int] = []

    def decode(self, latent: Float32, pitch: Float32, loudness: Float32) -> tuple[Float32, Float32]:
        self.keys += pitch.astype(int).tolist()
        return self.envelope.decode(latent, pitch, loudness)


def test_voices_follow_their_knobs_together_once_in_eight_frames(tiny: Instrument) -> None:
    decoder = Decoder(tiny.envelope)
    desk = Desk(replace(tiny, envelope=cast("EnvelopeModel", decoder)))
    for slot in range(SLOTS):
        desk.begin(slot, key=60 + slot)
    desk.play(100)
    frames_of: dict[int, list[int]] = {60 + slot: [] for slot in range(SLOTS)}
    for frame in range(10 * RESHAPE_FRAMES):
        decoder.keys.clear()
        desk.turn(0, frame / 100)
        desk.play(1)
        assert len(decoder.keys) in (0, SLOTS)
        for key in decoder.keys:
            frames_of[key].append(frame)
    for frames in frames_of.values():
        assert len(frames) >= 8
        assert np.diff(frames).min() >= RESHAPE_FRAMES


def test_a_chord_is_begun_as_its_notes_would_be(tiny: Instrument) -> None:
    chord, alone = Desk(tiny), Desk(tiny)
    notes = [VoiceNote(0, 60 + 4 * slot, 0.6, EXPRESSIVE, slot) for slot in range(3)]
    chord.pool.begin([2, 0, 1], notes, 0, 7, 7 / 192, chord.smoother.values)
    for slot, note in zip([2, 0, 1], notes, strict=True):
        alone.pool.begin([slot], [note], 0, 7, 7 / 192, alone.smoother.values)
    for rings in ("onsets", "frames"):
        pairs = zip(getattr(chord.writer, rings), getattr(alone.writer, rings), strict=True)
        for found, wanted in pairs:
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


# --- Pressure ----------------------------------------------------------------------------------


def test_a_pressed_key_is_louder_smoothly_and_falls_back(desk: Desk, tiny: Instrument) -> None:
    desk.begin()
    free = held_with(tiny, {}, 300)[1]
    desk.play(100)
    desk.pool.press([0], pressure_db(127))
    pressed = desk.play(100)[1] - free[100:200]
    assert pressed[-1] == pytest.approx(PRESSURE_DB, abs=0.01)
    assert np.all(np.diff(pressed) > -1e-4)
    assert steps(pressed) < PRESSURE_DB / 3.0
    desk.pool.unpress(0)
    assert desk.play(100)[1][-1] - free[-1] == pytest.approx(0.0, abs=0.01)


def test_a_key_is_pressed_for_itself(desk: Desk, tiny: Instrument) -> None:
    desk.begin(0)
    desk.begin(1, key=72)
    desk.pool.press([1], pressure_db(127))
    np.testing.assert_array_equal(desk.play(100), held_with(tiny, {}, 100))


def test_a_new_note_of_a_slot_is_not_pressed(desk: Desk, tiny: Instrument) -> None:
    desk.begin()
    desk.pool.press([0], pressure_db(127))
    desk.play(50)
    desk.held.clear()
    desk.begin()
    np.testing.assert_array_equal(desk.play(100)[1], held_with(tiny, {}, 100)[1])


def test_the_pressure_of_a_key_ends_where_its_line_goes_on_to_another(tiny: Instrument) -> None:
    levels = []
    for pressure in (0, 127):
        desk = Desk(tiny)
        desk.begin()
        desk.pool.press([0], pressure_db(pressure))
        desk.play(100)
        following = VoiceNote(0, 72, 0.6, EXPRESSIVE, 1)
        desk.pool.join(0, following, Line(0, 1.0), desk.smoother.join(0, 0), desk.smoother.values)
        levels.append(desk.play(100)[1])
    free, pressed = levels
    assert pressed[0] - free[0] > 0.25 * PRESSURE_DB
    assert pressed[-1] == pytest.approx(free[-1], abs=0.01)


# --- Releases ----------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0, 4.0])
def test_a_fast_release_falls_faster(desk: Desk, speed: float) -> None:
    desk.begin(preset=STRAIGHT)
    desk.play(100)
    desk.pool.release([0], desk.smoother.values, speed)
    desk.held = []
    levels = []
    for _ in range(40):
        desk.hop += 1
        levels.append(float(desk.write([0])[0]))
    falls = -np.diff(levels)
    assert falls.min() >= 0.0
    assert falls.mean() >= speed * RELEASE_DB_PER_FRAME - 1e-3
