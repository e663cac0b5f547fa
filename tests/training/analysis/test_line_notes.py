"""Notes of a line are described as they were made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.analysis.line_notes import LEVEL_LABELS, PITCH_LABELS, note_table, tuning
from training.analysis.lines import Contour, Stretch

RATES = pytest.mark.parametrize("rate", [100, 125, 250])
SECONDS = 1.0


def described(
    rate: int,
    vibrato_cents: float = 0.0,
    slope_cents: float = 0.0,
    crescendo_db: float = 0.0,
    jitter_cents: float = 0.0,
    midi: float = 69.0,
) -> dict[str, float]:
    """One note with a vibrato of 5.5 Hz, a straight slope and a straight crescendo, described."""
    frames = round(SECONDS * rate)
    seconds, way = np.arange(frames) / rate, np.linspace(-0.5, 0.5, frames)
    noise = np.random.default_rng(0).standard_normal(frames)
    cents = (
        vibrato_cents * np.sin(2.0 * np.pi * 5.5 * seconds)
        + slope_cents * way
        + jitter_cents * noise
    )
    line = Contour(midi + cents / 100.0, np.ones(frames), -30.0 + crescendo_db * way, rate)
    (row,) = note_table(line, [Stretch(0, frames, midi)])
    return dict(zip([*PITCH_LABELS, *LEVEL_LABELS], row.tolist(), strict=True))


@RATES
def test_vibrato_is_as_wide_and_as_quick_as_it_was_made(rate: int) -> None:
    found = described(rate, vibrato_cents=20.0)
    assert found["vibrato_cents"] == pytest.approx(20.0, rel=0.12)
    assert found["vibrato_hz"] == pytest.approx(5.5, abs=0.3)
    assert found["jitter_cents"] < 2.0
    assert found["drift_cents"] < 2.5


@RATES
@given(slope_cents=st.floats(-30.0, 30.0), crescendo_db=st.floats(-12.0, 12.0))
def test_slopes_are_those_that_were_made(
    rate: int, slope_cents: float, crescendo_db: float
) -> None:
    found = described(rate, slope_cents=slope_cents, crescendo_db=crescendo_db)
    assert found["slope_cents"] == pytest.approx(slope_cents * 2.0 / 3.0, abs=1.5)
    assert found["slope_db"] == pytest.approx(crescendo_db * 2.0 / 3.0, abs=0.4)
    assert found["swell_db"] == pytest.approx(0.0, abs=0.1)
    assert found["range_db"] == pytest.approx(0.8 * abs(crescendo_db), abs=0.3)
    assert found["vibrato_cents"] < 2.0


def test_jitter_is_no_vibrato() -> None:
    found = described(250, jitter_cents=5.0)
    assert found["jitter_cents"] == pytest.approx(5.0, rel=0.2)
    assert found["vibrato_cents"] < 4.0


def test_short_and_unsure_notes_are_left_out() -> None:
    line = Contour(np.full(200, 69.0), np.ones(200), np.zeros(200), 100)
    line.confidence[100:] = 0.3
    notes = [Stretch(0, 10, 69.0), Stretch(20, 60, 69.0), Stretch(110, 180, 69.0)]
    assert len(note_table(line, notes)) == 1
    assert note_table(line, [], level=False).shape == (0, len(PITCH_LABELS))


@pytest.mark.parametrize("above", [-0.4, 0.0, 0.15, 0.49])
def test_a_line_is_as_far_from_the_keys_as_its_notes_are(above: float) -> None:
    notes = [Stretch(0, 40, key + above) for key in (60, 64, 67)]
    assert tuning(notes) == pytest.approx(above, abs=1e-6)
    line = Contour(np.full(40, 64 + above), np.ones(40), np.zeros(40), 100)
    (row,) = note_table(line, [Stretch(0, 40, 64 + above)], level=False)
    assert row[list(PITCH_LABELS).index("tuning_cents")] == pytest.approx(0.0, abs=0.1)


def test_silence_has_no_tuning() -> None:
    assert tuning([]) == 0.0


def test_octaves_by_which_a_tracker_errs_are_no_vibrato() -> None:
    midi = np.full(60, 58.0)
    midi[30:] += 12.0
    line = Contour(midi, np.ones(60), np.zeros(60), 100)
    (row,) = note_table(line, [Stretch(0, 60, 58.1)], level=False)
    assert row[list(PITCH_LABELS).index("vibrato_cents")] < 0.1
    assert row[list(PITCH_LABELS).index("drift_cents")] < 0.1
