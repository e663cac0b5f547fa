"""The compiled block: voices begin, go on and end without a seam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.dsp import synth
from instrument.dsp.block import compile_kernels
from instrument.dsp.kernel_cache import kernel_folder
from instrument.dsp.synth import OUTPUT_GAIN
from tests.instrument.dsp.synth_hand import (
    FADE,
    HARMONICS,
    HOP,
    LOUDNESS,
    RATE,
    TAPS,
    VOICES,
    Hand,
    tone,
)


def test_a_voice_is_compiled_once() -> None:
    """In both places where it is called the types of what it is given are the same."""
    compile_kernels()
    folder = kernel_folder(Path(synth.__file__).parent)
    if folder is None:
        pytest.skip("machine code isn't kept")
    assert len(list(folder.rglob("synth._render_voice-*.nbc"))) == 1


def test_the_room_and_the_limiter_let_a_few_voices_pass() -> None:
    assert 3.0 * np.abs(tone(100.0, RATE // 10)).max() < 10.0 ** (-3.0 / 20.0)


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


def test_a_bend_is_added_by_the_middle_of_its_hop_and_the_end_of_a_note_by_its_end() -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(2)
    hand.f0_hz[0], hand.amps[0] = 330.0, hand.amps[0] / 2
    hand.hops(1)
    state = hand.synth.state
    before = state.phase[0]
    hand.add(bend=1.1, ease=0.5)
    hand.hops(1)
    cycles = (315.0 + 330.0) / 2 * HOP / RATE
    assert (state.phase[0] - before) % 1.0 == pytest.approx(cycles % 1.0, abs=1e-3)
    assert (state.f0_hz[0], state.amps[0, 0]) == pytest.approx((330.0, LOUDNESS / 2))
    hand.hops(1)
    assert (state.f0_hz[0], state.amps[0, 0]) == pytest.approx((330.0, LOUDNESS / 2))
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
    kept = (state.phase, state.noise_state, state.tail, state.age)
    before = [part.tobytes() for part in kept]
    assert not hand.hops(2).any()
    assert [part.tobytes() for part in kept] == before
