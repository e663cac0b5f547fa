"""The picture of where the cost grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.bench.metrics import Metric, Noise, Report, Row, Section
from instrument.bench.picture import check_drawable, draw
from instrument.cli import main
from instrument.errors import OutputError, UsageError

SHARE = {"p99 of budget": Metric("%", (3.0, 4.0))}


def report(*sections: Section) -> Report:
    return Report({}, Noise(1.0, 0.0, 0.0), sections)


WHOLE = report(
    Section(
        "Audio callback: a block",
        tuple(
            Row({"Hz": 48_000, "block": block, "voices": voices}, SHARE)
            for block in (64, 128)
            for voices in (1, 8)
        ),
    ),
    Section(
        "Control thread: a frame",
        tuple(Row({"Hz": 48_000, "voices": voices}, SHARE) for voices in (1, 8)),
    ),
    Section(
        "Widths: of the timbre",
        tuple(
            Row({"width": width, "voices": 1}, {"median": Metric("µs", (50.0,))})
            for width in (64, 128)
        ),
    ),
)


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_report_is_drawn(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"load{ending}"
    draw(WHOLE, path)
    assert path.stat().st_size > 5000


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    draw(report(*WHOLE.sections[:2]), tmp_path / "some.svg")
    draw(WHOLE, tmp_path / "all.svg")
    assert (tmp_path / "some.svg").stat().st_size < (tmp_path / "all.svg").stat().st_size


def test_another_ending_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"load\.gif: should end in \.png or \.svg"):
        check_drawable(tmp_path / "load.gif")


def test_live_there_is_nothing_to_draw(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--live", "--picture", "load.png"]) == 2
    assert "--picture" in capsys.readouterr().err


def test_a_missing_folder_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        check_drawable(tmp_path / "nowhere" / "load.png")
