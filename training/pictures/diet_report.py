"""The curve of a diet: a table, its data and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from instrument.model.metrics import three_digits
from training.diet.curve import GROUPS, Rung
from training.output import make_folder, markdown_table, plain, write_json
from training.pictures import plots

DATA, PICTURE = "curve.json", "curve"
ALLOWED_PERCENT = 5.0
COSTS = {
    "weights": "weights",
    "bytes": "bytes",
    "note_macs": "multiplications a note",
    "frame_macs": "a frame",
    "note_ms": "note, ms",
    "cold_note_ms": "cold, ms",
    "frame_us": "frame, µs",
    "cold_frame_us": "cold, µs",
    "run_us": "of 32, µs",
    "memory_mb": "memory, MB",
}


def curve_report(rungs: Sequence[Rung], folder: Path) -> str:
    """Write ``curve.json`` and pictures of the curve into a folder.

    Returns:
        Its tables, as Markdown.

    Raises:
        OutputError: Nothing can be written there.
    """
    make_folder(folder)
    write_json([plain(rung) for rung in rungs], folder / DATA)
    draw_curve(rungs, folder / PICTURE)
    costs = [[rung.name, *(three_digits(rung.costs[name]) for name in COSTS)] for rung in rungs]
    lost = [[rung.name, *(_worst(rung, group) for group in GROUPS)] for rung in rungs[1:]]
    return "\n\n".join(
        (
            markdown_table(["", *COSTS.values()], costs),
            markdown_table(["worst of", *GROUPS], lost),
        )
    )


def _worst(rung: Rung, group: str) -> str:
    worst = rung.worst(group)
    return f"{worst[1]:+.1f} % {worst[0]}" if worst else "–"


def draw_curve(rungs: Sequence[Rung], path: Path) -> None:
    """Weights against how much the worst metric of each group is worse, and against time."""
    figure, (quality, time) = plt.subplots(1, 2, figsize=(13, 4), layout="constrained")
    ordered = sorted(rungs, key=lambda rung: rung.costs["weights"])
    for group in GROUPS:
        points = [(r.costs["weights"], r.worst(group)) for r in ordered]
        known = [(weights, worst[1]) for weights, worst in points if worst]
        if known:
            quality.plot(*zip(*known, strict=True), marker="o", label=group)
    quality.axhline(ALLOWED_PERCENT, color="0.6", linewidth=0.8, linestyle="--")
    quality.set(xscale="log", xlabel="weights", ylabel="worst metric, % worse than the full one's")
    quality.set_yscale("symlog", linthresh=ALLOWED_PERCENT)
    quality.set_ylim(bottom=-ALLOWED_PERCENT)
    if quality.get_legend_handles_labels()[0]:
        plots.legend_beside(quality)
    weights = [rung.costs["weights"] for rung in ordered]
    for name, label in (("frame_us", "one frame"), ("run_us", "a frame, of 32 at once")):
        time.plot(weights, [rung.costs[name] for rung in ordered], marker="o", label=label)
    time.set(xscale="log", yscale="log", xlabel="weights", ylabel="timbre of a voice, µs")
    plots.legend_beside(time)
    plots.save(figure, path)
