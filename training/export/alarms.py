"""What tells that an instrument isn't to be trusted, before and after it is exported."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.model.dynamics import Dynamics
from instrument.model.metrics import metric_values
from instrument.model.spec import InstrumentSpec

FEW_NOTES = 40
FULL_SCALE_DB = 0.0
PLAYED = 32, 112  # velocities of ordinary playing
FLAT_DB = 3.0
MIN_ACTIVE = 10


def few_notes(notes: int) -> str:
    """What to expect of an instrument that learned from few notes; empty if there are enough."""
    if notes >= FEW_NOTES:
        return ""
    return (
        f"{notes} notes, and under {FEW_NOTES} an instrument knows little more than these: it "
        "repeats their attacks and vibrato, guesses keys and levels between them, and its metrics "
        "rest on few held-out notes; record more keys, each soft and loud"
    )


def level_alarms(loudness_db: Sequence[float] | Float64) -> list[str]:
    """Alarms of the levels that velocities are to have.

    Args:
        loudness_db: Of the training notes at equally spaced quantiles, dB(A); rising.
    """
    said = []
    loudest = float(loudness_db[-1])
    if loudest > FULL_SCALE_DB:
        said.append(
            f"its loudest note is at {loudest:.1f} dB(A), and nothing that was recorded is above "
            "0; see that each source has its own name and its dynamics"
        )
    velocities = Dynamics(loudness_db)
    places = [velocities.quantile(velocity) for velocity in PLAYED]
    low, high = np.interp(places, np.linspace(0.0, 1.0, len(loudness_db)), loudness_db)
    if high - low < FLAT_DB:
        said.append(
            f"its velocity curve is flat: velocity {PLAYED[1]} is {high - low:.1f} dB louder than "
            f"{PLAYED[0]}; give recordings of several dynamics that weren't normalised"
        )
    return said


def latent_alarms(active: float, latent: int) -> list[str]:
    """Alarms of the latent space.

    Args:
        active: Dimensions in which the posterior's mean varies by more than 0.01.
        latent: Dimensions in all.
    """
    if active >= min(MIN_ACTIVE, latent):
        return []
    return [
        f"the envelope model has collapsed: {active:.0f} of {latent} latent dimensions are active; "
        "train it longer or with a smaller β"
    ]


def exported_alarms(spec: InstrumentSpec) -> list[str]:
    """Alarms of an instrument that was exported, as far as its description tells."""
    measured = metric_values(spec.metrics)
    latent = spec.envelope_size.latent
    said = level_alarms(spec.loudness_db) + latent_alarms(measured.get("active", latent), latent)
    louder_db = measured.get("velocity_range_db", math.inf)
    if louder_db < FLAT_DB:
        said.append(f"played at velocity 127 it is {louder_db:.1f} dB louder than at 10")
    return said


def refuse(alarms: Sequence[str]) -> None:
    """Let nothing be exported for which there is an alarm.

    Raises:
        UsageError: There is one.
    """
    if alarms:
        raise UsageError(f"not exported: {'; and '.join(alarms)}; --anyway exports it as it is")
