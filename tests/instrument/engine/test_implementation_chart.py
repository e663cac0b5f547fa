"""The MIDI implementation chart, row by row: what each message does to what sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.engine.control import SOFT, slide_frames
from instrument.engine.engine import Engine
from instrument.engine.smoothing import PRESSURE_DB
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.traces import trace

RATE = 48_000
HOP = RATE // FRAME_RATE
EXPRESSIVE, STRAIGHT = 1, 2
ON, OFF = NoteOn(0, 69, 80), NoteOff(0, 69)
SETTLED = 0.4
"""Seconds after which all that is smoothed has arrived."""

GONE = 1.5
"""Seconds after which every release has come to its end."""


@dataclass(frozen=True)
class Heard:
    """What was played for a while, hop by hop; nan where a slot is silent.

    Attributes:
        audio: [2, samples].
        midi: [hops, slots], pitch.
        level_db: [hops, slots], sum of the harmonics, before volume and pan.
        gain: [hops, slots, 2], left and right.
    """

    audio: Float32
    midi: Float64
    level_db: Float64
    gain: Float64

    def voices(self) -> list[int]:
        """How many sound in each hop."""
        counts: list[int] = np.count_nonzero(~np.isnan(self.midi), axis=1).tolist()
        return counts

    def keys(self) -> list[int]:
        """Pitches of the last hop, to the nearest key."""
        last = self.midi[-1]
        return sorted(np.round(last[~np.isnan(last)]).astype(int).tolist())

    def only(self, curve: Float64) -> Float64:
        """A curve of the only voice."""
        slots = np.flatnonzero(~np.isnan(self.midi).all(axis=0))
        assert len(slots) == 1
        only: Float64 = curve[:, slots[0]]
        return only

    @property
    def pitch(self) -> Float64:
        return self.only(self.midi)

    @property
    def loudness(self) -> Float64:
        return self.only(self.level_db)


class Player:
    """Someone who plays the engine and looks at the frames that it plays from."""

    def __init__(self, instrument: Instrument, preset: int = STRAIGHT, voices: int = 8) -> None:
        self.engine = Engine(
            instrument,
            EngineSettings(
                sample_rate=RATE,
                voices=voices,
                preset=instrument.spec.presets[preset].name,
                room_gain=0.0,
            ),
        )

    def send(self, *events: Event) -> None:
        for event in events:
            self.engine.push(event, self.engine.reached)

    def control(self, *changes: tuple[int, int], channel: int = 0) -> None:
        """Move controllers: (controller, value)…"""
        self.send(*(ControlChange(channel, *change) for change in changes))

    def parameter(self, number: int, coarse: int, fine: int = 0, channel: int = 0) -> None:
        """Set a registered parameter."""
        self.control((101, 0), (100, number), (6, coarse), (38, fine), channel=channel)

    def play(self, seconds: float) -> Heard:
        frames, state = self.engine.synth.frames, self.engine.synth.state
        blocks, midi, level_db, gain = [], [], [], []
        for _ in range(round(seconds * FRAME_RATE)):
            blocks.append(np.zeros((2, HOP), np.float32))
            self.engine.render(blocks[-1])
            now = trace(frames, int(state.hop[0]))
            midi.append(now.midi)
            level_db.append(now.level_db)
            gain.append(np.where(now.voice[:, None] > 0, now.gain, np.nan))
        return Heard(
            np.concatenate(blocks, axis=1), np.array(midi), np.array(level_db), np.array(gain)
        )

    @property
    def begun(self) -> int:
        """How many voices have begun; a note that goes on in another's isn't one."""
        return int(self.engine.synth.onsets.ready[0])


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


@pytest.fixture(scope="module")
def plain(tiny: Instrument) -> Heard:
    """A note for 1 s without anything else."""
    player = Player(tiny)
    player.send(ON)
    return player.play(1.0)


def held_after(player: Player, *events: Event) -> Heard:
    """A note for 1 s after events."""
    player.send(*events, ON)
    return player.play(1.0)


def assert_same(heard: Heard, other: Heard) -> None:
    np.testing.assert_array_equal(heard.audio, other.audio)


# --- Notes -------------------------------------------------------------------------------------


def test_note_on_begins_a_note_at_its_sample_and_note_off_ends_it(player: Player) -> None:
    assert player.play(0.1).voices()[-1] == 0
    player.send(ON)
    held = player.play(1.0)
    assert held.audio[:, :4].any()
    assert set(held.voices()) == {1}
    assert held.pitch[-1] == pytest.approx(69.0, abs=0.2)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_note_on_velocity_makes_a_note_louder(tiny: Instrument) -> None:
    levels = []
    for velocity in (1, 40, 80, 127):
        player = Player(tiny)
        player.send(NoteOn(0, 69, velocity))
        levels.append(player.play(1.0).loudness[50:].mean())
    assert np.diff(levels).min() > 2.0


def test_note_off_velocity_makes_a_release_shorter(tiny: Instrument) -> None:
    lengths = []
    for velocity in (0, 64, 96, 127):
        player = Player(tiny)
        player.send(ON)
        player.play(0.5)
        player.send(NoteOff(0, 69, velocity))
        lengths.append(sum(player.play(GONE).voices()))
    assert lengths[0] >= lengths[1] >= lengths[2] > lengths[3] > 10


def test_key_pressure_makes_the_notes_of_its_key_louder(tiny: Instrument) -> None:
    free, pressed = Player(tiny), Player(tiny)
    for player in (free, pressed):
        player.send(ON, NoteOn(0, 72, 80))
        player.play(0.3)
    pressed.send(KeyPressure(0, 72, 127), KeyPressure(0, 60, 127), KeyPressure(1, 69, 127))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    assert sorted(louder[~np.isnan(louder)]) == pytest.approx([0.0, PRESSURE_DB], abs=0.5)
    pressed.send(KeyPressure(0, 72, 0))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    assert np.nanmax(np.abs(louder)) < 0.1


def test_channel_pressure_makes_all_notes_of_a_channel_louder(tiny: Instrument) -> None:
    free, pressed = Player(tiny), Player(tiny)
    for player in (free, pressed):
        player.send(ON, NoteOn(0, 72, 80), NoteOn(1, 60, 80))
        player.play(0.3)
    pressed.send(ChannelPressure(0, 127))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    wanted = [0.0, PRESSURE_DB, PRESSURE_DB]
    assert sorted(louder[~np.isnan(louder)]) == pytest.approx(wanted, abs=0.5)


def test_pitch_bend_bends_by_two_semitones(player: Player, plain: Heard) -> None:
    bent = held_after(player, PitchBend(0, 8191))
    np.testing.assert_allclose(bent.pitch - plain.pitch, 2.0, atol=1e-3)
    player.send(PitchBend(0, -4096))
    bent = player.play(SETTLED)
    player.send(PitchBend(0, 0))
    straight = player.play(SETTLED)
    assert straight.pitch[-1] - bent.pitch[-1] == pytest.approx(1.0, abs=0.1)
    assert np.abs(np.diff(straight.pitch)).max() < 0.5


def test_program_change_chooses_the_preset_of_the_next_notes(tiny: Instrument) -> None:
    for program in range(len(tiny.spec.presets)):
        asked, wanted = Player(tiny), Player(tiny, preset=program)
        wanted.send(ON)
        assert_same(held_after(asked, ProgramChange(0, program)), wanted.play(1.0))


def test_a_program_that_there_is_none_of_changes_nothing(player: Player, plain: Heard) -> None:
    assert_same(held_after(player, ProgramChange(0, 100)), plain)


def test_a_channel_plays_for_itself(player: Player, plain: Heard) -> None:
    """What is sent on channel 2 doesn't reach channel 1."""
    events = (PitchBend(1, 8191), ChannelPressure(1, 127), ProgramChange(1, 0))
    player.control((7, 0), (10, 0), (11, 0), (67, 127), (74, 127), channel=1)
    assert_same(held_after(player, *events), plain)


