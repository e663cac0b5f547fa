"""The model card: ``README.md`` in an instrument's folder, written from what the spec says."""

from __future__ import annotations

import dataclasses
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from instrument.files import replacing
from instrument.model.spec import InstrumentSpec, read_spec, write_spec
from training.data.descriptors import LABELS

CARD_FILE = "README.md"


class Meaning(NamedTuple):
    """What a figure says, and in which unit."""

    text: str
    unit: str = ""


SHAPES = {
    "cents_mae": Meaning("pitch, mean error", "cents"),
    "db_mae": Meaning("loudness, mean error", "dB"),
    "pitch_variance": Meaning("pitch in the sustain of notes with vibrato, explained variance"),
    "loudness_variance": Meaning("loudness, explained variance"),
    "attack_cents_mae": Meaning("attack: pitch, mean error", "cents"),
    "attack_db_mae": Meaning("attack: loudness, mean error", "dB"),
    "attack_loudness_variance": Meaning("attack: loudness, explained variance"),
    "sustain_cents_mae": Meaning("sustain: pitch, mean error", "cents"),
    "sustain_db_mae": Meaning("sustain: loudness, mean error", "dB"),
    "sustain_loudness_variance": Meaning("sustain: loudness, explained variance"),
    "release_cents_mae": Meaning("release: pitch, mean error", "cents"),
    "release_db_mae": Meaning("release: loudness, mean error", "dB"),
    "release_loudness_variance": Meaning("release: loudness, explained variance"),
    "kl": Meaning("divergence of a note's posterior from N(0, I)", "nats"),
    "timbre_loss": Meaning("timbre: multi-scale spectral distance (Engel et al. 2020, eq. 4)"),
    "timbre_spectral_db": Meaning("timbre: log-spectral distance", "dB"),
    "timbre_loudness_db": Meaning("timbre: mean error of the loudness that was asked for", "dB"),
}
"""Figures that are there for held-out notes, training notes (``train_``) and PCA (``pca_``)."""

