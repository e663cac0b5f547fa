"""What joins are like: measured in performances, written into an instrument's description."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.joins import Join
from instrument.model.join_table import USUAL, JoinClass
from instrument.model.spec import InstrumentSpec, Source, read_spec, write_spec
from training.analysis.lines import BOWED_DB, Contour, LineJoin, joins
from training.export.card import write_card
from training.export.destination import check_card

JUMP_SEMITONES = 1.5
"""Trackers blur smaller steps: glides are taken from larger ones."""

QUICK_SECONDS = 0.15
FEWEST = 30
SHARES = np.linspace(0.02, 0.98, 13)
"""Quantiles: the outermost joins may be errors."""

DIGITS = 2


def join_classes(measured: Sequence[LineJoin]) -> list[JoinClass]:
    """Classes of joins as an instrument's description has them, narrower ones first.

    Slurs and bow changes are told apart by their dips, and bow changes after quick notes from
    others. Noise and brightness stay as usual.
    """
    slurs = [join for join in measured if join.dip_db < BOWED_DB]
    bows = [join for join in measured if join.dip_db >= BOWED_DB]
    quick = [join for join in bows if join.before_ms < 1000.0 * QUICK_SECONDS]
    found = []
    for kind, chosen, seconds in (
        (Join.BOW, quick, (0.0, QUICK_SECONDS)),
        (Join.BOW, bows, (0.0, 1000.0)),
        (Join.SLUR, slurs, (0.0, 1000.0)),
    ):
        if len(chosen) >= FEWEST:
            found.append(_class(kind, chosen, seconds))
    return found


def record_joins(
    folder: Path, contours: Mapping[str, Contour], licences: Mapping[str, str]
) -> InstrumentSpec:
    """Measure joins, and write them into the description and the card of an instrument.

    Args:
        folder: Of the instrument.
        contours: Of performances, by name.
        licences: Of the performances, by name.

    Raises:
        UsageError: Too few joins are found, or a licence is of none of them.
        InstrumentError: There is no instrument in the folder.
        OutputError: Nothing can be written in it, or its card is a person's own.
    """
    check_card(folder)
    unknown = sorted(set(licences) - set(contours))
    if unknown:
        raise UsageError(f"--licence {unknown[0]}: there is no such performance")
    measured = {name: joins(contour) for name, contour in contours.items()}
    classes = join_classes([join for found in measured.values() for join in found])
    if not classes:
        found = sum(map(len, measured.values()))
        raise UsageError(f"{found} joins are too few to measure; give more or longer performances")
    performances = [
        Source(name, len(found), licences.get(name, "")) for name, found in measured.items()
    ]
    spec = dataclasses.replace(read_spec(folder), joins=classes, performances=performances)
    write_spec(spec, folder)
    write_card(spec, folder)
    return spec


def _class(kind: Join, chosen: Sequence[LineJoin], seconds: tuple[float, float]) -> JoinClass:
    usual = next(each for each in USUAL if each.kind == kind.value)
    jumps = [join for join in chosen if abs(join.semitones) >= JUMP_SEMITONES] or chosen
    return dataclasses.replace(
        usual,
        glide_ms=_quantiles([join.glide_ms for join in jumps]),
        dip_db=_quantiles([max(join.dip_db, 0.0) for join in chosen]),
        dip_ms=_quantiles([join.dip_ms for join in chosen]),
        overshoot_cents=_quantiles([join.overshoot_cents for join in jumps]),
        seconds=list(seconds),
    )


def _quantiles(values: Sequence[float]) -> list[float]:
    found: Float64 = np.quantile(np.array(values), SHARES)
    return [round(float(value), DIGITS) for value in found]
