"""What joins are like is measured in performances and written into an instrument."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import RecordingError, UsageError
from instrument.joins import Join
from instrument.model.join_table import join_class
from instrument.model.spec import read_spec
from training.analysis.lines import BOWED_DB, Contour, LineJoin
from training.analysis.strokes import BowAttack
from training.export.joins import (
    DARKER_OCTAVES,
    NOISIER_DB,
    QUICK_SECONDS,
    join_classes,
    record_joins,
)

MANY = 60


def made(dip_db: float, before_ms: float = 300.0, semitones: float = 2.0) -> LineJoin:
    return LineJoin(0, semitones, 4.0, dip_db, 30.0, -2.0, before_ms, 300.0)


@pytest.fixture
def folder(tiny_instrument: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_instrument, tmp_path / "instrument"))


def line(notes: int, dip_db: float) -> Contour:
    """Notes of 0.3 s, a whole tone up and down."""
    size = 75
    midi = np.repeat(62.0 + 2.0 * (np.arange(notes) % 2), size)
    level = np.full(notes * size, -30.0)
    for number in range(1, notes):
        level[number * size - 4 : number * size + 4] -= dip_db
    return Contour(midi, np.ones(len(midi)), level, 250)


def test_dips_tell_slurs_from_bow_changes() -> None:
    rng = np.random.default_rng(0)
    slurs = [made(dip) for dip in rng.uniform(0.0, BOWED_DB - 0.1, MANY)]
    bows = [made(dip) for dip in rng.uniform(BOWED_DB, 12.0, MANY)]
    found = join_classes(slurs + bows)
    assert [each.kind for each in found] == ["bow", "slur"]
    bow, slur = found
    assert np.median(bow.dip_db) == pytest.approx(
        np.median([join.dip_db for join in bows]), abs=0.1
    )
    assert max(slur.dip_db) < BOWED_DB < min(bow.dip_db) + 0.3


def test_quick_notes_have_a_class_of_their_own() -> None:
    quick, slow = [made(4.0, 1000.0 * QUICK_SECONDS - 10.0)] * MANY, [made(8.0)] * MANY
    found = join_classes(quick + slow)
    assert np.median(join_class(found, Join.BOW, 2.0, 0.1, 0.5).dip_db) == pytest.approx(4.0)
    assert np.median(join_class(found, Join.BOW, 2.0, 1.0, 0.5).dip_db) > 4.0


def attacks(join: LineJoin, noise_db: list[float], chance_db: list[float]) -> list[BowAttack]:
    return [
        BowAttack(join, noise, 0.1, chance, 0.0)
        for noise, chance in zip(noise_db, chance_db, strict=True)
    ]


def test_the_noise_of_new_bows_is_what_was_measured_without_its_errors() -> None:
    rng = np.random.default_rng(0)
    of_bows, errors, other_errors = (rng.normal(0.0, sd, MANY) for sd in (3.0, 4.0, 4.0))
    found = join_classes(
        [made(8.0)] * MANY,
        attacks(made(8.0), list(6.0 + of_bows + errors), list(other_errors)),
    )
    noise_db = found[0].noise_db
    assert np.median(noise_db) == pytest.approx(6.0 - NOISIER_DB, abs=1.5)
    spread = np.subtract(*np.quantile(noise_db, (0.75, 0.25)))
    assert spread < np.subtract(*np.quantile(of_bows + errors, (0.75, 0.25)))
    assert found[0].brightness == [pytest.approx(0.1 + DARKER_OCTAVES)] * len(noise_db)


def test_few_attacks_leave_the_noise_as_usual() -> None:
    few = attacks(made(8.0), [9.0] * MANY, [0.0] * MANY)[:5]
    usual = join_class([], Join.BOW, 2.0, 1.0, 0.5)
    assert join_classes([made(8.0)] * MANY, few)[0].noise_db == usual.noise_db


def test_glides_are_taken_from_steps_that_trackers_can_see() -> None:
    found = join_classes(
        [made(8.0)] * MANY + [LineJoin(0, 1.0, 40.0, 8.0, 30.0, 0.0, 300.0, 300.0)]
    )
    assert max(found[0].glide_ms) == 4.0


def test_an_instrument_says_what_was_measured_and_where(folder: Path) -> None:
    spec = record_joins(folder, {"one": line(50, 8.0), "two": line(50, 1.0)}, {"one": "CC BY 4.0"})
    assert read_spec(folder) == spec
    assert [each.kind for each in spec.joins] == ["bow", "slur"]
    assert [(each.name, each.licence) for each in spec.performances] == [
        ("one", "CC BY 4.0"),
        ("two", ""),
    ]
    card = (folder / "README.md").read_text()
    assert "CC BY 4.0" in card
    assert "two" in card


def test_one_licence_may_be_of_all_other_performances(folder: Path) -> None:
    licences = {"one": "CC BY 4.0", "*": "CC0"}
    spec = record_joins(folder, {"one": line(50, 8.0), "two": line(50, 1.0)}, licences)
    assert [each.licence for each in spec.performances] == ["CC BY 4.0", "CC0"]


@pytest.mark.parametrize(
    "name", ["two  spaces", "x" * 300, "line\n\x1b[2J", "caf\udce9", "\u200e1"]
)
def test_a_performance_of_any_name_leaves_an_instrument_that_plays(folder: Path, name: str) -> None:
    spec = record_joins(folder, {name: line(50, 8.0)}, {name: "CC0"})
    assert read_spec(folder) == spec
    assert [each.licence for each in spec.performances] == ["CC0"]


def test_notes_with_silence_between_them_leave_an_instrument_that_plays(folder: Path) -> None:
    spec = record_joins(folder, {"gated": line(50, 70.0)}, {})
    assert read_spec(folder) == spec


def test_too_few_joins_change_nothing(folder: Path) -> None:
    before = (folder / "instrument.json").read_bytes()
    with pytest.raises(RecordingError):
        record_joins(folder, {"one": line(5, 8.0)}, {})
    assert (folder / "instrument.json").read_bytes() == before


def test_a_licence_of_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError):
        record_joins(folder, {"one": line(50, 8.0)}, {"other": "CC0"})