PLAYED = {
    "active": Meaning("active latent dimensions (posterior mean varies by more than 0.01)"),
    "source_vibrato_cents": Meaning("vibrato of held-out notes, median amplitude", "cents"),
    "reconstructed_vibrato_cents": Meaning("vibrato of their reconstructions", "cents"),
    "source_vibrato_hz": Meaning("vibrato of held-out notes, median rate", "Hz"),
    "reconstructed_vibrato_hz": Meaning("vibrato of their reconstructions", "Hz"),
    "played_cents": Meaning("pitch of played notes, every frame: median error", "cents"),
    "played_cents_p95": Meaning("the same: 95th percentile", "cents"),
    "played_crepe_cents": Meaning("the same by CREPE alone: median", "cents"),
    "played_note_cents": Meaning("tuning of played notes, vibrato averaged: median error", "cents"),
    "played_note_cents_p95": Meaning("the same: 95th percentile", "cents"),
    "played_unvoiced": Meaning("share of frames in which CREPE hears no pitch"),
    "velocity_rank": Meaning("velocity and loudness: Spearman's rank correlation"),
    "velocity_range_db": Meaning("louder at velocity 127 than at 10", "dB"),
    "recorded_vibrato_share": Meaning("recorded notes with vibrato, share"),
    "generated_vibrato_share": Meaning("generated notes with vibrato, share"),
    "recorded_vibrato_cents": Meaning("recorded vibrato, median amplitude", "cents"),
    "generated_vibrato_cents": Meaning("generated vibrato, median amplitude", "cents"),
    "recorded_vibrato_hz": Meaning("recorded vibrato, median rate", "Hz"),
    "generated_vibrato_hz": Meaning("generated vibrato, median rate", "Hz"),
    **{
        f"{side}_{name}": Meaning(f"{side} {LABELS[name]}, median", name.rsplit("_", 1)[1])
        for name in (
            *("attack_ms", "scoop_cents", "vibrato_onset_ms", "jitter_cents", "drift_cents"),
            *("swell_db", "slope_db", "tremor_db", "release_ms"),
        )
        for side in ("recorded", "generated")
    },
    **{
        f"distance_{name}": Meaning(f"{label}: Kolmogorov–Smirnov distance, 0 to 1")
        for name, label in LABELS.items()
    },
    "told_apart_linear": Meaning(
        "generated told from recorded by logistic regression, balanced accuracy"
    ),
    "told_apart_boosted": Meaning("the same by gradient boosting"),
    "real_apart_linear": Meaning("recorded told from other recorded by logistic regression"),
    "real_apart_boosted": Meaning("the same by gradient boosting"),
    "timbre_attack_db": Meaning(
        "log-spectral distance from held-out recordings, attack: resynthesis", "dB"
    ),
    "soundfont_attack_db": Meaning("the same: FluidR3_GM, at the keys that it has", "dB"),
    "generated_attack_db": Meaning("the same: generated notes", "dB"),
    "spectra_attack_db": Meaning(
        "the same: the recording's own harmonics and noise, about the most that can be reached",
        "dB",
    ),
    "take_attack_db": Meaning("the same: two takes of the noise from each other", "dB"),
    "timbre_sustain_db": Meaning(
        "log-spectral distance from held-out recordings, sustain: resynthesis", "dB"
    ),
    "soundfont_sustain_db": Meaning("the same: FluidR3_GM, at the keys that it has", "dB"),
    "generated_sustain_db": Meaning("the same: generated notes", "dB"),
    "spectra_sustain_db": Meaning(
        "the same: the recording's own harmonics and noise, about the most that can be reached",
        "dB",
    ),
    "take_sustain_db": Meaning("the same: two takes of the noise from each other", "dB"),
    "timbre_centroid_octaves": Meaning(
        "spectral centroid, resynthesis against recording: median difference", "octaves"
    ),
    "timbre_harmonic_db": Meaning(
        "harmonics against noise, resynthesis against recording: median difference", "dB"
    ),
    "recorded_harmonic_db": Meaning("recorded harmonics against noise, median", "dB"),
    "generated_harmonic_db": Meaning("generated harmonics against noise, median", "dB"),
    "recorded_brightness": Meaning(
        "recorded: rise of the centroid with loudness at equal pitch", "octaves / 10 dB"
    ),
    "generated_brightness": Meaning(
        "generated: rise of the centroid with loudness at equal pitch", "octaves / 10 dB"
    ),
    "recorded_pitch_repetition": Meaning(
        "long bows: largest autocorrelation of slow pitch after 1 s, median"
    ),
    "generated_pitch_repetition": Meaning("the same: held notes, as long as the bows"),
    "recorded_vibrato_repetition": Meaning("the same of the vibrato's extent: long bows"),
    "generated_vibrato_repetition": Meaning("the same of the vibrato's extent: held notes"),
    "recorded_loudness_repetition": Meaning("the same of loudness: long bows"),
    "generated_loudness_repetition": Meaning("the same of loudness: held notes"),
    "generated_common_repetition": Meaning(
        "held notes: highest peak of the mean autocorrelation over the notes"
    ),
    "generated_common_repetition_seconds": Meaning("its lag", "s"),
    "recorded_common_repetition": Meaning("the same: long bows"),
    "join_step_cents": Meaning(
        "legato joins: largest step of pitch in 4 ms (an octave's glide makes 209)", "cents"
    ),
    "join_step_db": Meaning("legato joins: largest step of loudness in 4 ms", "dB"),
    "join_flux_ratio": Meaning(
        "legato joins: largest spectral flux above 10 kHz, against that of the sustained parts"
    ),
    "join_attack_ratio": Meaning("the same, against that of attacks"),
    "knob_leak_cents": Meaning("furthest that a knob moves the pitch of a key", "cents"),
    "knob_leak_db": Meaning("furthest that a knob moves the loudness of a key", "dB"),
    "score_cents": Meaning(
        "audio of real pieces against their score, every frame: median", "cents"
    ),
    "score_note_cents": Meaning("the same, every note: median", "cents"),
    "score_pieces": Meaning("such pieces"),
    "score_notes": Meaning("such notes"),
    "onnx_difference": Meaning("largest difference of the graphs from the trained networks"),
}
"""Figures of the graphs and of what the instrument plays."""

