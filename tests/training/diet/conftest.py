"""A diet of the tiny instrument."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.model.graphs import Instrument, load_instrument
from training.diet.envelope import fit_envelope
from training.diet.export import export_diet
from training.diet.lessons import Lessons
from training.diet.trim import Criterion, importance, read_timbre, trimmed
from training.networks.spline import SplineDecoder, SplineSettings
from training.networks.timbre import TimbreDecoder


@pytest.fixture(scope="session")
def lessons(tiny: Instrument) -> Lessons:
    """A few lessons of the tiny instrument."""
    return Lessons(tiny, 6, seed=3)


@pytest.fixture(scope="session")
def read(tiny: Instrument) -> TimbreDecoder:
    """The tiny instrument's timbre, read from its graph."""
    return read_timbre(tiny)


@pytest.fixture(scope="session")
def fitted(tiny: Instrument) -> SplineDecoder:
    """A decoder of the tiny instrument's envelopes."""
    return fit_envelope(tiny, SplineSettings(tiny.spec.envelope_size.latent), seed=0, notes=300)


@pytest.fixture(scope="session")
def dieted(
    tiny: Instrument,
    read: TimbreDecoder,
    fitted: SplineDecoder,
    lessons: Lessons,
    tmp_path_factory: pytest.TempPathFactory,
) -> Instrument:
    """The tiny instrument, tinier."""
    folder: Path = tmp_path_factory.mktemp("diet") / "tinier"
    asked = lessons.asked(4)
    small = trimmed(read, importance(read, asked, Criterion.ACTIVATION), 8)
    export_diet(tiny, fitted, small, folder, {"harmonics_db": 1.5, "noise_db": 2.5})
    return load_instrument(folder)
