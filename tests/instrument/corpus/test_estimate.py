"""What a corpus will be, told before it is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from instrument.corpus.estimate import estimate
from instrument.corpus.items import Form, Plan
from instrument.corpus.manifest import read_manifest
from instrument.corpus.variation import Range, Variation
from instrument.model.graphs import Instrument
from tests.instrument.corpus.conftest import Make


def test_hours_and_bytes_are_about_those_of_the_corpus(
    plan: Plan, tiny: Instrument, whole: Path
) -> None:
    told = estimate(plan, {tiny.spec.digest: tiny})
    rows = read_manifest(whole)
    assert (told.items, told.refused) == (len(rows), 2)
    assert told.tried == 3
    hours = sum(row["seconds"] for row in rows) / 3600
    assert told.hours == pytest.approx(hours, rel=0.2)
    size = sum(about["bytes"] for row in rows for about in row["files"])
    assert told.size == pytest.approx(size, rel=0.4)
    assert told.work_hours > 0


def test_what_will_be_refused_is_told(
    plan: Plan, tiny: Instrument, make_set: Make, tmp_path: Path
) -> None:
    variation = Variation(transpose=Range(-40, 0), room=Range(0, 0), outside="skip")
    plan = replace(plan, variants=3, variation=variation, form=Form(22_050, stems=False))
    told, made = estimate(plan, {tiny.spec.digest: tiny}), make_set(plan, tmp_path)
    assert (told.items, told.refused) == (len(made.rows), len(made.refused))
    assert told.items > told.tried
    assert told.refused > 3  # of the letter
