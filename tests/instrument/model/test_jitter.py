"""The unsteadiness that a decoded envelope leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.model.graphs import Instrument
from instrument.model.jitter import POOL_FRAMES, Jitter
from instrument.model.spec import InstrumentSpec, JitterSpectra

FRAMES = 750
CENTS, DECIBELS = [3.0, 4.0], [0.3, 0.4]  # slow and fast
FLAT = [1.0, 1.0]


def shaky(
    spec: InstrumentSpec, slow: Sequence[float] = FLAT, fast: Sequence[float] = FLAT
) -> InstrumentSpec:
    """The same with jitter of one strength everywhere, and these spectra of its pitch."""
    points = [dataclasses.replace(p, jitter_cents=CENTS, jitter_db=DECIBELS) for p in spec.map]
    return dataclasses.replace(
        spec, map=points, jitter=JitterSpectra([list(slow), list(fast)], [FLAT, FLAT])
    )


def drawn(jitter: Jitter, begin: int) -> tuple[Float32, Float32]:
    """What a note is given, [750] each."""
    cents, loudness_db = np.zeros((2, FRAMES), np.float32)
    jitter.add(cents, loudness_db, 0, begin)
    return cents, loudness_db


def test_it_is_as_strong_as_it_was_measured_and_leaves_the_release_alone(tiny: Instrument) -> None:
    spec = shaky(tiny.spec)
    body = spec.envelope_size.release_frame
    jitter = Jitter(spec, 0)
    notes = [drawn(jitter, begin) for begin in range(0, POOL_FRAMES, 500)]
    for column, strength in enumerate((5.0, 0.5)):  # of both together
        curves = np.array([note[column] for note in notes])
        np.testing.assert_allclose(curves[:, :body].std(), strength, rtol=0.05)
        assert not curves[:, body:].any()


def test_it_has_the_spectrum_that_was_measured(tiny: Instrument) -> None:
    spec = shaky(tiny.spec, slow=[1.0, 0.0, 0.0, 0.0], fast=[0.0, 0.0, 0.0, 1.0])
    curve, _ = drawn(Jitter(spec, 0), 0)
    spectrum = np.fft.rfft(curve[: spec.envelope_size.release_frame])
    quarters = [float(np.sum(np.abs(part) ** 2)) for part in np.array_split(spectrum, 4)]
    assert quarters[1] + quarters[2] < 0.2 * sum(quarters)
    assert quarters[3] / quarters[0] == pytest.approx(16.0 / 9.0, rel=0.4)


def test_the_same_seed_gives_the_same_and_another_place_something_else(tiny: Instrument) -> None:
    spec = shaky(tiny.spec)
    np.testing.assert_array_equal(drawn(Jitter(spec, 1), 7), drawn(Jitter(spec, 1), 7))
    assert np.any(drawn(Jitter(spec, 1), 7)[0] != drawn(Jitter(spec, 2), 7)[0])
    assert np.any(drawn(Jitter(spec, 1), 7)[0] != drawn(Jitter(spec, 1), 8)[0])


def test_without_any_amount_of_it_curves_stay_as_they_are(tiny: Instrument) -> None:
    cents, loudness_db = drawn(Jitter(shaky(tiny.spec), 0, amount=0.0), 3)
    assert not cents.any()
    assert not loudness_db.any()


def test_a_stretch_may_begin_anywhere_in_the_pool(tiny: Instrument) -> None:
    jitter = Jitter(shaky(tiny.spec), 0)
    assert np.isfinite(drawn(jitter, POOL_FRAMES - 1)[0]).all()
    rng = np.random.default_rng(0)
    assert all(0 <= jitter.begin(rng) < POOL_FRAMES for _ in range(100))
