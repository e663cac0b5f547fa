"""Frames and notes that come late are counted, and nothing clicks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.synth import LONGEST_HOLD_HOPS, OUTPUT_GAIN
from tests.instrument.dsp.synth_hand import FADE, HARMONICS, HOP, RATE, RING, Hand, tone


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


@pytest.mark.parametrize(("bend", "ease"), [(1.1, 1.0), (1.0, 0.5)])
def test_what_is_added_after_its_hop_has_begun_is_counted(bend: float, ease: float) -> None:
    hand = Hand()
    hand.begin(0, 300.0)
    hand.hops(3)
    hand.play(1)
    hand.add(bend, ease)
    state = hand.synth.state
    assert state.f0_hz[0] == 300.0
    hand.hops(1)
    hand.add(1.0, 1.0)
    hand.hops(2)
    assert hand.late == (1, 0)


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
