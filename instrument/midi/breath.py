"""Scores that notes can't be heard in, since they wait for breath."""

from __future__ import annotations

from instrument.errors import UsageError
from instrument.midi.layouts import Layout
from instrument.midi.layouts.chart import blown_by
from instrument.midi.packed import values_of
from instrument.midi.score import Score


def check_breath(score: Score, layout: Layout) -> None:
    """Refuse a score without breath where notes wait for it; takes are as they were played.

    Raises:
        UsageError: In one sentence, what it lacks.
    """
    breath, roles = layout.breath, (layout.pressure, layout.slide)
    if breath is None or score.take is not None or "dynamics" in roles:
        return
    numbers = [number for number, role in layout.controllers.items() if role == "dynamics"]
    blown = set[int]().union(*(values_of(score.events, number) for number in numbers))
    if max(blown, default=0) < breath.begins:
        raise UsageError(
            f"no note would be heard: this layout's wait for breath, {blown_by(layout)} at "
            f"{breath.begins} or more, which the song hasn't got; choose other --controls"
        )
