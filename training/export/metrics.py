"""What every metric says: its label, its unit, and what it is compared with.

Evaluation measures values by name. Here alone they become the metrics of ``instrument.json``, which
the model card, ``arco info`` and reports print as they find them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from instrument.listening.descriptors import LABELS
from instrument.model.metrics import Comparison, Metric, undescribed

UNITS = {"ms": "ms", "cents": "cents", "db": "dB", "hz": "Hz"}
"""Last part of a descriptor's name → its unit."""


class Description(NamedTuple):
    """What a metric says.

    Attributes:
        label: What was measured.
        unit: Of the value.
        of: What it was measured of.
        compared: Names of the values that it is compared with → what these were measured of.
        main: Whether a summary should show it.
    """

    label: str
    unit: str = ""
    of: str = ""
    compared: Mapping[str, str] = {}
    main: bool = False


def _reconstructed(
    name: str, label: str, unit: str = "", *, main: bool = False
) -> dict[str, Description]:
    """What is measured of held-out notes, of training notes, and of PCA."""
    compared = {f"train_{name}": "training notes", f"pca_{name}": "PCA"}
    return {name: Description(label, unit, "held-out notes", compared, main)}


def _segment(segment: str) -> dict[str, Description]:
    return (
        _reconstructed(f"{segment}_cents_mae", f"{segment}: pitch, mean error", "cents")
        | _reconstructed(f"{segment}_db_mae", f"{segment}: loudness, mean error", "dB")
        | _reconstructed(f"{segment}_loudness_variance", f"{segment}: loudness, explained variance")
    )


def _generated(name: str, label: str, unit: str = "") -> dict[str, Description]:
    """What is measured of generated and of recorded notes."""
    compared = {f"recorded_{name}": "recorded notes"}
    return {f"generated_{name}": Description(label, unit, "generated notes", compared)}


def _distance(part: str) -> dict[str, Description]:
    label = f"{part}: log-spectral distance from held-out recordings"
    compared = {
        f"generated_{part}_db": "generated notes",
        f"soundfont_{part}_db": "FluidR3_GM, at its keys",
        f"spectra_{part}_db": "their own spectra",
        f"take_{part}_db": "two takes",
    }
    return {f"timbre_{part}_db": Description(label, "dB", "resynthesis", compared)}


def _repetition(name: str, label: str) -> dict[str, Description]:
    compared = {f"recorded_{name}_repetition": "long bows"}
    return {f"generated_{name}_repetition": Description(label, "", "held notes", compared)}


def _lines(key: str, label: str) -> dict[str, Description]:
    """What tells players' lines from the instrument's."""
    return {
        f"{key}_{kind}": Description(
            f"{label}: {how}", "", "from players'", {f"{key}_real_{kind}": "halves of players'"}
        )
        for kind, how in (
            ("linear", "told apart by logistic regression, balanced accuracy"),
            ("boosted", "told apart by gradient boosting, balanced accuracy"),
            ("mmd_squared", "squared maximum mean discrepancy, unbiased"),
            ("mmd_p", "how often chance makes the discrepancy as large"),
        )
    }


