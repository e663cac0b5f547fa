"""The model card: ``README.md`` in an instrument's folder, written from what the spec says."""

from __future__ import annotations

import dataclasses
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from instrument.files import replacing
from instrument.model.metrics import Metric, metric_values, three_digits
from instrument.model.spec import Graph, InstrumentSpec, Source, read_spec, write_spec
from instrument.model.tensors import (
    CONTEXT,
    ENCODER,
    ENVELOPE,
    NOTES,
    TIMBRE,
    TIME,
    VOICES,
    Tensors,
    axis_sizes,
)
from training.export.alarms import exported_alarms, few_notes
from training.export.destination import CARD_BEGINS, CARD_FILE, check_card
from training.export.metrics import METHODS, describe_metrics
from training.output import markdown_table

DIGITS = 4
ENCODER_SAID = (
    " The encoder makes no sound: it places a recorded note in the latent space. Its cents are "
    "from the median of the note's sustain, and its dB from the median without the first quarter."
)
TAUGHT = """
How near a diet comes to the full one depends on how long it is taught, and by how many lessons.
Those that ship were taught by more steps and lessons than `arco train diet` takes by itself, first
with 44 units in each layer, then with the 40 of these that counted most.
"""
NOTHING_ELSE = """ Nothing else was taken
from these performances."""


def _joins(spec: InstrumentSpec) -> str:
    """What its joins were measured in, if they were."""
    if not spec.performances:
        return ""
    rows = [[source.name, str(source.notes), source.licence] for source in spec.performances]
    table = markdown_table(["performance", "joins", "licence"], rows)
    learned = {source.name for source in spec.sources}
    alone = not any(source.name in learned for source in spec.performances)
    return f"""## What its joins were measured in

How a note of a line leads into the next, slurred or by a change of the bow: glide and overshoot of
the pitch, depth and width of the dip, noise and brightness of a new bow.{NOTHING_ELSE * alone}

{table}

"""


def metric_tables(metrics: Iterable[Metric]) -> str:
    """Metrics as Markdown: a heading and a table for each section."""
    parts = []
    for section, found in groupby(metrics, key=lambda metric: metric.section):
        members = list(found)
        columns = list(dict.fromkeys(of for metric in members for of in _sides(metric)))
        rows = [
            [
                metric.label,
                *(three_digits(sides[of]) if of in sides else "–" for of in columns),
                metric.unit,
            ]
            for metric in members
            for sides in [_sides(metric)]
        ]
        parts += [f"### {section or 'Others'}", METHODS.get(section, "")]
        parts.append(markdown_table(["", *(of or "value" for of in columns), "unit"], rows))
    return "\n\n".join(filter(None, parts)) or "Not evaluated yet."


def _sides(metric: Metric) -> dict[str, float]:
    """What was measured of → its value; the metric's own first."""
    return {metric.of: metric.value} | {one.of: one.value for one in metric.compared}


CONTEXT_SAYS = {
    "seconds": "how long the note sounds, s",
    "slurred": "1 if a slur leads into it from another note, else 0",
    "bowed": "1 if a change of the bow does, else 0",
}


def _tensors(spec: InstrumentSpec) -> Iterator[tuple[Graph, Tensors, dict[str, str]]]:
    """Each graph, its tensors, and what is in them."""
    curve = "dB, A-weighted"
    yield (
        spec.envelope,
        ENVELOPE,
        {
            "latent": "point of the latent space, N(0, 1) a dimension",
            "pitch": "MIDI note, may be fractional",
            "loudness": "0…1, quantile of the training notes' loudness",
            **CONTEXT_SAYS,
            "cents": "cents from the nominal pitch",
            "loudness_db": curve,
        },
    )
    yield (
        spec.timbre,
        TIMBRE,
        {
            "f0_hz": "Hz",
            "loudness_db": curve,
            "state": "zeros when a voice begins",
            "amplitude": "sum of the amplitudes of all harmonics, linear",
            "harmonics": "share of harmonic 1, 2, …; rows sum to 1",
            "noise": f"magnitudes of the noise filter from 0 to {spec.sample_rate // 2} Hz, linear",
            "next_state": "state for the frames that follow",
        },
    )
    if spec.encoder:
        yield (
            spec.encoder,
            ENCODER,
            {
                "cents": "of a recorded note, cents from its own tuning",
                "loudness_db": "dB, A-weighted, against its level",
                "pitch": "MIDI note",
                "loudness": "0…1, as above",
                **dict.fromkeys(CONTEXT, "as above"),
                "latent": "where it lies: the mean of the posterior",
            },
        )


def _graphs(spec: InstrumentSpec) -> str:
    sizes = {NOTES: "B", VOICES: "V", TIME: "T"} | axis_sizes(spec)
    rows = [
        [graph.file, way, f"`{name}`", f"[{', '.join(str(sizes[a]) for a in axes)}]", about[name]]
        for graph, tensors, about in _tensors(spec)
        for way, shapes in (("in", tensors.given(graph.inputs)), ("out", tensors.outputs))
        for name, axes in shapes.items()
    ]
    release = spec.envelope_size.release_frame
    return (
        markdown_table(["graph", "", "tensor", "shape", "what"], rows) + "\n\n"
        f"All run at {spec.frame_rate} frames a second, in 32-bit floats. B notes, V voices and "
        "T frames are free: one frame at a time live, many at once offline. Of an envelope, frames "
        f"0 to {release - 1} are attack and sustain, and from frame {release} on it holds the "
        "release, whatever the length of the note. White noise between −1 and 1 goes through the "
        f"noise filter.{ENCODER_SAID if spec.encoder else ''}"
    )