# --- Controllers -------------------------------------------------------------------------------


def test_cc_0_and_32_choose_the_bank_of_the_next_program_change(tiny: Instrument) -> None:
    presets = [tiny.spec.presets[STRAIGHT]] * 300
    presets[2 * 128 + 5] = tiny.spec.presets[EXPRESSIVE]
    presets[1 * 128 + 5] = tiny.spec.presets[EXPRESSIVE]
    many = replace(tiny, spec=replace(tiny.spec, presets=presets))
    straight, expressive = (held_after(Player(tiny, preset)) for preset in (STRAIGHT, EXPRESSIVE))
    for bank, wanted in ((0, straight), (1, expressive), (2, expressive)):
        player = Player(many, preset=0)
        player.control((0, 0), (32, bank))
        assert_same(held_after(player, ProgramChange(0, 5)), wanted)
    player = Player(many, preset=0)
    player.control((0, 1), (32, 0))  # bank 128
    assert_same(held_after(player, ProgramChange(0, 5)), straight)


def test_a_bank_takes_effect_with_the_program_change(tiny: Instrument) -> None:
    player = Player(tiny, preset=EXPRESSIVE)
    player.control((32, 1))
    assert_same(held_after(player), held_after(Player(tiny, preset=EXPRESSIVE)))