SECTIONS: dict[str, dict[str, Description]] = {
    "Reconstruction": {
        **_reconstructed("cents_mae", "reconstructed pitch, mean error", "cents", main=True),
        **_reconstructed("db_mae", "reconstructed loudness, mean error", "dB", main=True),
        **_reconstructed(
            "pitch_variance",
            "pitch in the sustain of notes with vibrato, explained variance",
            main=True,
        ),
        **_reconstructed("loudness_variance", "loudness, explained variance", main=True),
        **_segment("attack"),
        **_segment("sustain"),
        **_segment("release"),
        **_reconstructed("kl", "divergence of a note's posterior from N(0, I)", "nats", main=True),
        "active": Description(
            "active latent dimensions (posterior mean varies by more than 0.01)",
            of="held-out notes",
            main=True,
        ),
        **_reconstructed(
            "timbre_loss",
            "timbre: multi-scale spectral distance (Engel et al. 2020, eq. 4)",
            main=True,
        ),
        "room_level_db": Description(
            "recordings: reverberation against the direct sound, which was taken out", "dB"
        ),
        "room_seconds": Description("recordings: time in which it loses 60 dB", "s"),
        **_reconstructed("timbre_spectral_db", "timbre: log-spectral distance", "dB", main=True),
        **_reconstructed(
            "timbre_loudness_db", "timbre: mean error of the loudness that was asked for", "dB"
        ),
    },
    "Vibrato of reconstructions": {
        f"reconstructed_vibrato_{unit}": Description(
            label, UNITS[unit], "reconstructions", {f"source_vibrato_{unit}": "held-out notes"}
        )
        for unit, label in (
            ("cents", "vibrato, median amplitude"),
            ("hz", "vibrato, median rate"),
        )
    },
    "Played notes": {
        "played_cents": Description(
            "pitch of played notes, every frame: median error", "cents", main=True
        ),
        "played_cents_p95": Description(
            "pitch of played notes, every frame: 95th percentile of the error", "cents"
        ),
        "played_crepe_cents": Description(
            "pitch of played notes by CREPE alone: median error", "cents"
        ),
        "played_note_cents": Description(
            "tuning of played notes, vibrato averaged: median error", "cents", main=True
        ),
        "played_note_cents_p95": Description(
            "tuning of played notes: 95th percentile of the error", "cents"
        ),
        "played_unvoiced": Description("share of frames in which CREPE hears no pitch"),
        "velocity_rank": Description("velocity and loudness: Spearman's rank correlation"),
        "velocity_range_db": Description("louder at velocity 127 than at 10", "dB", main=True),
    },
    "Generated notes": {
        **_generated("vibrato_share", "share of notes with vibrato"),
        **_generated("vibrato_cents", "vibrato, median amplitude", "cents"),
        **_generated("vibrato_hz", "vibrato, median rate", "Hz"),
        **{
            generated: description
            for name, label in LABELS.items()
            if name not in ("vibrato_cents", "vibrato_hz")
            for generated, description in _generated(
                name, f"{label}, median", UNITS[name.rsplit("_", 1)[1]]
            ).items()
        },
        **_generated("harmonic_db", "harmonics against noise, median", "dB"),
        **_generated(
            "brightness",
            "rise of the spectral centroid with loudness, at equal pitch",
            "octaves / 10 dB",
        ),
    },
    "Generated told from recorded notes": {
        **{
            f"distance_{name}": Description(
                f"{label}: Kolmogorov–Smirnov distance, 0 to 1", of="generated from recorded"
            )
            for name, label in LABELS.items()
        },
        **{
            f"told_apart_{kind}": Description(
                f"told apart by {label}: balanced accuracy",
                of="generated from recorded",
                compared={f"real_apart_{kind}": "recorded from other recorded"},
            )
            for kind, label in (
                ("linear", "logistic regression"),
                ("boosted", "gradient boosting"),
            )
        },
    },
    "Timbre": {
        **_distance("attack"),
        **_distance("sustain"),
        "timbre_centroid_octaves": Description(
            "spectral centroid, median difference from the recording", "octaves", "resynthesis"
        ),
        "timbre_harmonic_db": Description(
            "harmonics against noise, median difference from the recording", "dB", "resynthesis"
        ),
    },
    "Held notes": {
        **_repetition("pitch", "slow pitch: largest autocorrelation after 1 s, median"),
        **_repetition("vibrato", "vibrato's extent: largest autocorrelation after 1 s, median"),
        **_repetition("loudness", "loudness: largest autocorrelation after 1 s, median"),
        **_repetition("common", "highest peak of the mean autocorrelation over the notes"),
        "generated_common_repetition_seconds": Description(
            "lag of the highest peak", "s", "held notes"
        ),
    },
    "Legato": {
        "join_step_cents": Description(
            "joins: a take's largest step of pitch in 4 ms (a slur is there in 4 to 20 ms)", "cents"
        ),
        "join_step_db": Description("joins: a take's largest step of loudness in 4 ms", "dB"),
        "join_flux_ratio": Description(
            "joins: a take's largest spectral flux above 10 kHz, against that of sustained parts"
        ),
        "join_attack_ratio": Description(
            "joins: a take's largest spectral flux above 10 kHz, against that of attacks"
        ),
    },
    "Knobs": {
        "knob_leak_cents": Description("furthest that a knob moves the pitch of a key", "cents"),
        "knob_leak_db": Description("furthest that a knob moves the loudness of a key", "dB"),
    },
    "Real pieces": {
        "score_cents": Description(
            "pitch of real pieces against their score, every frame: median error",
            "cents",
            main=True,
        ),
        "score_note_cents": Description(
            "pitch of real pieces against their score, every note: median error", "cents"
        ),
        "score_pieces": Description("pieces"),
        "score_notes": Description("notes of these that were measured"),
    },
    "Phrases": {
        **_lines("performance_joins", "joins of performances, played again"),
        **_lines("performance_notes", "notes of performances, played again"),
        **_lines("score_joins", "joins of scores, against performances"),
        **_lines("score_notes", "notes of scores without joins, against players' bends"),
        **_lines("part_joins", "joins of parts, played again"),
        **_lines("part_notes", "notes of parts, played again"),
    },
    "Diet": {
        "weights": Description(
            "weights of the graphs that play", "", "this one", {"full_weights": "the full one"}
        ),
        "diet_cents": Description(
            "pitch of envelopes, mean difference from the full one's", "cents"
        ),
        "diet_db": Description("loudness of envelopes, mean difference from the full one's", "dB"),
        "diet_harmonics_db": Description(
            "harmonics that are heard, mean difference from the full one's", "dB"
        ),
        "diet_noise_db": Description("noise, mean difference from the full one's", "dB"),
        "diet_brightness": Description(
            "centroid of the harmonics, mean difference from the full one's", "octaves"
        ),
        "diet_balance_db": Description(
            "harmonics against noise, mean difference from the full one's", "dB"
        ),
    },
    "Graphs": {
        "onnx_difference": Description("largest difference from the trained networks"),
    },
}
"""Section → name → what the metric says, in the order of showing."""

