"""What varies: drawn within its range, and from nothing but seed, score and number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from instrument.corpus.variation import TEMPO, Range, Variant, Variation
from instrument.errors import UsageError
from instrument.midi.filters import TRANSPOSE
from instrument.settings import POSITION

VARIED = Variation(
    transpose=Range(-1, 2),
    tempo=Range(0.8, 1.2),
    velocity=Range(-20, 20),
    presets=("gentle", "expressive"),
    knobs={"swell": Range(0, 1)},
    joins=("slur", "bow"),
    room=Range(0, 0.5),
    humanize=Range(0.5, 1.5),
)
MANY = 400


@pytest.fixture(scope="module")
def drawn() -> list[Variant]:
    return [VARIED.draw(1, "score", number) for number in range(MANY)]


def test_what_is_drawn_fills_its_range_evenly(drawn: list[Variant]) -> None:
    counts = Counter(variant.transpose for variant in drawn)
    assert {*counts} == {-1, 0, 1, 2}
    assert min(counts.values()) > MANY / 4 * 0.7
    for name, low, high in (("tempo", 0.8, 1.2), ("room", 0, 0.5), ("humanize", 0.5, 1.5)):
        values = sorted(getattr(variant, name) for variant in drawn)
        assert low <= values[0] < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values[-1] <= high
    assert {variant.preset for variant in drawn} == {"gentle", "expressive"}
    assert {variant.joins for variant in drawn} == {"slur", "bow"}
    assert len({variant.seed for variant in drawn}) == MANY


def test_another_range_leaves_the_others_as_they_were(drawn: list[Variant]) -> None:
    other = replace(VARIED, transpose=Range(-12, 12), presets=()).draw(1, "score", 7)
    assert replace(other, transpose=drawn[7].transpose, preset=drawn[7].preset) == drawn[7]


def test_seed_score_and_number_draw_another_variant(drawn: list[Variant]) -> None:
    others = VARIED.draw(2, "score", 7), VARIED.draw(1, "other", 7), VARIED.draw(1, "score", 8)
    assert len({variant.seed for variant in (drawn[7], *others)}) == 4
    assert VARIED.draw(1, "score", 7) == drawn[7]


def test_ranges_are_read_as_they_are_typed() -> None:
    assert Range.read("--transpose", "-5..5", TRANSPOSE) == Range(-5, 5)
    assert Range.read("--tempo", "0.8..1.2", TEMPO) == Range(0.8, 1.2)
    assert Range.read("--tempo", "2", TEMPO) == Range(2, 2)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", POSITION),
        ("0.2..", POSITION),
        ("..0.2", POSITION),
        ("0.9..0.1", POSITION),
        ("0..1.5", POSITION),
        ("nan..1", POSITION),
        ("-2.5..3", TRANSPOSE),
        ("0..61", TRANSPOSE),
        ("0..1", TEMPO),
    ],
)
def test_what_is_no_range_is_refused_by_its_name(text: str, limits: object) -> None:
    with pytest.raises(UsageError, match=r"^--option "):
        Range.read("--option", text, limits)  # type: ignore[arg-type]


def test_a_joining_that_there_isnt_is_refused() -> None:
    with pytest.raises(UsageError, match="joins"):
        Variation(joins=("slur", "glue"))
