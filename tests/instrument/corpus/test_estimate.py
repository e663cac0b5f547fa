"""What a corpus will be, told before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.corpus.estimate import estimate
from instrument.corpus.items import Plan
from instrument.corpus.manifest import read_manifest
from instrument.model.graphs import Instrument


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