BASIS = """\
A held-out note is encoded, and the graph decodes it at its own pitch and loudness. The graph sets
mean pitch and mean level itself, so that both are taken out of recording, reconstruction and PCA
alike before they are compared; only frames that were measured count. PCA has as many components as
the latent space has dimensions and was fitted to the same training notes. Explained variance is 1
where a curve is followed exactly and 0 where only its mean is.
"""


def number(value: float) -> str:
    """A figure as text, three digits of it."""
    return f"{value:.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars in the cells are escaped."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(" ".join(c.replace("|", "\\|").split()) for c in cells) + " |"

    rule = "|" + "---|" * len(head)
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def figure_tables(figures: Mapping[str, float]) -> str:
    """Figures with what each means, as Markdown: reconstruction first, then what is played."""
    sides = {"": "held-out notes", "train_": "training notes", "pca_": "PCA, held-out notes"}
    shown = {side: head for side, head in sides.items() if f"{side}cents_mae" in figures}
    rows = [
        [
            f"{meaning.text}{f' ({meaning.unit})' if meaning.unit else ''}",
            *(
                number(figures[side + name]) if side + name in figures else "–"
                for side in shown or [""]
            ),
        ]
        for name, meaning in SHAPES.items()
        if name in figures
    ]
    parts = []
    if rows:
        parts.append(BASIS + "\n" + table(["", *(shown.values() or ["held-out notes"])], rows))
    known = {side + name for side in sides for name in SHAPES}
    others = {name: figures[name] for name in PLAYED if name in figures}
    others |= {name: x for name, x in figures.items() if name not in known | PLAYED.keys()}
    if others:
        played = [
            [meaning.text, number(value), meaning.unit]
            for name, value in others.items()
            for meaning in [PLAYED.get(name, Meaning(name.replace("_", " ")))]
        ]
        parts.append(table(["", "", "unit"], played))
    return "\n\n".join(parts) or "Not evaluated yet."


