"""What a person leaves out of recordings: a table of recordings, and of seconds inside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from instrument.errors import RecordingError, UsageError
from instrument.units import FRAME_RATE
from training.data.label_tables import as_typed, rows_of

COLUMNS = ("recording", "begin_s", "end_s")
MOST_SECONDS = 1e9


@dataclass(frozen=True)
class Span:
    """Seconds ``begin_s ≤ t < end_s`` of a recording."""

    begin_s: float
    end_s: float

    @property
    def frames(self) -> slice:
        """The frames in it, 250 a second."""
        last = None if math.isinf(self.end_s) else math.ceil(self.end_s * FRAME_RATE)
        return slice(math.floor(self.begin_s * FRAME_RATE), last)

    def touches(self, begin: int, end: int) -> bool:
        """Whether frames ``begin ≤ i < end`` reach into it."""
        return begin < self.end_s * FRAME_RATE and self.begin_s * FRAME_RATE < end


Spans = Mapping[str, Sequence[Span]]
"""Recording → what is left out of it."""


def read_left_out(path: Path) -> dict[str, list[Span]]:
    """Read a table with the columns ``recording``, ``begin_s`` and ``end_s``.

    A recording is named by its path in the folder, or by its file's name. A row without seconds is
    of all of it. Columns are parted as in a table of labels.

    Raises:
        UsageError: It cannot be read, lacks a column, or a row has no such seconds.
    """
    try:
        columns, rows = rows_of(path)
    except RecordingError as error:
        raise UsageError(str(error)) from error
    if not set(COLUMNS) <= set(columns):
        raise UsageError(f"{path}: the columns should be {', '.join(COLUMNS)}")
    found: dict[str, list[Span]] = {}
    for line, cells in rows:
        recording, begin, end = (cells.get(column, "") for column in COLUMNS)
        span = _span(begin, end)
        if span is None or not recording:
            raise UsageError(
                f"{path}, line {line}: {recording}, {begin}, {end}: should be a recording, and "
                "where in it a part begins and ends, in seconds"
            )
        found.setdefault(as_typed(recording), []).append(span)
    return found


def _span(begin: str, end: str) -> Span | None:
    if not begin and not end:
        return Span(0.0, math.inf)
    try:
        span = Span(_seconds(begin) if begin else 0.0, _seconds(end) if end else math.inf)
    except ValueError:
        return None
    return span if 0.0 <= span.begin_s < span.end_s else None


def _seconds(text: str) -> float:
    """Seconds as they are typed, with the comma that many spreadsheets write, too.

    Raises:
        ValueError: No recording has so many.
    """
    seconds = float(text.replace(",", ".", 1))
    if not (seconds <= MOST_SECONDS or math.isinf(seconds)):
        raise ValueError(text)
    return seconds


def spans_of(name: str, left_out: Spans) -> Sequence[Span]:
    """What is left out of a recording."""
    names = {as_typed(name), as_typed(PurePosixPath(name).name)}
    return [span for one in sorted(names) for span in left_out.get(one, ())]


def unmatched(names: Sequence[str], left_out: Spans) -> list[str]:
    """What is to be left out and isn't there."""
    known = {as_typed(each) for name in names for each in (name, PurePosixPath(name).name)}
    return [name for name in left_out if name not in known]
