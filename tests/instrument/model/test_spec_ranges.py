"""Numbers, names and texts of a description: within what an instrument can have, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.errors import InstrumentError
from instrument.model.spec import SPEC_BYTES, SPEC_FILE, read_spec
from tests.instrument.model.spec_edits import Edit, put, take


def turn(content: dict[str, Any]) -> None:
    """Put an axis upside down."""
    axis = content["axes"][2]
    axis["low"], axis["high"] = axis["high"], axis["low"]


def stretch(content: dict[str, Any]) -> None:
    """Make an axis twice as long."""
    axis = content["axes"][1]
    axis["direction"] = [2.0 * x for x in axis["direction"]]


def lean(content: dict[str, Any]) -> None:
    """Put two axes in one direction."""
    content["axes"][1]["direction"] = content["axes"][0]["direction"]


def same_axis(content: dict[str, Any]) -> None:
    content["axes"][1]["name"] = content["axes"][0]["name"]


def same_preset(content: dict[str, Any]) -> None:
    content["presets"].append(content["presets"][0])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (put("map", 1, "x", value=10**400), "map[1].x is not a finite number"),
        (put("map", 1, "midi", value=10**400), "map[1].midi should be from 0 to 127"),
        (put("map", 1, "midi", value=128), "map[1].midi"),
        (put("map", 1, "loudness", value=1.5), "map[1].loudness"),
        (put("map", 1, "vibrato_cents", value=-1.0), "map[1].vibrato_cents"),
        (put("map", 1, "latent", 0, value=1e308), "map[1].latent[0]"),
        (put("map", 1, "latent", value=[[0.0]] * 16), "map[1].latent[0]"),
        (put("map", 1, "jitter_cents", 0, value=1e300), "map[1].jitter_cents[0]"),
        (put("map", 1, "jitter_db", 1, value=1e300), "map[1].jitter_db[1]"),
        (put("jitter", "cents", 0, 0, value=1e300), "jitter.cents[0][0]"),
        (put("jitter", "db", 1, value=[0.5] * 100_000), "two spectra"),
        (put("latent_mean", 3, value=-1e308), "latent_mean[3]"),
        (put("latent_spread", 3, value=-0.1), "latent_spread[3]"),
        (put("loudness_db", 100, value=1e9), "loudness_db[100]"),
        (put("pitch_range", value=[-1, 60]), "pitch_range[0]"),
        (put("pitch_range", value=[60, 128]), "pitch_range[1]"),
        (put("frame_rate", value=100), "frame_rate"),
        (put("sample_rate", value=10**9), "sample_rate"),
        (put("envelope_size", "latent", value=-16), "envelope_size.latent"),
        (put("envelope_size", "frames", value=10**12), "envelope_size.frames"),
        (put("timbre_size", "state", value=10**12), "timbre_size.state"),
        (put("timbre_size", "noise_bands", value=1), "timbre_size.noise_bands"),
        (turn, "low end below"),
        (stretch, "unit length"),
        (lean, "right angles"),
        (put("axes", 0, "direction", value=[0.0] * 16), "unit length"),
        (same_axis, "2 axes are named"),
        (same_preset, "2 presets are named"),
        (put("axes", 0, "name", value=""), "axes[0].name should be a name"),
        (put("axes", 0, "name", value="swell\x1b[2J"), "axes[0].name should be a name"),
        (put("presets", 0, "name", value="natural\n"), "presets[0].name should be a name"),
        (put("presets", 0, "name", value="\u202enatural"), "presets[0].name should be a name"),
        (put("name", value="v" * 10_000), "name is longer"),
        (put("description", value="v" * 10_000_000), "description is longer"),
        (put("axes", 0, "effect", value={"\x1b[2J": "much"}), r"axes[0].effect.\x1b[2J"),
        (put("sources", 0, "notes", value=10**100), "sources[0].notes"),
        (put("metrics", 0, "compared", value=[[]]), "metrics[0].compared[0]"),
        (put("metrics", 0, "main", value=1), "metrics[0].main should be bool"),
        (put("envelope", "inputs", value=["latent"]), "3 inputs"),
        (put("timbre", "outputs", value=[]), "4 outputs"),
        (put("format", value=[4]), "format [4]"),
        (put("format", value=4.0), "format 4.0"),
        (put("format", value=10**400), "format 1000000"),
        (take("timbre_size", "state"), "timbre_size lacks state"),
    ],
)
def test_what_no_instrument_has_is_refused_in_one_line(
    refusal: Callable[[Edit], str], edit: Edit, said: str
) -> None:
    assert said in refusal(edit)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07 loud", r"\x1b]0;owned\x07 loud"),
        ("one\r\ntwo", "one two"),
        ("\u202egnp", r"\u202egnp"),
        ("\ud800", r"\ud800"),
    ],
)
def test_texts_are_read_in_one_line_that_steers_no_terminal(
    tiny_instrument: Path, tmp_path: Path, text: str, shown: str
) -> None:
    content = json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))
    for kind in ("axes", "presets", "sources"):
        for entry in content[kind]:
            entry |= {name: text for name in ("label", "description", "licence") if name in entry}
    content["description"] = content["metrics"][0]["label"] = text
    (tmp_path / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    spec = read_spec(tmp_path)
    assert spec.description == spec.axes[0].label == spec.presets[0].description == shown
    assert spec.sources[0].licence == spec.metrics[0].label == shown


# --- The file itself -----------------------------------------------------------------------------


def refused(folder: Path) -> str:
    with pytest.raises(InstrumentError) as caught:
        read_spec(folder)
    return str(caught.value)


def test_a_description_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / SPEC_FILE).open("wb") as file:
        file.truncate(20 << 30)
    assert str(SPEC_BYTES) in refused(tmp_path)


@pytest.mark.parametrize("depth", [900, 5_000, 1_000_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_deep_description_is_refused(tmp_path: Path, depth: int, opening: str) -> None:
    figures = opening * depth + "1" + {"[": "]"}.get(opening, "}") * depth
    text = f'{{"format": 3, "figures": {{"a": {figures}}}}}'
    (tmp_path / SPEC_FILE).write_text(text, encoding="utf-8")
    assert len(refused(tmp_path)) < 1000


def test_a_description_that_cant_be_read_is_told(
    tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fails)
    assert "cannot be read: Input/output error" in refused(tiny_instrument)
