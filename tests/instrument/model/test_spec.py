"""What an instrument says of itself: read back as it was written, or refused in one clear line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import InstrumentError, UnknownName
from instrument.model.metrics import undescribed
from instrument.model.reading import Name, as_name, reader
from instrument.model.spec import (
    FORMAT,
    SPEC_FILE,
    InstrumentSpec,
    read_spec,
    write_spec,
)
from tests.instrument.model.spec_edits import Edit, put, take

BOW = {"kind": "bow", "glide_ms": [4.0], "dip_db": [3.0, 9.0], "dip_ms": [30.0]}


@pytest.fixture
def description(tiny_instrument: Path) -> InstrumentSpec:
    return read_spec(tiny_instrument)


def test_a_description_is_read_as_it_was_written(
    description: InstrumentSpec, tmp_path: Path
) -> None:
    write_spec(description, tmp_path)
    assert read_spec(tmp_path) == description


@given(st.text())
def test_any_text_becomes_a_name_that_is_read_as_it_is(text: str) -> None:
    name = as_name(text)
    assert reader(Name)(name) == as_name(name) == name


def test_what_could_not_be_read_again_is_not_written(
    description: InstrumentSpec, tmp_path: Path
) -> None:
    write_spec(description, tmp_path)
    with pytest.raises(InstrumentError, match="name should be a name"):
        write_spec(replace(description, name="two  words"), tmp_path)
    assert read_spec(tmp_path) == description


def test_format_3_keeps_its_metrics_by_name(tiny_instrument: Path, tmp_path: Path) -> None:
    content = json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))
    del content["metrics"]
    content |= {"format": 3, "figures": {"cents_mae": 2.5, "new_thing": 7}}
    (tmp_path / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    spec = read_spec(tmp_path)
    assert spec.format == FORMAT
    assert spec.metrics == [undescribed("cents_mae", 2.5), undescribed("new_thing", 7.0)]


@pytest.mark.parametrize("number", [4, FORMAT])
def test_an_encoder_and_places_by_tsne_may_be_missing(
    tiny_instrument: Path, tmp_path: Path, number: int
) -> None:
    content = json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))
    del content["encoder"]
    del content["joins"]
    for point in content["map"]:
        del point["tsne"]
    content["format"] = number
    (tmp_path / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    spec = read_spec(tmp_path)
    assert spec.format == FORMAT
    assert spec.encoder is None
    assert spec.joins == []
    assert all(point.tsne == [] for point in spec.map)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (take("format"), "format None"),
        (put("format", value=FORMAT + 1), f"format {FORMAT + 1}"),
        (put("format", value=3), "format 3"),
        (put("metrics", 0, "value", value=math.nan), "metrics[0].value is not a finite number"),
        (take("axes"), "lacks axes"),
        (take("envelope", "sha256"), "envelope lacks sha256"),
        (put("name", value=5), "name should be str, not int"),
        (put("frame_rate", value=250.5), "frame_rate should be int, not float"),
        (put("frame_rate", value=True), "frame_rate should be int, not bool"),
        (put("axes", 1, "low", value="low"), "axes[1].low should be float, not str"),
        (put("axes", 1, "low", value=math.inf), "axes[1].low is not a finite number"),
        (put("axes", 1, "low", value=math.nan), "axes[1].low is not a finite number"),
        (put("axes", 1, "low", value=10**400), "axes[1].low is not a finite number"),
        (put("axes", 1, "effect", value=[]), "axes[1].effect should be a dict"),
        (put("axes", 1, "effect", "attack_ms", value="much"), "axes[1].effect.attack_ms"),
        (put("map", 3, "latent", 2, value=None), "map[3].latent[2]"),
        (put("map", 3, value=[]), "map[3] should be an object"),
        (put("presets", value={}), "presets should be a list"),
        (put("timbre", value="timbre.onnx"), "timbre should be an object"),
        (put("timbre", value=None), "timbre should be an object"),
        (put("encoder", value="encoder.onnx"), "encoder should be an object"),
        (take("encoder", "sha256"), "encoder lacks sha256"),
        (put("encoder", "inputs", 0, value=7), "encoder.inputs[0] should be str"),
        (put("encoder", "inputs", value=["latent"]), "encoder should have 4 inputs"),
        (put("encoder", "inputs", 0, value="pitches"), "cents, loudness_db, pitch, loudness → la"),
        (put("envelope", "inputs", 0, value="place"), "latent, pitch, loudness → cents"),
        (put("map", 2, "tsne", value=[0.5]), "map points should all have two"),
        (put("map", 2, "tsne", value=[]), "map points should all have two"),
        (put("map", 2, "tsne", 1, value=1e300), "map[2].tsne[1]"),
        (take("latent_mean", 0), "latent_mean has 15 numbers, not 16"),
        (take("latent_spread", 0), "latent_spread has 15 numbers, not 16"),
        (take("axes", 0, "direction", 3), "has 15 numbers, not 16"),
        (take("map", 2, "latent", 3), "map point 2 has 15 numbers, not 16"),
        (put("map", 2, "jitter_db", value=[0.5]), "map point 2 should have two strengths"),
        (put("map", 2, "jitter_cents", value=[0.5, -0.1]), "map[2].jitter_cents[1]"),
        (take("jitter", "cents", 0), "should each have two spectra"),
        (put("jitter", "db", 1, value=[-1.0, 1.0]), "jitter.db[1][0]"),
        (put("presets", value=[]), "there is no preset"),
        (put("presets", 0, "points", value=[]), "preset natural"),
        (put("presets", 0, "points", 0, value=-1), "presets[0].points[0]"),
        (put("presets", 0, "points", 0, value=1000), "preset natural"),
        (put("loudness_db", 3, value=0.0), "loudness_db should rise"),
        (put("loudness_db", value=[-30.0]), "loudness_db should rise"),
        (put("strings", value=[55]), "strings should be none, or 2 to 16"),
        (put("strings", value=[55, 62, 62]), "strings should rise"),
        (put("strings", value=[55, 200]), "strings[1] should be"),
        (put("mode", value="duo"), "mode should be poly, mono, violin"),
        (put("mode", value="violin"), "mode violin needs strings"),
        (put("joins", value={}), "joins should be a list"),
        (put("joins", value=[BOW | {"kind": "jump"}]), "joins[0] kind should be one of slur, bow"),
        (put("joins", value=[BOW | {"dip_db": []}]), "joins[0] dip_db should be 1 to 101"),
        (put("joins", value=[BOW | {"dip_db": [3.0, 2.0]}]), "joins[0] dip_db should be"),
        (put("joins", value=[BOW | {"dip_db": [math.nan]}]), "joins[0].dip_db[0] is not a finite"),
        (put("joins", value=[BOW, BOW | {"glide_ms": [-1.0]}]), "joins[1].glide_ms[0] should be"),
        (put("joins", value=[BOW | {"seconds": [2.0, 1.0]}]), "joins[0] seconds should be two"),
        (put("joins", value=[BOW] * 1001), "more than 1000 classes of joins"),
        (put("pitch_range", value=[80, 60]), "pitch_range"),
        (put("pitch_range", value=[60]), "pitch_range"),
        (put("envelope_size", "release_frame", value=750), "release_frame"),
        (put("envelope_size", "release_frame", value=20), "release_frame"),
        (put("timbre_size", "harmonics", value=0), "timbre_size.harmonics"),
        (put("sample_rate", value=-1), "sample_rate should be from"),
    ],
)
def test_a_contradiction_is_refused_in_one_line(
    refusal: Callable[[Edit], str], edit: Edit, said: str
) -> None:
    assert said in refusal(edit)


@pytest.mark.parametrize("text", ["", "{", "\0", "[" * 100_000, "[]", "null", '"violin"', "\xff"])
def test_what_isnt_a_description_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / SPEC_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(InstrumentError) as caught:
        read_spec(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers() | st.text(), max_size=3),
    st.dictionaries(st.text(), st.integers(), max_size=3),
)


@given(value=JSON_VALUES, choice=st.data())
def test_any_value_anywhere_is_read_or_refused(
    tiny_instrument: Path,
    tmp_path_factory: pytest.TempPathFactory,
    value: object,
    choice: st.DataObject,
) -> None:
    content = json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = choice.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or choice.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    folder = tmp_path_factory.mktemp("edited")
    (folder / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    said = ""
    try:
        assert isinstance(read_spec(folder), InstrumentSpec)
    except InstrumentError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


# --- Names and files ---------------------------------------------------------------------------


def test_unknown_names_offer_near_ones(description: InstrumentSpec) -> None:
    with pytest.raises(UnknownName, match="no preset named 'natual'; did you mean 'natural'"):
        description.preset("natual")
    with pytest.raises(UnknownName, match="no preset named 'zzz'; there is: "):
        description.preset("zzz")


def test_names_lead_to_what_they_name(description: InstrumentSpec) -> None:
    for preset in description.presets:
        assert description.preset(preset.name) is preset


def test_the_digest_speaks_for_both_graphs_that_play(description: InstrumentSpec) -> None:
    other = replace(description.timbre, sha256="0" * 64)
    assert len(description.digest) == 12
    assert replace(description, timbre=other).digest != description.digest
    assert replace(description, envelope=other).digest != description.digest


def test_the_encoder_makes_no_other_version(description: InstrumentSpec) -> None:
    """A take names the version that it was played on, and sounds the same without an encoder."""
    assert replace(description, encoder=None).digest == description.digest