def _graphs(spec: InstrumentSpec) -> str:
    latent, frames = spec.envelope_size.latent, spec.envelope_size.frames
    sizes = spec.timbre_size
    envelope = {
        "latent": (f"[B, {latent}]", "point of the latent space, N(0, 1) a dimension"),
        "pitch": ("[B]", "MIDI note, may be fractional"),
        "loudness": ("[B]", "0…1, quantile of the training notes' loudness"),
        "cents": (f"[B, {frames}]", "cents from the nominal pitch"),
        "loudness_db": (f"[B, {frames}]", "dB, A-weighted"),
    }
    timbre = {
        "f0_hz": ("[V, T]", "Hz"),
        "loudness_db": ("[V, T]", "dB, A-weighted"),
        "state": (f"[V, {sizes.state}]", "zeros when a voice begins"),
        "amplitude": ("[V, T]", "sum of the amplitudes of all harmonics, linear"),
        "harmonics": (f"[V, T, {sizes.harmonics}]", "share of harmonic 1, 2, …; rows sum to 1"),
        "noise": (
            f"[V, T, {sizes.noise_bands}]",
            f"magnitudes of the noise filter from 0 to {spec.sample_rate // 2} Hz, linear",
        ),
        "next_state": (f"[V, {sizes.state}]", "state for the frames that follow"),
    }
    rows = [
        [graph.file, way, f"`{tensor}`", *about.get(tensor, ("", ""))]
        for graph, about in ((spec.envelope, envelope), (spec.timbre, timbre))
        for way, tensors in (("in", graph.inputs), ("out", graph.outputs))
        for tensor in tensors
    ]
    release = spec.envelope_size.release_frame
    return (
        table(["graph", "", "tensor", "shape", "what"], rows) + "\n\n"
        f"Both run at {spec.frame_rate} frames a second, in 32-bit floats. B notes, V voices and "
        "T frames are free: one frame at a time live, many at once offline. Of an envelope, frames "
        f"0 to {release - 1} are attack and sustain, and from frame {release} on it holds the "
        "release, whatever the length of the note. White noise between −1 and 1 goes through the "
        "noise filter."
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
    return table(["knob", "changes most", "from 0 to 1, in standard deviations"], rows)


def card(spec: InstrumentSpec) -> str:
    """The model card of an instrument, as Markdown."""
    low, high = spec.pitch_range
    notes = sum(source.notes for source in spec.sources)
    softest, loudest = spec.loudness_db[0], spec.loudness_db[-1]
    sources = table(
        ["source", "notes", "licence"],
        [[source.name, str(source.notes), source.licence] for source in spec.sources],
    )
    presets = table(
        ["program", "preset", "made from"],
        [[str(i), f"`{p.name}`", p.description] for i, p in enumerate(spec.presets)],
    )
    licences = "".join(
        f" \\\n  --licence {shlex.quote(f'{source.name}={source.licence}')}"
        for source in spec.sources
        if source.licence != "not stated"
    )
    return f"""\
# {spec.name}

{spec.description}: an instrument for Arco, version `{spec.digest}`. A variational
autoencoder gives every note its pitch and loudness over three seconds, and a DDSP decoder (Engel et
al. 2020) turns them into harmonics and filtered noise. Pitch is in cents around the nominal note,
so that every note is in tune by construction.

```
arco render song.mid -o song.wav --instrument {spec.name}
```

## What it learned from

{notes} recordings of single notes, MIDI {low} to {high}, {softest:.0f} to {loudest:.0f} dB(A),
part of them held out for evaluation. The recordings themselves are not here.

{sources}

## Graphs

{_graphs(spec)}

SHA-256: `{spec.envelope.file}` `{spec.envelope.sha256}`, `{spec.timbre.file}`
`{spec.timbre.sha256}`.

## Knobs

Orthogonal directions of the latent space: first those along which what was measured of the training
notes changes most, then the principal axes of what is left (called shape). A knob goes from the 5th
percentile of the training notes to the 95th; its label is what turning it was measured to change
most.

{_axes(spec)}

## Presets

A note is placed beside a training note of its preset, of like pitch and loudness.

{presets}

## Figures

{figure_tables(spec.figures)}

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

## How it was made

```
arco train prepare RECORDINGS --instrument INSTRUMENT -o features.npz
arco train envelopes features.npz --run runs/envelopes
arco train timbre features.npz --run runs/timbre
arco train timbre features.npz --refine runs/timbre --run runs/refined
arco train export features.npz -o {spec.name} \\
  --envelopes runs/envelopes --timbre runs/refined{licences}
arco train evaluate features.npz {spec.name} \\
  --envelopes runs/envelopes --timbre runs/refined --record
```
"""


def write_card(spec: InstrumentSpec, folder: Path) -> None:
    """Write the model card into an instrument's folder.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with replacing(folder / CARD_FILE) as beside:
        beside.write_text(card(spec), encoding="utf-8")


def record_figures(folder: Path, figures: Mapping[str, float]) -> InstrumentSpec:
    """Put figures into an instrument's spec, beside those it has, and write the card again.

    Figures that aren't finite, because there was nothing to measure, are left out.

    Raises:
        InstrumentError: There is no instrument in the folder.
        OutputError: Nothing can be written in it.
    """
    spec = read_spec(folder)
    finite = {name: float(f"{x:.4g}") for name, x in figures.items() if math.isfinite(x)}
    spec = dataclasses.replace(spec, figures={**spec.figures, **finite})
    write_spec(spec, folder)
    write_card(spec, folder)
    return spec