METHODS = {
    "Reconstruction": """\
The encoder's graph places a held-out note in the latent space, and the envelope's graph decodes it
from there at its own pitch and loudness. That sets mean pitch and mean level itself, so that both
are taken out of recording, reconstruction and PCA alike before they are compared; only frames that
were measured count. PCA has as many components as the latent space has dimensions and was fitted to
the same training notes. Explained variance is 1 where a curve is followed exactly and 0 where only
its mean is.""",
    "Timbre": """\
The recordings' own spectra are their harmonics and noise through the synthesiser: about as near as
it can come, whatever network drives it. Two takes are resyntheses that differ in nothing but the
random numbers of their noise, and their distance is from each other.""",
    "Phrases": """\
The instrument plays the notes of players' lines, and both are measured alike: notes by length,
vibrato, drift, beginning, end, tuning and level, joins by interval, glide, overshoot and dip.
Classifiers are fitted to some pieces and asked about others; 0.5 is by chance.""",
}
"""Section → how its metrics were measured, where the labels don't say."""


def describe_metrics(values: Mapping[str, float]) -> list[Metric]:
    """Metrics of values by name, in the order of showing; unknown names come last.

    Values that aren't finite, because there was nothing to measure, are left out.
    """
    left = {name: value for name, value in values.items() if math.isfinite(value)}
    metrics = []
    for section, descriptions in SECTIONS.items():
        for name, (label, unit, of, compared, main) in descriptions.items():
            if name not in left:
                continue
            value = left.pop(name)
            beside = [Comparison(c, what, left.pop(c)) for c, what in compared.items() if c in left]
            metrics.append(Metric(name, label, unit, section, of, value, beside, main))
    return metrics + [undescribed(name, value) for name, value in left.items()]
