"""The compiled block: voices begin, go on and end without a seam, in time or late."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.frames import Frames, Onsets, hop_start
from instrument.dsp.limiter import LimiterState
from instrument.dsp.noise import impulse_response_matrix
from instrument.dsp.reverb import ReverbState
from instrument.dsp.state import FADE_SECONDS, Synth, SynthState
from instrument.dsp.synth import LONGEST_HOLD_HOPS, OUTPUT_GAIN, render_block

RATE = 48_000
HOP = 192
RING = 128
VOICES, HARMONICS, BANDS = 4, 20, 17
TAPS = 2 * (BANDS - 1)
FADE = round(FADE_SECONDS * RATE)
LOUDNESS = 1.0 / 40.0
"""Of the first harmonic of all voices: the limiter lets some of them pass bit by bit."""


class Hand:
    """The control thread, by hand: the controls of a voice hold until a test moves them.

    Attributes:
        synth: What plays.
        hop: In which voices begin now; the frame of the next one is written.
        f0_hz, amps, noise, gain: The controls of all slots, as they are written into frames.
    """

    def __init__(self, seed: int = 1, sample_rate: int = RATE) -> None:
        self.synth = Synth(
            sample_rate=sample_rate,
            matrix=impulse_response_matrix(BANDS, sample_rate, RATE),
            frames=Frames.empty(RING, VOICES, HARMONICS, BANDS),
            onsets=Onsets.empty(RING, HARMONICS),
            state=SynthState.empty(VOICES, HARMONICS, BANDS, TAPS, sample_rate, seed),
            reverb=ReverbState.empty(sample_rate, 0.0),
            limiter=LimiterState.empty(sample_rate),
        )
        self.f0_hz = np.zeros(VOICES)
        self.amps = np.tile(LOUDNESS / np.arange(1, HARMONICS + 1), (VOICES, 1))
        self.noise = np.zeros((VOICES, BANDS))
        self.gain = np.tile([0.8, 0.6], (VOICES, 1))
        self.hop = -1
        self._voice = np.zeros(VOICES, np.int64)
        self.begin_hop()

    def begin_hop(self) -> None:
        self.hop += 1
        self.synth.frames.voice[(self.hop + 1) % RING] = 0
        for slot in np.flatnonzero(self._voice):
            self._write(self.hop + 1, int(slot))
        self.synth.frames.ready[0] = self.hop + 2

    def begin(self, slot: int, f0_hz: float, noise: float = 0.0, inside: int = 0) -> None:
        """Begin a voice in this hop."""
        onsets = self.synth.onsets
        self._voice[slot] = onsets.ready[0] + 1
        self.f0_hz[slot] = f0_hz
        self.noise[slot] = noise
        self._write(self.hop, slot)
        self._write(self.hop + 1, slot)
        item = onsets.ready[0] % RING
        onsets.hop[item], onsets.inside[item], onsets.slot[item] = self.hop, inside, slot
        onsets.f0_hz[item] = f0_hz
        onsets.amps[item], onsets.gain[item] = self.amps[slot], self.gain[slot]
        onsets.ready[0] += 1

    def end(self, slot: int) -> None:
        """Let a voice fade away in the hop after the next one; from then on its slot is free."""
        self._voice[slot] = 0

    def _write(self, hop: int, slot: int) -> None:
        frames, row = self.synth.frames, hop % RING
        frames.voice[row, slot] = self._voice[slot]
        frames.f0_hz[row, slot] = self.f0_hz[slot]
        frames.amps[row, slot] = self.amps[slot]
        frames.noise[row, slot] = self.noise[slot]
        frames.gain[row, slot] = self.gain[slot]

    def play(self, samples: int) -> Float32:
        """What is heard without this hand moving, [2, samples]."""
        heard = np.full((2, samples), np.nan, np.float32)
        render_block(self.synth, heard[0], heard[1])
        return heard

    def hops(self, count: int) -> Float32:
        """What is heard in the next hops, each begun in time."""
        heard = []
        for _ in range(count):
            length = hop_start(self.hop + 1, self.synth.sample_rate) - self.position
            heard.append(self.play(length))
            self.begin_hop()
        return np.concatenate(heard, axis=1)

    @property
    def position(self) -> int:
        return int(self.synth.state.position[0])

    @property
    def late(self) -> tuple[int, int]:
        """How many frames and how many notes were late."""
        return int(self.synth.state.late_frames[0]), int(self.synth.state.late_notes[0])


def tone(f0_hz: float, samples: int) -> Float64:
    """What a voice sounds like, in float64 and without panning, from its first sample on."""
    place = np.arange(samples)
    number = np.arange(1, HARMONICS + 1)[:, np.newaxis]
    wave = (np.sin(2.0 * np.pi * number * f0_hz * place / RATE) / number * LOUDNESS).sum(axis=0)
    fade = 0.5 - 0.5 * np.cos(np.pi * np.minimum(place / FADE, 1.0))
    heard: Float64 = OUTPUT_GAIN * wave * fade
    return heard


def test_the_room_and_the_limiter_let_a_few_voices_pass() -> None:
    assert 3.0 * np.abs(tone(100.0, RATE // 10)).max() < 10.0 ** (-3.0 / 20.0)


# --- In time -----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(inside=st.integers(0, HOP - 1), f0_hz=st.floats(100.0, 1100.0))
def test_a_note_sounds_the_same_wherever_it_begins(inside: int, f0_hz: float) -> None:
    hand = Hand()
    hand.begin(2, f0_hz, inside=inside)
    heard = hand.hops(6)
    assert not heard[:, : inside + 1].any()
    wanted = tone(f0_hz, 6 * HOP - inside)
    assert heard[0, inside:] == pytest.approx(0.8 * wanted, abs=1e-6)
    assert heard[1, inside:] == pytest.approx(0.6 * wanted, abs=1e-6)
    assert hand.late == (0, 0)


@pytest.mark.parametrize("inside", [0, 1, HOP - FADE // 2, HOP - 1])
def test_noise_fades_in_as_well(inside: int) -> None:
    hand = Hand()
    hand.amps[:] = 0.0
    hand.begin(0, 440.0, noise=0.1, inside=inside)
    heard = np.abs(hand.hops(3)[0, inside:])
    delay = TAPS // 2
    assert heard[0] == 0.0
    fade = np.sin(np.pi / 2 * np.arange(FADE) / FADE) ** 2
    assert np.all(heard[:FADE] <= 0.08 * OUTPUT_GAIN * fade + 1e-6)
    assert heard[delay : delay + FADE].any()


def test_controls_glide_over_the_hop() -> None:
    hand = Hand()
    hand.amps[0] = np.where(np.arange(HARMONICS) == 0, 0.2, 0.0)
    hand.gain[0] = 0.0
    hand.begin(0, 300.0)
    heard = []
    for step in range(40):
        hand.gain[0] = step / 40
        hand.f0_hz[0] = 300.0 + 5.0 * step
        heard.append(hand.hops(1))
    swelling = np.concatenate(heard, axis=1)
    loudest = 0.2 * float(OUTPUT_GAIN)
    assert np.abs(swelling[:, -2 * HOP :]).max() == pytest.approx(loudest * 37 / 40, rel=0.01)
    assert np.abs(np.diff(swelling, axis=1)).max() < loudest * 2.0 * np.pi * 500.0 / RATE


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_the_same_seed_gives_the_same_bits(sample_rate: int) -> None:
    def render(seed: int) -> bytes:
        hand = Hand(seed, sample_rate)
        for slot in range(VOICES):
            hand.begin(slot, 200.0 + 30.0 * slot, noise=0.02)
        return hand.hops(20).tobytes()

    assert render(5) == render(5)
    assert render(5) != render(6)


def test_voices_have_noise_of_their_own() -> None:
    def noise_of(slot: int) -> Float32:
        hand = Hand()
        hand.amps[:] = 0.0
        hand.begin(slot, 440.0, noise=0.1)
        heard: Float32 = hand.hops(20)[0]
        return heard

    assert abs(np.corrcoef(noise_of(0), noise_of(1))[0, 1]) < 0.1


def test_voices_add_up() -> None:
    alone = []
    for slot, inside in ((0, 0), (1, 0), (3, 77)):
        hand = Hand()
        hand.begin(slot, 300.0 + slot, noise=0.02, inside=inside)
        alone.append(hand.hops(4))
    together = Hand()
    for slot, inside in ((0, 0), (1, 0), (3, 77)):
        together.begin(slot, 300.0 + slot, noise=0.02, inside=inside)
    assert together.hops(4) == pytest.approx(np.sum(alone, axis=0), abs=1e-6)


def test_a_voice_that_ends_fades_away_in_one_hop() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(3)
    hand.end(0)
    heard = hand.hops(4)[0]
    wanted = 0.8 * tone(300.0, 7 * HOP)[3 * HOP :]
    wanted[2 * HOP : 3 * HOP] *= 1.0 - np.arange(HOP) / HOP
    wanted[3 * HOP :] = 0.0
    assert heard == pytest.approx(wanted, abs=1e-6)


def test_a_new_voice_knows_nothing_of_the_one_before_in_its_slot() -> None:
    hand = Hand()
    hand.begin(0, 523.0, noise=0.1)
    hand.hops(3)
    hand.end(0)
    hand.hops(3)
    hand.begin(0, 300.0)
    unused = Hand()
    unused.begin(0, 300.0)
    np.testing.assert_array_equal(hand.hops(3), unused.hops(3))


def test_free_slots_are_silent_and_keep_their_state() -> None:
    hand = Hand()
    hand.begin(1, 300.0, noise=0.1)
    hand.hops(2)
    hand.end(1)
    hand.hops(3)
    state = hand.synth.state
    kept = (state.phase, state.seed, state.tail, state.age)
    before = [part.tobytes() for part in kept]
    assert not hand.hops(2).any()
    assert [part.tobytes() for part in kept] == before


# --- In blocks ---------------------------------------------------------------------------------


def write_music(hand: Hand, after_hop: Callable[[], object]) -> None:
    """A few voices that begin, move and end."""
    for hop in range(12):
        if hop % 5 == 1:
            hand.end(0)
        if hop in (0, 5, 10):
            hand.begin(0, 220.0 + 40.0 * hop, noise=0.02, inside=17 * hop)
        if hop == 2:
            hand.begin(3, 500.0, inside=150)
            hand.begin(1, 510.0, inside=150)
        hand.f0_hz *= 1.01
        hand.gain[:, 0] *= 0.95
        after_hop()
        hand.begin_hop()


def in_time(sample_rate: int) -> Float32:
    """What is heard where each hop is played as soon as its events are known."""
    hand = Hand(sample_rate=sample_rate)
    heard: list[Float32] = []
    write_music(
        hand, lambda: heard.append(hand.play(hop_start(hand.hop + 1, sample_rate) - hand.position))
    )
    assert hand.late == (0, 0)
    return np.concatenate(heard, axis=1)


def in_blocks(hand: Hand, sizes: Iterable[int], samples: int) -> Float32:
    heard = [hand.play(min(size, samples - hand.position)) for size in sizes]
    return np.concatenate([*heard, hand.play(samples - hand.position)], axis=1)


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 1000), max_size=30), sample_rate=st.sampled_from([44_100, 48_000])
)
def test_frames_far_ahead_and_any_blocks_give_the_same_bits(
    sizes: list[int], sample_rate: int
) -> None:
    wanted = in_time(sample_rate)
    ahead = Hand(sample_rate=sample_rate)
    write_music(ahead, lambda: None)
    heard = in_blocks(ahead, sizes, wanted.shape[1])
    np.testing.assert_array_equal(heard, wanted)
    assert np.abs(wanted).max() > 0.1
    assert ahead.late == (0, 0)


# --- Late --------------------------------------------------------------------------------------


def largest_step(heard: Float32 | Float64) -> float:
    return float(np.abs(np.diff(heard)).max())


def sine(hand: Hand, f0_hz: float, inside: int = 0) -> float:
    """Begin a sine in slot 0; returns a bound for its steps from sample to sample."""
    hand.amps[0] = np.where(np.arange(HARMONICS) == 0, 0.1, 0.0)
    hand.begin(0, f0_hz, inside=inside)
    turn, fade_in, glide = 2.0 * np.pi * f0_hz / RATE, np.pi / 2 / FADE, 1.0 / HOP
    return float(0.8 * 0.1 * OUTPUT_GAIN * (turn + fade_in + glide))


def test_a_voice_without_a_frame_goes_on_as_it_was_and_the_hops_are_counted() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    begun = hand.hops(4)
    late = hand.play(8 * HOP)
    for _ in range(8):
        hand.begin_hop()
    caught_up = hand.hops(4)
    assert hand.late == (6, 0)
    heard = np.concatenate([begun, late, caught_up], axis=1)[0]
    assert heard == pytest.approx(0.8 * tone(300.0, 16 * HOP), abs=1e-6)


@settings(max_examples=40)
@given(
    hops=st.integers(1, 2 * LONGEST_HOLD_HOPS),
    samples=st.integers(0, HOP),
    f0_hz=st.floats(200.0, 400.0),
    moved_hz=st.floats(200.0, 400.0),
    gain=st.floats(0.0, 0.8),
)
def test_frames_that_come_late_make_no_click(
    hops: int, samples: int, f0_hz: float, moved_hz: float, gain: float
) -> None:
    hand = Hand()
    bound = max(sine(hand, f0_hz), sine(hand, 400.0))
    hand = Hand()
    sine(hand, f0_hz)
    heard = [hand.hops(4), hand.play(hops * HOP + samples)]
    hand.f0_hz[0], hand.gain[0] = moved_hz, gain
    while hand.hop * HOP < hand.position:
        hand.begin_hop()
    heard.append(hand.hops(8))
    assert hand.late[0] > 0 or hops <= 2
    assert largest_step(np.concatenate(heard, axis=1)) < bound


def test_voices_whose_frames_never_come_are_silenced() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(4)
    ready = 2 * HOP
    held = hand.play(ready + LONGEST_HOLD_HOPS * HOP)[0]
    wanted = 0.8 * tone(300.0, 4 * HOP + len(held) + HOP)[4 * HOP :]
    assert held == pytest.approx(wanted[:-HOP], abs=1e-5)
    fading = hand.play(HOP)[0]
    assert fading == pytest.approx(wanted[-HOP:] * (1.0 - np.arange(HOP) / HOP), abs=1e-5)
    assert not hand.play(100 * HOP).any()


def test_frames_that_come_now_and_then_keep_a_voice_sounding() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    heard = []
    for _ in range(4):
        heard.append(hand.play(LONGEST_HOLD_HOPS * HOP))
        while hand.hop * HOP < hand.position:
            hand.begin_hop()
    wanted = 0.8 * tone(300.0, 4 * LONGEST_HOLD_HOPS * HOP)
    assert np.concatenate(heard, axis=1)[0] == pytest.approx(wanted, abs=1e-5)


def test_a_silenced_voice_is_back_when_its_frames_are() -> None:
    hand = Hand()
    bound = sine(hand, 300.0)
    hand.hops(4)
    hand.play(100 * HOP)
    while hand.hop * HOP < hand.position:
        hand.begin_hop()
    heard = hand.hops(10)[0]
    assert np.abs(heard[2 * HOP :]).max() > 0.99 * 0.8 * 0.1 * OUTPUT_GAIN
    assert largest_step(np.concatenate([[0.0], heard])) < bound


@pytest.mark.parametrize("now", [41, 100, 191, 192, 193, 400, 1000])
def test_a_voice_that_comes_late_begins_at_the_next_sample_and_is_counted(now: int) -> None:
    hand = Hand()
    before = hand.play(now)
    hand.begin(0, 300.0, inside=40)
    heard = [hand.play(1)]
    while hand.hop * HOP < hand.position:
        hand.begin_hop()
    heard.append(hand.hops(4))
    assert not before.any()
    assert hand.late[1] == 1
    after = np.concatenate(heard, axis=1)[0]
    assert after == pytest.approx(0.8 * tone(300.0, len(after)), abs=1e-6)


def test_a_voice_that_comes_at_its_sample_is_in_time() -> None:
    hand = Hand()
    hand.play(100)
    hand.begin(0, 300.0, inside=100)
    heard = hand.hops(3)[0]
    assert heard == pytest.approx(0.8 * tone(300.0, 3 * HOP - 100), abs=1e-6)
    assert hand.late == (0, 0)


def test_a_late_voice_takes_the_controls_that_it_has_by_now() -> None:
    hand = Hand()
    hand.play(3 * HOP + 10)
    hand.begin(0, 300.0)
    hand.begin_hop()
    for _ in range(4):
        hand.f0_hz[0] = 350.0
        hand.begin_hop()
    hand.hops(1)
    heard = hand.hops(40)[0]
    crossings = np.count_nonzero(np.diff(np.signbit(heard)))
    assert crossings * RATE / len(heard) / 2.0 == pytest.approx(350.0, rel=0.05)


def test_an_old_voice_whose_end_was_missed_fades_beneath_the_new_one_of_its_slot() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(5)
    heard = [hand.play(3 * HOP)]  # the last hop without its frame, in which it should have faded
    hand.end(0)
    for _ in range(3):
        hand.begin_hop()
    hand.begin(0, 500.0, inside=60)
    heard.append(hand.hops(4))
    assert hand.late == (1, 0)
    old = 0.8 * tone(300.0, 12 * HOP)[5 * HOP :]
    old[3 * HOP : 4 * HOP] *= 1.0 - np.arange(HOP) / HOP
    old[4 * HOP :] = 0.0
    new = np.concatenate([np.zeros(3 * HOP + 60), 0.8 * tone(500.0, 4 * HOP - 60)])
    assert np.concatenate(heard, axis=1)[0] == pytest.approx(old + new, abs=1e-6)


def test_a_new_voice_waits_until_the_old_one_of_its_slot_fades() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(5)
    heard = [hand.play(3 * HOP + 50)]
    hand.end(0)
    for _ in range(3):
        hand.begin_hop()
    hand.begin(0, 500.0, inside=60)
    heard.append(hand.hops(4))
    assert hand.late == (2, 1)
    old = 0.8 * tone(300.0, 12 * HOP)[5 * HOP :]
    old[4 * HOP : 5 * HOP] *= 1.0 - np.arange(HOP) / HOP
    old[5 * HOP :] = 0.0
    new = np.concatenate([np.zeros(4 * HOP), 0.8 * tone(500.0, 3 * HOP)])
    assert np.concatenate(heard, axis=1)[0] == pytest.approx(old + new, abs=1e-6)


def test_a_voice_that_is_over_before_it_could_begin_is_only_counted() -> None:
    hand = Hand()
    hand.play(8 * HOP)
    hand.begin(0, 300.0)
    hand.end(0)
    for _ in range(8):
        hand.begin_hop()
    assert not hand.hops(3).any()
    assert hand.late[1] == 1
    hand.begin(0, 500.0)
    assert hand.hops(2)[0] == pytest.approx(0.8 * tone(500.0, 2 * HOP), abs=1e-6)


@settings(max_examples=60)
@given(
    turns=st.lists(
        st.tuples(st.integers(0, 4 * HOP), st.integers(0, 8), st.booleans(), st.integers(0, 191)),
        max_size=40,
    )
)
def test_however_late_nothing_clicks_and_nothing_is_left(
    turns: list[tuple[int, int, bool, int]],
) -> None:
    """Both threads take turns of any length; one slot gets voice after voice."""
    hand = Hand()
    voice_bound = max(sine(Hand(), 300.0), sine(Hand(), 420.0))
    heard, notes, free_from, sounding = [np.zeros((2, 1), np.float32)], 0, 0, False
    for samples, hops, play_note, inside in turns:
        heard.append(hand.play(samples))
        for _ in range(min(hops, hand.position // HOP + RING - 4 - hand.hop)):
            hand.begin_hop()
        if sounding and not play_note:
            hand.end(0)
            free_from, sounding = hand.hop + 3, False
        elif play_note and not sounding and hand.hop >= free_from:
            sine(hand, 300.0 if notes % 2 else 420.0, inside)
            notes, sounding = notes + 1, True
    hand.end(0)
    while hand.hop * HOP < hand.position:
        hand.begin_hop()
    heard.append(hand.hops(RING))
    assert not heard[-1][:, -HOP:].any()
    assert int(hand.synth.state.started[0]) == notes
    # For a hop an old voice may fade beneath a new one.
    assert largest_step(np.concatenate(heard, axis=1)) < 2.0 * voice_bound