def _axes(spec: InstrumentSpec) -> str:
    rows = [
        [
            f"`{axis.name}`",
            axis.label,
            ", ".join(
                f"{name.rsplit('_', 1)[0].replace('_', ' ')} {change:+.1f}"
                for name, change in sorted(axis.effect.items(), key=lambda e: -abs(e[1]))[:3]
            ),
        ]
        for axis in spec.axes
    ]
    return markdown_table(["knob", "changes most", "from 0 to 1, in standard deviations"], rows)


def _alarms(spec: InstrumentSpec, notes: int) -> str:
    """What a person should not trust it for, as items of a list."""
    said = filter(None, [few_notes(notes), *exported_alarms(spec)])
    return "".join(f"- {text[0].upper()}{text[1:]}.\n" for text in said)


def _licences(sources: Iterable[Source]) -> str:
    """Those that are stated, as options of a command."""
    return "".join(
        f" \\\n  --licence {shlex.quote(f'{source.name}={source.licence}')}"
        for source in sources
        if source.licence not in ("", "not stated")
    )


def card(spec: InstrumentSpec) -> str:
    """The model card of an instrument, as Markdown."""
    name = shlex.quote(spec.name)
    low, high = spec.pitch_range
    notes = sum(source.notes for source in spec.sources)
    softest, loudest = spec.loudness_db[0], spec.loudness_db[-1]
    sources = markdown_table(
        ["source", "notes", "licence"],
        [[source.name, str(source.notes), source.licence] for source in spec.sources],
    )
    presets = markdown_table(
        ["program", "preset", "made from"],
        [[str(i), f"`{p.name}`", p.description] for i, p in enumerate(spec.presets)],
    )
    lines = " --performance PERFORMANCE" if "seconds" in spec.envelope.inputs else ""
    values = metric_values(spec.metrics)
    full, diet, taught = name, "", ""
    if "full_weights" in values:
        full = "FULL"
        diet = (
            f"\narco train diet FULL -o {name} --weights {values['weights']:.0f} \\\n"
            "  --features features.npz"
        )
        taught = TAUGHT
    joins = ""
    if spec.performances:
        joins = f"\narco train joins {full} PERFORMANCES{_licences(spec.performances)}"
    digests = ",\n".join(f"`{graph.file}` `{graph.sha256}`" for graph, _, _ in _tensors(spec))
    return f"""\
# {spec.name}

{spec.description}{CARD_BEGINS}{spec.digest}`. A variational
autoencoder gives every note its pitch and loudness over three seconds, and a DDSP decoder (Engel et
al. 2020) turns them into harmonics and filtered noise. Pitch is in cents around the nominal note,
so that every note is in tune by construction.

```
arco render song.mid -o song.wav --instrument {name}
```

## What it learned from

{notes} recordings of single notes, MIDI {low} to {high}, {softest:.0f} to {loudest:.0f} dB(A),
part of them held out for evaluation. The recordings themselves are not here.

{sources}

{_joins(spec)}## Graphs

{_graphs(spec)}

SHA-256: {digests}.

## Knobs

Orthogonal directions of the latent space: first those along which what was measured of the training
notes changes most, then the principal axes of what is left (called shape). A knob goes from the 5th
percentile of the training notes to the 95th; its label is what turning it was measured to change
most.

{_axes(spec)}

## Presets

A note is placed beside a training note of its preset, of like pitch and loudness.

{presets}

## Metrics

{metric_tables(spec.metrics)}

## Limits

- It knows single notes, played as these were: what it hasn't heard (other articulations, double
  stops, how a slur is really played) it cannot do; lines are joined from single notes.
- Below MIDI {low} and above MIDI {high} it plays, but nothing was learned there.
- No key is softer than the softest note it learned from, {softest:.0f} dB(A). Expression goes
  below, where the timbre is that of notes dying away.
- Most recordings are shorter than three seconds: what a longer note goes on with was learned from
  few of them.
- Timbre follows pitch and loudness alone: string, bow and room are whatever they were in the
  recordings of that pitch and loudness. Sources were brought to one level by a fit.
- A knob changes what the notes were measured to differ in, and may change other things with it.
{_alarms(spec, notes)}
## How it was made

```
arco train prepare RECORDINGS --instrument INSTRUMENT -o features.npz
arco train envelopes features.npz --run runs/envelopes{lines}
arco train timbre features.npz --run runs/timbre
arco train timbre features.npz --refine runs/timbre --run runs/refined
arco train export features.npz -o {full} \\
  --envelopes runs/envelopes --timbre runs/refined{_licences(spec.sources)}{joins}{diet}
arco train evaluate features.npz {name} \\
  --envelopes runs/envelopes --timbre runs/refined --record
```
{taught}"""


def write_card(spec: InstrumentSpec, folder: Path) -> None:
    """Write the model card into an instrument's folder.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with replacing(folder / CARD_FILE) as beside:
        beside.write_text(card(spec), encoding="utf-8")


def record_metrics(folder: Path, values: Mapping[str, float]) -> InstrumentSpec:
    """Put metrics into an instrument's spec, beside those it has, and write the card again.

    Values are rounded to four digits; what isn't finite, because there was nothing to measure, is
    left out.

    Args:
        folder: Of the instrument.
        values: By name; `training.export.metrics` describes them.

    Raises:
        InstrumentError: There is no instrument in the folder.
        OutputError: Nothing can be written in it, or its card is a person's own.
    """
    check_card(folder)
    spec = read_spec(folder)
    rounded = {name: float(f"{x:.{DIGITS}g}") for name, x in values.items() if math.isfinite(x)}
    metrics = describe_metrics(metric_values(spec.metrics) | rounded)
    spec = dataclasses.replace(spec, metrics=metrics)
    write_spec(spec, folder)
    write_card(spec, folder)
    return spec
