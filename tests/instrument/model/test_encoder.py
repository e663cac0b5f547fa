"""The encoder: loaded when it is asked for, not by those who play, and checked like what plays."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.errors import InstrumentError
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import EncoderModel, Instrument, load_instrument
from instrument.model.spec import InstrumentSpec, read_spec, write_spec
from tests.instrument.model.graph_maker import (
    Make,
    Model,
    constant,
    copy_with,
    encoder,
    endless_loop,
    envelope,
    node,
)


@pytest.fixture
def spec(tiny_instrument: Path) -> InstrumentSpec:
    return read_spec(tiny_instrument)


def notes(instrument: Instrument, count: int) -> tuple[Float32, Float32, Float32, Float32]:
    """Cents, dB, pitch and loudness of notes."""
    curves = np.zeros((2, count, instrument.spec.envelope_size.frames), np.float32)
    return curves[0], curves[1], np.full(count, 70.0, np.float32), np.full(count, 0.5, np.float32)


def encoder_of(instrument: Instrument) -> EncoderModel:
    assert instrument.encoder is not None
    return instrument.encoder


def refusal(folder: Path) -> str:
    """What is said when the encoder is asked for; the instrument itself is loaded and plays."""
    instrument = load_instrument(folder)
    with pytest.raises(InstrumentError) as caught:
        _ = instrument.encoder
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 1000
    assert instrument.fault is None
    return message


# --- What it does ---------------------------------------------------------------------------------


def test_a_decoded_note_is_placed_where_it_came_from(tiny: Instrument) -> None:
    random = np.random.default_rng(3)
    latent = 0.5 * random.standard_normal((4, tiny.spec.envelope_size.latent)).astype(np.float32)
    _, _, pitch, loudness = notes(tiny, 4)
    cents, loudness_db = tiny.envelope.decode(latent, pitch, loudness)
    level_db = loudness_db - np.median(loudness_db[:, 200:650], axis=1, keepdims=True)
    again = tiny.envelope.decode(
        encoder_of(tiny).encode(cents, level_db, pitch, loudness), pitch, loudness
    )
    assert np.abs(again[0] - cents).mean() < 1.0
    assert np.abs(again[1] - loudness_db).mean() < 0.5


def test_what_was_loaded_keeps_no_file_in_memory(tiny: Instrument) -> None:
    assert tiny.encoder is not None
    for model in (tiny.envelope, tiny.timbre, tiny.encoder):
        assert model.runner.take_content() == b""


def test_notes_are_placed_one_by_one(tiny: Instrument) -> None:
    cents, level_db, pitch, loudness = notes(tiny, 3)
    cents += np.arange(3, dtype=np.float32)[:, None] * np.sin(np.arange(750) / 8.0)
    together = encoder_of(tiny).encode(cents, level_db, pitch, loudness)
    assert together.shape == (3, tiny.spec.envelope_size.latent)
    alone = [
        encoder_of(tiny).encode(cents[i : i + 1], level_db[:1], pitch[:1], loudness[:1])[0]
        for i in range(3)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["violin", "flute"])
def test_the_notes_on_the_maps_that_ship_come_back(name: str) -> None:
    """Decoded and placed again they sound alike: within 0.57 cents and 0.17 dB, in the mean."""
    instrument = load_instrument(find_instrument(name))
    points = instrument.spec.map
    latent = np.array([point.latent for point in points], np.float32)
    pitch = np.array([point.midi for point in points], np.float32)
    loudness = np.array([point.loudness for point in points], np.float32)
    cents, loudness_db = instrument.envelope.decode(latent, pitch, loudness)
    level_db = loudness_db - np.median(loudness_db[:, 163:650], axis=1, keepdims=True)
    found = encoder_of(instrument).encode(cents, level_db, pitch, loudness)
    again = instrument.envelope.decode(found, pitch, loudness)
    assert np.abs(again[0] - cents).mean() < 0.6
    assert np.abs(again[1] - loudness_db).mean() < 0.2
    assert all(len(point.tsne) == 2 for point in points)


# --- When it is loaded ----------------------------------------------------------------------------


def test_an_instrument_without_its_encoder_plays(tiny_instrument: Path, tmp_path: Path) -> None:
    """The file is looked at when it is asked for, and once."""
    folder = Path(shutil.copytree(tiny_instrument, tmp_path / "inst"))
    (folder / "encoder.onnx").unlink()
    assert "encoder.onnx: missing" in refusal(folder)


def test_it_is_loaded_once_wherever_one_works_then(
    tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_instrument)
    instrument = load_instrument(Path())
    monkeypatch.chdir(tmp_path)
    assert encoder_of(instrument) is encoder_of(instrument)


def test_an_instrument_that_was_exported_without_has_none(
    tiny_instrument: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_instrument, tmp_path / "inst"))
    write_spec(replace(read_spec(folder), encoder=None), folder)
    assert load_instrument(folder).encoder is None


# --- What is refused ------------------------------------------------------------------------------


def always(value: float) -> Make:
    """Places everything where all coordinates are the same."""

    def make(spec: InstrumentSpec) -> Model:
        more = [node("Add", "origin value", "same"), constant("value", value)]
        return encoder(spec, point="same", more=more)

    return make


def larger(spec: InstrumentSpec) -> Model:
    """Gives a dimension more."""
    more = [
        node("Concat", "origin column", "wider", axis=1),
        node("Unsqueeze", "three axis", "column"),
    ]
    made = encoder(spec, point="wider", more=more[::-1])
    made.graph.output[0].type.tensor_type.shape.dim[1].dim_value += 1
    return made


def of_one_note(spec: InstrumentSpec) -> Model:
    made = encoder(spec)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return made


def of_short_curves(spec: InstrumentSpec) -> Model:
    made = encoder(spec)
    for tensor in made.graph.input[:2]:
        tensor.type.tensor_type.shape.dim[1].dim_value = 700
    return made


def test_an_encoder_made_by_hand_is_taken(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path
) -> None:
    """So that what is refused below is refused for what is changed."""
    made = load_instrument(copy_with(tiny_instrument, tmp_path / "made", encoder=encoder(spec)))
    assert not encoder_of(made).encode(*notes(made, 3)).any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (endless_loop, "loops"),
        (envelope, "tensors"),
        (always(np.nan), "nan"),
        (always(np.inf), "inf"),
        (always(1e30), "1e+30"),
        (larger, "gives arrays"),
        (of_one_note, "[1, 750]"),
        (of_short_curves, "[any, 700]"),
    ],
)
def test_an_encoder_that_isnt_one_is_refused(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path, make: Make, said: str
) -> None:
    assert said in refusal(copy_with(tiny_instrument, tmp_path / "made", encoder=make(spec)))


def test_an_edited_encoder_is_refused(tiny_instrument: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_instrument, tmp_path / "inst"))
    with (folder / "encoder.onnx").open("ab") as file:
        file.write(b"\0")
    assert "digest" in refusal(folder)


def test_a_note_that_it_cant_place_is_refused_and_the_next_one_placed(tiny: Instrument) -> None:
    cents, level_db, pitch, loudness = notes(tiny, 2)
    cents[1] = np.nan
    with pytest.raises(InstrumentError, match="it gives nan"):
        encoder_of(tiny).encode(cents, level_db, pitch, loudness)
    assert np.isfinite(encoder_of(tiny).encode(*notes(tiny, 2))).all()
    assert tiny.fault is None