def test_cc_1_deepens_the_vibrato(tiny: Instrument) -> None:
    extents = []
    for value in (0, 64, 127):
        player = Player(tiny, preset=EXPRESSIVE)
        player.control((1, value))
        extents.append(held_after(player).pitch[100:].std())
    assert extents[1] == pytest.approx(2.0 * extents[0], rel=0.1)
    assert extents[2] == pytest.approx(3.0 * extents[0], rel=0.1)


@pytest.mark.parametrize("controller", [2, 11])
def test_cc_2_and_11_are_expression_which_the_timbre_follows(
    tiny: Instrument, plain: Heard, controller: int
) -> None:
    player = Player(tiny)
    player.control((controller, 64))
    soft = held_after(player)
    fainter_db = (soft.loudness - plain.loudness)[50:]
    assert fainter_db.mean() == pytest.approx(40.0 * np.log10(64 / 127), abs=0.5)
    np.testing.assert_array_equal(soft.only(soft.gain[..., 0]), plain.only(plain.gain[..., 0]))
    shapes = [heard.audio[0, HOP * 200 :] / np.abs(heard.audio).max() for heard in (soft, plain)]
    assert np.abs(shapes[0] - shapes[1]).max() > 1e-3


def test_cc_5_and_65_slide_from_key_to_key(tiny: Instrument) -> None:
    for time in (30, 64, 90):
        player = Player(tiny)
        player.control((65, 127), (5, time))
        player.send(NoteOn(0, 57, 80), NoteOff(0, 57))
        player.play(1.5)
        player.send(ON)
        path = player.play(1.0).pitch
        arrived = slide_frames(time)
        assert path[0] == pytest.approx(57.0, abs=0.5 + 30.0 / arrived)
        assert abs(path[arrived // 2] - 63.0) < 12.0 * 2.5 / arrived + 0.5
        assert np.all(np.diff(path[: arrived - 1]) > -0.05)
        assert np.abs(path[arrived + 1 :] - 69.0).max() < 0.4


def test_cc_65_off_plays_every_key_at_its_own_pitch(player: Player) -> None:
    player.control((65, 127), (5, 127), (65, 0))
    player.send(NoteOn(0, 57, 80), NoteOff(0, 57))
    player.play(1.5)
    player.send(ON)
    assert np.abs(player.play(0.5).pitch - 69.0).max() < 0.7


def test_cc_7_is_the_volume(player: Player, plain: Heard) -> None:
    player.control((7, 50))
    gains = held_after(player).gain / plain.gain
    np.testing.assert_allclose(gains[~np.isnan(gains)], 0.25, rtol=1e-4)


def test_cc_10_is_the_pan(tiny: Instrument) -> None:
    sides = []
    for value in (0, 64, 127):
        player = Player(tiny)
        player.control((10, value))
        gain = held_after(player).gain[-1]
        sides.append(gain[~np.isnan(gain)] / (100 / 127) ** 2)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(sides, [[1.0, 0.0], [half, half], [0.0, 1.0]], atol=1e-4)


def test_cc_64_holds_notes_until_the_pedal_is_up(player: Player) -> None:
    player.control((64, 127))
    player.send(ON)
    player.play(0.1)
    player.send(OFF, NoteOn(0, 76, 80))
    player.play(0.1)
    player.send(NoteOff(0, 76))
    held = player.play(GONE)
    assert held.keys() == [69, 76]
    player.control((64, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_66_holds_the_notes_whose_keys_are_down(player: Player) -> None:
    player.send(ON)
    player.play(0.1)
    player.control((66, 127))
    player.send(NoteOn(0, 76, 80))
    player.play(0.1)
    player.send(OFF, NoteOff(0, 76))
    assert player.play(GONE).keys() == [69]
    player.control((66, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_67_softens_the_next_notes(tiny: Instrument, player: Player, plain: Heard) -> None:
    player.control((67, 127))
    soft = held_after(player)
    assert np.mean(soft.loudness[50:] - plain.loudness[50:]) < -2.0
    as_soft = Player(tiny)
    as_soft.send(NoteOn(0, 69, 1 + round(SOFT * 79)))
    assert soft.loudness[50:].mean() == pytest.approx(
        as_soft.play(1.0).loudness[50:].mean(), abs=0.5
    )
    player.send(OFF)
    player.play(GONE)
    player.control((67, 0))
    assert held_after(player).loudness[50:].mean() == pytest.approx(
        plain.loudness[50:].mean(), abs=2.0
    )


def test_cc_68_joins_overlapping_notes(player: Player) -> None:
    player.control((68, 127))
    player.send(ON)
    player.play(0.3)
    player.send(NoteOn(0, 76, 80))
    player.play(0.3)
    player.send(OFF)
    joined = player.play(0.3)
    assert (joined.keys(), player.begun) == ([76], 1)
    player.send(NoteOff(0, 76))
    player.control((68, 0))
    player.play(GONE)
    player.send(ON, NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [69, 76]


@pytest.mark.parametrize(("axis", "controller"), [*enumerate((71, 72, 73, 74, 16, 17, 18, 19))])
def test_cc_71_to_74_and_16_to_19_turn_the_latent_axes_of_what_sounds(
    tiny: Instrument, axis: int, controller: int
) -> None:
    player, before = Player(tiny), Player(tiny)
    begun_there = Engine(
        tiny,
        EngineSettings(
            sample_rate=RATE,
            voices=8,
            preset=tiny.spec.presets[STRAIGHT].name,
            room_gain=0.0,
            knobs={tiny.spec.axes[axis].name: 1.0},
        ),
    )
    wanted = Player(tiny)
    wanted.engine = begun_there
    for each in (player, before, wanted):
        each.send(ON)
        each.play(0.4)
    player.control((controller, 127))
    turned, stayed, there = player.play(0.7), before.play(0.7), wanted.play(0.7)
    assert np.any(turned.loudness[100:] != stayed.loudness[100:])
    for curve, own in (("midi", 0.03), ("level_db", 0.5)):
        found, old, new = (heard.only(getattr(heard, curve)) for heard in (turned, stayed, there))
        np.testing.assert_allclose(found[100:], new[100:], atol=1e-3)
        assert found[0] == pytest.approx(old[0], abs=1e-6)
        assert np.abs(np.diff(found)).max() < own + np.abs(new - old).max() / 15.0


# --- Registered parameters ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coarse", "fine", "semitones"), [(12, 0, 12.0), (0, 50, 0.5), (7, 25, 7.25)]
)
def test_rpn_0_is_the_range_of_the_pitch_wheel(
    player: Player, plain: Heard, coarse: int, fine: int, semitones: float
) -> None:
    player.parameter(0, coarse, fine)
    bent = held_after(player, PitchBend(0, -8192))
    np.testing.assert_allclose(bent.pitch - plain.pitch, -semitones, atol=1e-3)


@pytest.mark.parametrize(
    ("coarse", "fine", "cents"), [(0, 0, -100.0), (96, 0, 50.0), (64, 64, 0.8)]
)
def test_rpn_1_tunes_finely(
    player: Player, plain: Heard, coarse: int, fine: int, cents: float
) -> None:
    player.parameter(1, coarse, fine)
    tuned = held_after(player)
    np.testing.assert_allclose(tuned.pitch - plain.pitch, cents / 100.0, atol=1e-3)


@pytest.mark.parametrize("semitones", [-12, 0, 7])
def test_rpn_2_tunes_by_semitones(player: Player, plain: Heard, semitones: int) -> None:
    player.parameter(2, 64 + semitones)
    np.testing.assert_allclose(held_after(player).pitch - plain.pitch, semitones, atol=1e-3)


def test_a_note_that_sounds_is_tuned_smoothly(player: Player, plain: Heard) -> None:
    player.send(ON)
    player.play(0.4)
    player.parameter(2, 65)
    tuned = player.play(0.6).pitch - plain.pitch[100:]
    assert tuned[0] == 0.0
    assert tuned[-1] == pytest.approx(1.0, abs=1e-3)
    assert 0.0 <= np.diff(tuned).min() <= np.diff(tuned).max() < 0.5


def test_cc_96_and_97_step_a_parameter(player: Player, plain: Heard) -> None:
    player.control((101, 0), (100, 2), (96, 0), (96, 0), (96, 0), (97, 0))
    np.testing.assert_allclose(held_after(player).pitch - plain.pitch, 2.0, atol=1e-3)


@pytest.mark.parametrize(
    "selected", [((101, 127), (100, 127)), ((99, 0), (98, 2)), ((101, 0), (100, 5))]
)
def test_data_entry_of_no_known_parameter_changes_nothing(
    player: Player, plain: Heard, selected: tuple[tuple[int, int], ...]
) -> None:
    """After RPN null, an NRPN, an RPN that there is no use for."""
    player.control((101, 0), (100, 2), *selected, (6, 100), (38, 3), (96, 0))
    assert_same(held_after(player), plain)


@pytest.mark.parametrize("controller", [3, 8, 9, 12, 20, 31, 43, 70, 75, 84, 91, 93, 119, 122])
def test_other_controllers_change_nothing(player: Player, plain: Heard, controller: int) -> None:
    player.control((controller, 0), (controller, 127))
    assert_same(held_after(player), plain)


# --- Channel modes -----------------------------------------------------------------------------


def test_cc_120_is_silence_within_12_ms_whatever_holds_a_note(player: Player) -> None:
    player.control((64, 127))
    player.send(ON, NoteOn(1, 60, 80))
    player.play(0.3)
    player.control((120, 0))
    cut = player.play(0.3)
    assert cut.voices()[3] == 1
    assert cut.keys() == [60]


def test_cc_121_resets_what_rp_015_says(player: Player, plain: Heard) -> None:
    player.control((1, 127), (11, 20), (64, 127), (65, 127), (66, 127), (67, 127), (68, 127))
    player.send(PitchBend(0, 8191), ChannelPressure(0, 127))
    player.control((121, 0))
    assert_same(held_after(player), plain)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_cc_121_keeps_volume_pan_program_tuning_and_knobs(tiny: Instrument) -> None:
    takes = []
    for reset in ((), ((121, 0),)):
        player = Player(tiny)
        player.send(ProgramChange(0, EXPRESSIVE))
        player.parameter(2, 70)
        player.control((7, 50), (10, 20), (74, 127), (126, 0), *reset)
        takes.append(held_after(player))
    assert_same(*takes)


def test_cc_121_lets_go_of_pressed_keys_and_lifts_pedals(tiny: Instrument) -> None:
    free, player = Player(tiny), Player(tiny)
    for each in (free, player):
        each.send(ON)
        each.play(0.3)
    player.send(KeyPressure(0, 69, 127), NoteOn(0, 76, 80))
    player.control((64, 127))
    player.send(NoteOff(0, 76))
    player.play(SETTLED)
    free.play(SETTLED)
    player.control((121, 0))
    settled, wanted = player.play(GONE), free.play(GONE)
    assert settled.keys() == [69]
    assert np.nanmax(settled.level_db[-1]) == pytest.approx(np.nanmax(wanted.level_db[-1]), abs=0.1)


@pytest.mark.parametrize("controller", [123, 124, 125, 126, 127])
def test_cc_123_to_127_release_all_notes_of_a_channel(player: Player, controller: int) -> None:
    player.send(ON, NoteOn(0, 76, 80), NoteOn(1, 60, 80))
    player.play(0.3)
    player.control((controller, 0))
    released = player.play(GONE)
    assert released.voices()[10] == 3
    assert released.keys() == [60]


def test_cc_123_respects_the_pedals(player: Player) -> None:
    player.control((64, 127))
    player.send(ON)
    player.control((123, 0))
    assert player.play(GONE).keys() == [69]
    player.control((64, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_126_plays_a_line_that_joins_its_notes(player: Player) -> None:
    player.control((126, 0))
    player.send(ON)
    player.play(0.3)
    for key in (81, 57):
        player.send(NoteOn(0, key, 80))
        line = player.play(0.3)
        assert (line.keys(), set(line.voices())) == ([key], {1})
    assert player.begun == 1


def test_cc_126_goes_back_to_a_key_that_is_still_down(player: Player) -> None:
    player.control((126, 0))
    player.send(ON, NoteOn(0, 72, 80), NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [76]
    player.send(NoteOff(0, 72), NoteOff(0, 76))
    back = player.play(0.3)
    assert (back.keys(), set(back.voices()), player.begun) == ([69], {1}, 1)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


@pytest.mark.parametrize(("gap", "begun"), [(0.04, 1), (0.12, 2)])
def test_cc_126_begins_anew_only_after_a_gap(player: Player, gap: float, begun: int) -> None:
    player.control((126, 0))
    player.send(ON)
    player.play(0.3)
    player.send(OFF)
    player.play(gap)
    player.send(NoteOn(0, 76, 80))
    player.play(0.1)
    assert player.begun == begun


def test_cc_126_slides_by_portamento_within_its_line(player: Player) -> None:
    player.control((126, 0), (65, 127), (5, 90))
    player.send(ON)
    player.play(0.5)
    player.send(NoteOn(0, 81, 80))
    path = player.play(1.0).pitch
    frames = slide_frames(90)
    assert path[frames // 2] == pytest.approx(75.0, abs=1.0)
    assert np.abs(path[frames + 2 :] - 81.0).max() < 0.4
    assert np.abs(np.diff(path)).max() < 12.0 * np.pi / 2.0 / frames + 0.1


def test_cc_127_plays_chords_again(player: Player) -> None:
    player.control((126, 0), (127, 0))
    player.send(ON, NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [69, 76]


# --- MPE ---------------------------------------------------------------------------------------


@pytest.fixture
def mpe(player: Player) -> Player:
    """With a lower zone of 3 members, in two of which a note is held."""
    player.parameter(6, 3)
    player.send(NoteOn(1, 60, 80), NoteOn(2, 72, 80))
    player.play(SETTLED)
    return player


def change_of(heard: Heard, curve: Float64, key: int) -> float:
    """How much a curve of the voice that began near a key has changed."""
    slot = int(np.nanargmin(np.abs(heard.midi[0] - key)))
    return float(curve[-1, slot] - curve[0, slot])


def test_rpn_6_makes_a_zone_whose_notes_bend_by_48_semitones_each(mpe: Player) -> None:
    mpe.send(PitchBend(1, 8191), PitchBend(2, -4096))
    assert mpe.play(SETTLED).keys() == [48, 108]


def test_in_a_zone_the_managers_wheel_bends_all_notes_by_two(mpe: Player) -> None:
    mpe.send(PitchBend(0, 8191))
    assert mpe.play(SETTLED).keys() == [62, 74]
    mpe.send(PitchBend(1, -2048))
    assert mpe.play(SETTLED).keys() == [50, 74]


def test_in_a_zone_the_bend_range_of_one_member_is_that_of_all(mpe: Player) -> None:
    mpe.parameter(0, 12, channel=3)
    mpe.send(PitchBend(1, 8191), PitchBend(2, 8191))
    assert mpe.play(SETTLED).keys() == [72, 84]


def test_in_a_zone_pressure_is_each_notes_own(tiny: Instrument, mpe: Player) -> None:
    mpe.send(ChannelPressure(2, 127))
    pressed = mpe.play(SETTLED)
    assert change_of(pressed, pressed.level_db, 72) == pytest.approx(PRESSURE_DB, abs=1.5)
    assert abs(change_of(pressed, pressed.level_db, 60)) < 1.5


def test_in_a_zone_cc_74_turns_its_axis_for_one_note(tiny: Instrument) -> None:
    takes = []
    for turned in (False, True):
        player = Player(tiny)
        player.parameter(6, 3)
        player.send(NoteOn(1, 60, 80), NoteOn(2, 72, 80))
        player.play(SETTLED)
        if turned:
            player.control((74, 127), channel=2)
        takes.append(player.play(SETTLED))
    slots = [int(np.nanargmin(np.abs(takes[0].midi[0] - key))) for key in (60, 72)]
    stayed, moved = (
        np.abs(takes[1].level_db[:, slot] - takes[0].level_db[:, slot]) for slot in slots
    )
    assert not stayed.any()
    assert moved[-1] > 0.05


def test_in_a_zone_the_managers_pedal_holds_all_notes(mpe: Player) -> None:
    mpe.control((64, 127))
    mpe.send(NoteOff(1, 60), NoteOff(2, 72))
    assert mpe.play(GONE).keys() == [60, 72]
    mpe.control((64, 0))
    assert mpe.play(GONE).voices()[-1] == 0


def test_in_a_zone_a_members_own_pedal_and_volume_mean_nothing(mpe: Player) -> None:
    mpe.control((64, 127), (7, 0), channel=1)
    gain = mpe.play(SETTLED).gain[-1]
    assert np.nanmin(gain) > 0.1
    mpe.send(NoteOff(1, 60))
    assert mpe.play(GONE).keys() == [72]


@pytest.mark.parametrize("controller", [120, 123])
def test_in_a_zone_the_manager_ends_all_notes(mpe: Player, controller: int) -> None:
    mpe.control((controller, 0))
    assert mpe.play(GONE).voices()[-1] == 0


def test_in_a_zone_the_managers_program_is_that_of_all_notes(tiny: Instrument) -> None:
    takes = []
    for channel, preset in ((0, STRAIGHT), (None, EXPRESSIVE)):
        player = Player(tiny, preset=preset)
        player.parameter(6, 3)
        if channel is not None:
            player.send(ProgramChange(channel, EXPRESSIVE))
        player.send(NoteOn(2, 72, 80))
        takes.append(player.play(0.5))
    assert_same(*takes)


def test_an_upper_zone_has_channel_16_as_its_manager(player: Player) -> None:
    player.parameter(6, 2, channel=15)
    player.send(NoteOn(14, 60, 80), NoteOn(12, 72, 80))
    player.play(0.1)
    player.send(PitchBend(15, 8191))
    assert player.play(SETTLED).keys() == [62, 72]


def test_configuring_a_zone_ends_its_notes(player: Player) -> None:
    player.control((64, 127), channel=1)
    player.send(NoteOn(1, 60, 80), NoteOn(5, 72, 80))
    player.play(0.1)
    player.parameter(6, 3)
    assert player.play(GONE).keys() == [72]


def test_a_zone_of_no_members_is_none(mpe: Player, tiny: Instrument) -> None:
    mpe.parameter(6, 0)
    mpe.play(GONE)
    mpe.send(NoteOn(1, 60, 80), PitchBend(0, 8191), PitchBend(1, 8191))
    assert mpe.play(SETTLED).keys() == [62]
