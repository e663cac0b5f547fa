"""Where the cost grows: a picture of the load against voices, block and width of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instrument.bench.metrics import Report, Row, Section
from instrument.errors import UsageError, install
from instrument.files import check_writable, replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AUDIO, CONTROL, WIDTHS = "Audio callback", "Control thread", "Widths"
"""What the titles of the sections that are drawn begin with."""

ENDINGS = (".png", ".svg")
FRAME_US = 4000.0
HALF_PERCENT = 50.0
DOTS_PER_INCH = 110


def check_drawable(path: Path) -> None:
    """See to it that a picture can be drawn, before anything is measured for it.

    Raises:
        UsageError: matplotlib isn't installed, or the ending isn't one that is drawn.
        OutputError: Nothing can be written there.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: should end in {' or '.join(ENDINGS)}")
    if find_spec("matplotlib") is None:
        raise UsageError(f"--picture needs matplotlib, which isn't here: {install('train')}")
    check_writable(path)


def draw(report: Report, path: Path) -> None:
    """Draw a report.

    Args:
        report: With the engine's sections.
        path: Of the picture, see `check_drawable`.

    Raises:
        OutputError: It can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11.0, 3.6), layout="constrained")
    by_voices, by_block, by_width = figure.subplots(1, 3, sharey=True)
    rate = max((row.labels["Hz"] for row in _rows(report, AUDIO)), key=int, default=48_000)
    audio = [row for row in _rows(report, AUDIO) if row.labels["Hz"] == rate]
    control = [row for row in _rows(report, CONTROL) if row.labels["Hz"] == rate]
    blocks, voices = _values(audio, "block"), _values(audio, "voices")
    for block in blocks:
        rows = [row for row in audio if row.labels["block"] == block]
        _curve(by_voices, rows, "voices", _share, f"audio, block {block}")
    _curve(by_voices, control, "voices", _share, "control, a frame ahead", "k--")
    for count in voices:
        rows = [row for row in audio if row.labels["voices"] == count]
        _curve(by_block, rows, "block", _share, _voices(count))
    widths = _rows(report, WIDTHS)
    for count in _values(widths, "voices"):
        rows = [row for row in widths if row.labels["voices"] == count]
        _curve(by_width, rows, "width", _share_of_frame, _voices(count))
    for axes, label, title in (
        (by_voices, "voices", "p99 of audio callback and control thread"),
        (by_block, "samples in a block", "p99 of the audio callback"),
        (by_width, "units of a layer", "median of the timbre's graph, a frame"),
    ):
        axes.set_xscale("log", base=2)
        axes.set_xlabel(label)
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.set_title(title, fontsize="medium")
        axes.axhline(HALF_PERCENT, color="0.7", linewidth=0.8)
        axes.grid(visible=True, color="0.92")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small")
    by_voices.set_ylabel(f"% of the time there is, at {rate} Hz")
    by_voices.set_ylim(0.0, None)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=DOTS_PER_INCH)


def _rows(report: Report, title: str) -> list[Row]:
    found: Iterable[Section] = (s for s in report.sections if s.title.startswith(title))
    return [row for section in found for row in section.rows]


def _values(rows: list[Row], label: str) -> list[int]:
    return sorted({int(row.labels[label]) for row in rows})


def _share(row: Row) -> float:
    return row.metrics["p99 of budget"].value


def _share_of_frame(row: Row) -> float:
    return 100.0 * row.metrics["median"].value / FRAME_US


def _curve(
    axes: Axes,
    rows: list[Row],
    label: str,
    height: Callable[[Row], float],
    name: str,
    *style: Any,  # noqa: ANN401
) -> None:
    axes.plot(
        [int(row.labels[label]) for row in rows],
        [height(row) for row in rows],
        *(style or ("o-",)),
        markersize=4,
        label=name,
    )


def _voices(count: int) -> str:
    return "1 voice" if count == 1 else f"{count} voices"
