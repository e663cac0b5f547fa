"""Descriptors: of a curve that was made to have them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.listening.descriptors import LABELS, OF_AXES, describe
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.units import FRAME_RATE

SECONDS = np.arange(FRAMES) / FRAME_RATE


def level(
    attack_seconds: float = 0.1, rise_db: float = 0.0, fall_db_a_frame: float = 0.5
) -> Float64:
    """A level that comes up from −30 dB, rises by so much in its sustain, and falls at its end."""
    sustain: Float64 = rise_db * (SECONDS / SECONDS[RELEASE_FRAME] - 0.5)
    curve: Float64 = sustain - 30.0 * np.clip(1.0 - SECONDS / attack_seconds, 0.0, 1.0)
    curve[RELEASE_FRAME:] = curve[RELEASE_FRAME] - fall_db_a_frame * np.arange(
        FRAMES - RELEASE_FRAME
    )
    return curve


@given(extent=st.floats(5.0, 40.0), rate_hz=st.floats(4.5, 7.5))
def test_vibrato_has_its_extent_and_rate(extent: float, rate_hz: float) -> None:
    found = describe(extent * np.sin(2.0 * np.pi * rate_hz * SECONDS), level())
    assert found["vibrato_cents"] == pytest.approx(extent, rel=0.03)
    assert found["vibrato_hz"] == pytest.approx(rate_hz, abs=0.1)
    assert found["jitter_cents"] < 0.03 * extent


def test_vibrato_begins_where_the_pitch_begins_to_swing() -> None:
    swinging = 20.0 * np.sin(2.0 * np.pi * 5.5 * SECONDS) * (SECONDS >= 1.0)
    assert describe(swinging, level())["vibrato_onset_ms"] == pytest.approx(1000.0, abs=60.0)


def test_jitter_is_the_fast_part_of_the_pitch() -> None:
    rng = np.random.default_rng(0)
    found = describe(rng.normal(0.0, 3.0, FRAMES), level())
    fast_share = 1.0 - 12.0 / (FRAME_RATE / 2.0)  # of the power of white noise
    assert found["jitter_cents"] == pytest.approx(3.0 * np.sqrt(fast_share), rel=0.1)


def test_an_attack_is_over_where_the_level_has_come_within_3_db() -> None:
    found = describe(np.zeros(FRAMES), level(attack_seconds=0.2))
    assert found["attack_ms"] == pytest.approx(180.0, abs=4.0)


def test_the_pitch_of_the_attack_is_against_that_of_the_sustain() -> None:
    scooped = np.full(FRAMES, 10.0)
    scooped[:25] -= 30.0
    assert describe(scooped, level())["scoop_cents"] == pytest.approx(-30.0)


def test_a_crescendo_is_the_rise_from_the_first_to_the_last_third() -> None:
    found = describe(np.zeros(FRAMES), level(rise_db=9.0))
    sustain = (RELEASE_FRAME - 50) / RELEASE_FRAME
    assert found["slope_db"] == pytest.approx(9.0 * sustain * 2.0 / 3.0, rel=0.02)
    assert found["swell_db"] == pytest.approx(0.0, abs=0.1)
    assert found["tremor_db"] < 0.1


def test_a_release_is_over_20_db_down() -> None:
    found = describe(np.zeros(FRAMES), level(fall_db_a_frame=0.5))
    assert found["release_ms"] == pytest.approx(160.0, abs=4.0)
    slow = describe(np.zeros(FRAMES), level(fall_db_a_frame=0.1))
    assert slow["release_ms"] == 400.0  # all that an envelope has


def test_what_lies_behind_the_known_sustain_is_not_described() -> None:
    cents, curve = 20.0 * np.sin(2.0 * np.pi * 5.5 * SECONDS), level()
    other = np.where(SECONDS < 1.2, cents, 300.0)
    end = round(1.2 * FRAME_RATE)
    names = ("vibrato_cents", "vibrato_hz", "vibrato_onset_ms", "drift_cents")
    known, changed = describe(cents, curve, end), describe(other, curve, end)
    assert {name: known[name] for name in names} == {name: changed[name] for name in names}


def test_every_descriptor_has_a_label() -> None:
    assert describe(np.zeros(FRAMES), level()).keys() == LABELS.keys()
    assert set(OF_AXES) < LABELS.keys()
