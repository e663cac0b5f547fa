"""What a corpus will be, told before it is made."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.corpus.estimate import estimate
from instrument.corpus.items import Form, Plan
from instrument.corpus.making import Outcome
from instrument.corpus.manifest import read_manifest
from instrument.corpus.variation import Range, Variation
from instrument.errors import OutputError
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


def test_without_room_for_trials_nothing_is_estimated(
    plan: Plan, tiny: Instrument, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    with pytest.raises(OutputError, match="temporary files"):
        estimate(plan, {tiny.spec.digest: tiny})
    (tmp_path / "full").mkdir()
    stopped = Outcome("", stop="mix.flac: cannot be written: no room")
    monkeypatch.setattr("instrument.corpus.estimate.make", lambda *_: stopped)
    with pytest.raises(OutputError, match="no room"):
        estimate(plan, {tiny.spec.digest: tiny})
    assert list((tmp_path / "full").iterdir()) == []
