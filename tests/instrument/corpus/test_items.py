"""Scores, items and their keys."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.corpus.items import Form, Plan, read_shares, split_of
from instrument.corpus.scores import find_scores
from instrument.corpus.variation import Range, Variation
from instrument.errors import UsageError


def test_scores_are_found_in_folders_with_the_licence_beside_them(scores: Path) -> None:
    found = {score.name: score.licence for score in find_scores([scores, scores / "line.mid"])}
    assert found == {
        "scores/duets/two.mid": "scores/duets/LICENSE.txt",
        "scores/letter.mid": None,
        "scores/line.mid": None,
        "scores/same.mid": None,
    }


def test_a_score_that_is_there_twice_is_played_once(plan: Plan) -> None:
    names = [item.score.name for item in plan.items]
    assert len(names) == len(plan) == 2 * 3
    assert "scores/same.mid" not in names


def test_a_key_is_of_all_that_the_bytes_depend_on_and_of_nothing_else(plan: Plan) -> None:
    item = next(iter(plan.items))
    elsewhere = replace(item.score, path=Path("/elsewhere.mid"), name="elsewhere.mid", licence="x")
    assert replace(item, score=elsewhere).key == item.key
    others = [
        replace(item, score=replace(item.score, sha256="0" * 64)),
        replace(item, instrument="0" * 12),
        replace(item, number=9),
        replace(item, variant=replace(item.variant, tempo=1.01)),
        replace(item, form=replace(item.form, frame_rate=99.0)),
        replace(item, form=replace(item.form, stems=False)),
        replace(item, version="0"),
    ]
    assert len({item.key, *(other.key for other in others)}) == 1 + len(others)


def test_a_key_is_the_same_whatever_kind_of_number_is_given(plan: Plan) -> None:
    whole: Any
    number: Any
    keys = set()
    for whole, number in product((int, np.int64), (int, float, np.int64, np.float32)):
        variation = Variation(
            transpose=Range(whole(1), whole(3)),
            tempo=Range(number(2), number(2)),
            knobs={"swell": Range(number(0), number(1))},
        )
        form = Form(whole(48_000), number(100))
        given = replace(plan, variants=whole(2), seed=whole(3), variation=variation, form=form)
        keys.add(tuple(item.key for item in given.items))
    assert len(keys) == 1


def test_variants_of_a_score_are_in_one_split_and_splits_have_their_shares() -> None:
    rng = np.random.default_rng(1)
    digests = [rng.bytes(32).hex() for _ in range(2000)]
    splits = [split_of(digest, (0.8, 0.1, 0.1)) for digest in digests]
    for name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert splits.count(name) / 2000 == pytest.approx(share, abs=0.03)
    assert {split_of(digest, (1, 0, 0)) for digest in digests} == {"train"}


@pytest.mark.parametrize("text", ["", "1", "0.5,0.5", "0,0,0", "a,b,c", "-1,1,1", "nan,0,0"])
def test_what_are_no_shares_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--split"):
        read_shares(text)


@pytest.mark.parametrize(
    "variation",
    [
        Variation(presets=("no-such-preset",)),
        Variation(knobs={"no-such-knob": Range(0, 1)}),
        Variation(mode="violin"),
    ],
)
def test_what_an_instrument_lacks_is_refused_before_anything_is_made(
    plan: Plan, variation: Variation
) -> None:
    with pytest.raises(UsageError):
        replace(plan, variation=variation)
