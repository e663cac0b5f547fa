"""The bounds of an engine's settings, which options, programs and takes share."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.render import RenderSettings
from instrument.settings import LIMITS, EngineSettings

LEAST_AND_LARGEST = [
    ("seed", 0, 2**64 - 1),
    ("voices", 1, 64),
    ("sample_rate", 22_050, 192_000),
    ("room_gain", 0.0, 1.0),
    ("humanize", 0.0, 2.0),
]

HUGE = 10**5000
"""More digits than Python writes."""


@pytest.mark.parametrize(("name", "least", "largest"), LEAST_AND_LARGEST)
def test_a_setting_may_be_anything_within_its_range(name: str, least: Any, largest: Any) -> None:
    for value in (least, largest):
        assert getattr(replace(EngineSettings(), **{name: value}), name) == value


@pytest.mark.parametrize(("name", "least", "largest"), LEAST_AND_LARGEST)
def test_a_setting_outside_its_range_is_refused(name: str, least: Any, largest: Any) -> None:
    strange: list[Any] = [math.nan, math.inf, -math.inf, 1e300, HUGE, -HUGE, "3", None, True, [3]]
    for value in (*strange, least - 1, largest + 1):
        with pytest.raises(UsageError, match=name.replace("_", " ")) as error:
            replace(EngineSettings(), **{name: value})
        assert len(str(error.value)) < 200


@pytest.mark.parametrize("name", [name for name, limits in LIMITS.items() if limits.whole])
def test_what_is_counted_is_a_whole_number(name: str) -> None:
    value = getattr(EngineSettings(), name)
    with pytest.raises(UsageError, match="whole number"):
        replace(EngineSettings(), **{name: value + 0.5})


def test_numbers_of_numpy_are_numbers() -> None:
    numbers: Any = {"voices": np.int32(4), "room_gain": np.float32(0.5), "bend_range": 2}
    settings = EngineSettings(**numbers, knobs={"swell": np.float64(1)})
    assert json.dumps(asdict(settings)) == json.dumps(
        asdict(EngineSettings(voices=4, room_gain=0.5, knobs={"swell": 1.0}))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"velocity_joins": 1},
        {"controls": 1},
        {"controls": ["gm2"]},
        {"velocity_joins": "on"},
        {"knobs": {"swell": 1.01}},
        {"knobs": {"swell": math.nan}},
        {"knobs": {"swell": "0.5"}},
        {"knobs": {"s" * 1000: 0.5}},
        {"knobs": {5: 0.5}},
        {"knobs": ["swell"]},
        {"mode": "duo"},
        {"mode": None},
        {"preset": 5},
        {"preset": "p" * 1_000_000},
    ],
)
def test_presets_and_knobs_have_names_and_knobs_positions(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        EngineSettings(**wrong)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("seconds", [-1.0, 3601.0, 1e9, math.nan, math.inf])
def test_a_tail_outside_its_range_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="tail_seconds"):
        RenderSettings(tail_seconds=seconds)
    with pytest.raises(UsageError, match="tail_seconds"):
        RenderSettings().chosen(tail_seconds=seconds)
