"""Notes and joins of a line are measured as they were made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from training.analysis.lines import Contour, joins, stretches

RATE = 250
NOTE_SECONDS = 0.4


def line(
    keys: list[float],
    glide_seconds: float = 0.0,
    dip_db: float = 0.0,
    dip_seconds: float = 0.04,
    vibrato_cents: float = 0.0,
    rate: int = RATE,
) -> Contour:
    """Notes that follow each other: linear glides, dips like a cosine, both around the joins."""
    seconds = np.arange(round(len(keys) * NOTE_SECONDS * rate)) / rate
    midi = np.full(len(seconds), float(keys[0]))
    level = np.full(len(seconds), -30.0)
    for number, (before, after) in enumerate(pairwise(keys), start=1):
        since = seconds - number * NOTE_SECONDS
        way = np.clip(since / max(glide_seconds, 1e-6) + 0.5, 0.0, 1.0)
        midi += (after - before) * way
        inside = np.abs(since) < dip_seconds
        level -= dip_db * np.where(inside, 0.5 + 0.5 * np.cos(np.pi * since / dip_seconds), 0.0)
    midi = midi + vibrato_cents / 100.0 * np.sin(2.0 * np.pi * 5.5 * seconds)
    return Contour(midi, np.ones(len(seconds)), level, rate)


def column(contour: Contour, name: str) -> Float64:
    return np.array([getattr(join, name) for join in joins(contour)])


def test_every_note_of_a_line_is_found() -> None:
    keys = [60.0, 62.0, 64.0, 65.0, 67.0, 64.0]
    found = stretches(line(keys, vibrato_cents=20.0))
    assert [note.midi for note in found] == pytest.approx(keys, abs=0.1)
    assert [note.end - note.begin for note in found] == pytest.approx(6 * [100], abs=6)


@given(
    glide_seconds=st.floats(0.0, 0.06),
    dip_db=st.floats(1.0, 20.0),
    step=st.sampled_from([-5.0, -3.0, -1.0, 1.0, 2.0, 4.0]),
)
def test_glide_and_dip_are_those_that_were_made(
    glide_seconds: float, dip_db: float, step: float
) -> None:
    made = line([64.0, 64.0 + step, 64.0], glide_seconds, dip_db)
    assert len(joins(made)) == 2
    assert column(made, "glide_ms") == pytest.approx(700.0 * glide_seconds, abs=6.0)
    assert column(made, "dip_db") == pytest.approx(dip_db, abs=0.1)
    assert column(made, "semitones") == pytest.approx([step, -step], abs=0.01)


def test_a_jump_takes_a_frame_at_most() -> None:
    assert column(line([60.0, 62.0, 64.0]), "glide_ms").max() <= 4.0


@pytest.mark.parametrize("dip_seconds", [0.02, 0.04, 0.06])
def test_the_width_of_a_dip_is_half_as_deep(dip_seconds: float) -> None:
    made = line([60.0, 62.0], dip_db=10.0, dip_seconds=dip_seconds)
    assert column(made, "dip_ms") == pytest.approx(1000.0 * dip_seconds, abs=8.0)


def test_contours_of_other_rates_are_measured_alike() -> None:
    made = [line([60.0, 62.0, 60.0], 0.04, 8.0, rate=rate) for rate in (100, 250)]
    coarse, fine = (column(contour, "glide_ms").mean() for contour in made)
    assert coarse == pytest.approx(fine, abs=10.0)
    for contour in made:
        assert column(contour, "dip_db") == pytest.approx(8.0, abs=0.5)


@pytest.mark.parametrize(
    "keys", [[60.0, 60.5], [60.0, 72.0], [60.0]], ids=["vibrato", "an octave", "one note"]
)
def test_what_is_no_step_or_skip_is_no_join(keys: list[float]) -> None:
    assert joins(line(keys)) == []


def test_notes_with_a_rest_between_are_not_joined() -> None:
    made = line([60.0, 62.0])
    rest = slice(80, 120)
    made.confidence[rest] = 0.0
    assert joins(made) == []


def test_where_nothing_is_sure_there_is_nothing() -> None:
    noise = np.random.default_rng(0).uniform(40.0, 90.0, 1000)
    assert joins(Contour(noise, np.zeros(1000), np.zeros(1000), RATE)) == []
