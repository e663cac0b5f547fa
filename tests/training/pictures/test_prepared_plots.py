"""The picture of what was prepared shows each note, each source and each reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.data.features import FeatureCache
from training.pictures.prepared_plots import prepared

GAINS = {"one": 0.0, "two": -6.0}


def test_notes_lie_at_their_pitch_and_dynamic_and_levels_by_source(
    features: FeatureCache, drawn: list[Figure], tmp_path: Path
) -> None:
    prepared(features, GAINS, [("wrong pitch", 3), ("clipped", 1)], tmp_path / "notes.png")
    counts, levels, reasons = drawn[0].axes
    (circles,) = counts.collections
    places = {(round(x), round(y)) for x, y in np.asarray(circles.get_offsets())}
    marks = [label.get_text() for label in counts.get_yticklabels()]
    dynamics = features.dynamic.tolist()
    assert {(midi, marks[row]) for midi, row in places} == set(
        zip(features.midi.tolist(), dynamics, strict=True)
    )
    found = np.concatenate([np.asarray(part.get_offsets())[:, 1] for part in levels.collections])
    np.testing.assert_allclose(np.sort(found), np.sort(features.level_db), atol=1e-4)
    legend = levels.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "+0.0 dB, n = 6: one",
        "-6.0 dB, n = 6: two",
    ]
    assert [label.get_text() for label in reasons.get_yticklabels()] == ["wrong pitch", "clipped"]
    assert [text.get_text() for text in reasons.texts] == ["3", "1"]


@pytest.mark.parametrize("source", ["", "$x_", "a\nb", "\\frac{", "_hidden", "x" * 200])
def test_labels_may_be_anything(source: str, features: FeatureCache, tmp_path: Path) -> None:
    odd = dataclasses.replace(
        features,
        source=np.full(len(features.source), source),
        dynamic=np.full(len(features.dynamic), ""),
    )
    for picture in (tmp_path / "notes.png", tmp_path / "notes.svg"):
        prepared(odd, {source: 0.0}, [("$\\frac", 1)] * 20, picture)
        assert picture.stat().st_size > 5000


def test_where_nothing_is_left_out_there_are_no_reasons(
    features: FeatureCache, drawn: list[Figure], tmp_path: Path
) -> None:
    prepared(features, GAINS, [], tmp_path / "notes.png")
    assert len(drawn[0].axes) == 2
