"""What joins are like: measured in performances, written into an instrument's description."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from instrument.arrays import Float64
from instrument.errors import RecordingError
from instrument.joins import Join
from instrument.model.join_table import LIMITS, USUAL, JoinClass
from instrument.model.reading import as_name
from instrument.model.spec import InstrumentSpec, Source, read_spec, write_spec
from training.analysis.lines import Contour, LineJoin, joins
from training.analysis.strokes import BowAttack
from training.export.card import write_card
from training.export.destination import check_card
from training.export.licences import check_licences, licence_of

JUMP_SEMITONES = 1.5
"""Trackers blur smaller steps: glides are taken from larger ones."""

QUICK_SECONDS = 0.15
FEWEST = 30
SHARES = np.linspace(0.02, 0.98, 13)
"""Quantiles: the outermost joins may be errors."""

ATTACK_SHARES = np.linspace(0.1, 0.9, 13)
"""The same of attacks, which are faint and short: more of them are errors."""

NOISIER_DB, DARKER_OCTAVES = 2.0, 0.25
"""A dip smears the harmonics: a new bow is measured so much noisier and darker there than it was
played, when an instrument plays the line of a performance in a like room."""

DIGITS = 2


def join_classes(
    measured: Sequence[LineJoin], attacks: Sequence[BowAttack] = ()
) -> list[JoinClass]:
    """Classes of joins as an instrument's description has them, narrower ones first.

    Slurs and bow changes are told apart by their dips, and bow changes after quick notes from
    others. Where too few attacks of new bows were measured, they stay as usual.
    """
    slurs = [join for join in measured if not join.bowed]
    bows = [join for join in measured if join.bowed]
    quick = [join for join in bows if join.before_ms < 1000.0 * QUICK_SECONDS]
    found = []
    for kind, chosen, seconds in (
        (Join.BOW, quick, (0.0, QUICK_SECONDS)),
        (Join.BOW, bows, (0.0, 1000.0)),
        (Join.SLUR, slurs, (0.0, 1000.0)),
    ):
        if len(chosen) >= FEWEST:
            found.append(_class(kind, chosen, seconds, attacks))
    return found


def record_joins(
    folder: Path,
    contours: Mapping[str, Contour],
    licences: Mapping[str, str],
    attacks: Sequence[BowAttack] = (),
) -> InstrumentSpec:
    """Measure joins, and write them into the description and the card of an instrument.

    Args:
        folder: Of the instrument.
        contours: Of performances, by name.
        licences: Of the performances, by name; ``*`` is of all others.
        attacks: Of new bows in all of them.

    Raises:
        RecordingError: Too few joins are found.
        UnknownName: A licence is of none of the performances.
        InstrumentError: There is no instrument in the folder.
        OutputError: Nothing can be written in it, or its card is a person's own.
    """
    check_card(folder)
    check_licences(licences, contours)
    measured = {name: joins(contour) for name, contour in contours.items()}
    classes = join_classes([join for found in measured.values() for join in found], attacks)
    if not classes:
        found = sum(map(len, measured.values()))
        raise RecordingError(
            f"{found} joins are too few to measure; give more or longer performances"
        )
    performances = [
        Source(as_name(name), len(found), licence_of(name, licences) or "")
        for name, found in measured.items()
    ]
    spec = dataclasses.replace(read_spec(folder), joins=classes, performances=performances)
    write_spec(spec, folder)
    write_card(spec, folder)
    return spec


def _class(
    kind: Join,
    chosen: Sequence[LineJoin],
    seconds: tuple[float, float],
    attacks: Sequence[BowAttack],
) -> JoinClass:
    usual = next(each for each in USUAL if each.kind == kind.value)
    jumps = [join for join in chosen if abs(join.semitones) >= JUMP_SEMITONES] or chosen
    found = dataclasses.replace(
        usual,
        glide_ms=_quantiles("glide_ms", [join.glide_ms for join in jumps]),
        dip_db=_quantiles("dip_db", [join.dip_db for join in chosen]),
        dip_ms=_quantiles("dip_ms", [join.dip_ms for join in chosen]),
        overshoot_cents=_quantiles("overshoot_cents", [join.overshoot_cents for join in jumps]),
        seconds=list(seconds),
    )
    among = set(chosen)
    bowed = [attack for attack in attacks if attack.join in among]
    if len(bowed) < FEWEST:
        return found
    return dataclasses.replace(
        found,
        noise_db=_narrowed(
            "noise_db", [a.noise_db - NOISIER_DB for a in bowed], [a.chance_db for a in bowed]
        ),
        brightness=_narrowed(
            "brightness",
            [a.brightness + DARKER_OCTAVES for a in bowed],
            [a.chance_octaves for a in bowed],
        ),
    )


def _narrowed(name: str, values: Sequence[float], chance: Sequence[float]) -> list[float]:
    """Quantiles of what was measured with errors, as wide as they were without them.

    Variances add up: those of the errors, known from the same measurement of what doesn't change,
    are taken off.
    """
    spread, error = (float(np.subtract(*np.quantile(of, (0.75, 0.25)))) for of in (values, chance))
    kept = math.sqrt(max(1.0 - (error / max(spread, 1e-9)) ** 2, 0.0))
    middle = float(np.median(values))
    narrowed = [middle + kept * (value - middle) for value in values]
    return _quantiles(name, narrowed, ATTACK_SHARES)


def _quantiles(name: str, values: Sequence[float], shares: Float64 = SHARES) -> list[float]:
    """Quantiles of a quantity, as far as an instrument can say them: a dip may be into silence."""
    limits = LIMITS[name]
    found: Float64 = np.quantile(np.clip(values, limits.low, limits.high), shares)
    return [round(float(value), DIGITS) for value in found]
