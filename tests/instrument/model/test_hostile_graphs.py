"""Graphs made to do harm, or by mistake: refused in one line, soon and in little memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from instrument.errors import InstrumentError
from instrument.model.graphs import load_instrument
from instrument.model.onnx_file import GRAPH_BYTES
from instrument.model.spec import InstrumentSpec, read_spec
from tests.instrument.model.graph_maker import (
    Make,
    Model,
    constant,
    copy_with,
    endless_loop,
    envelope,
    giant,
    much,
    node,
    put,
    tensor,
    timbre,
)

FEW_SECONDS = 5.0
LITTLE_BYTES = 1 << 30


@pytest.fixture
def spec(tiny_instrument: Path) -> InstrumentSpec:
    return read_spec(tiny_instrument)


@pytest.fixture
def _bounded() -> Iterator[None]:
    """What is refused is refused soon, and before it has taken much memory."""

    def most_bytes() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    began, before = time.perf_counter(), most_bytes()
    yield
    assert time.perf_counter() - began < FEW_SECONDS
    if sys.platform == "linux":
        assert most_bytes() - before < LITTLE_BYTES


def refusal(folder: Path) -> str:
    with pytest.raises(InstrumentError) as caught:
        load_instrument(folder)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 1000
    return message


def test_graphs_made_by_hand_are_played(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path
) -> None:
    """So that what is refused below is refused for what is changed."""
    graphs = {"timbre": timbre(spec), "envelope": envelope(spec)}
    instrument = load_instrument(copy_with(tiny_instrument, tmp_path / "made", **graphs))
    f0_hz = np.full((3, 5), 440.0, np.float32)
    controls, _ = instrument.timbre.run(f0_hz, 0.0 * f0_hz - 20.0, instrument.new_state(3))
    np.testing.assert_allclose(controls.amplitude, 0.1, rtol=1e-5)
    assert instrument.fault is None


# --- What takes for ever, or more than there is ---------------------------------------------------


def branch(spec: InstrumentSpec) -> Model:
    parts = [
        helper.make_graph([node("Identity", "level", name)], name, [], [tensor(name)])
        for name in ("yes", "no")
    ]
    chosen = node("If", "always", "looped", then_branch=parts[0], else_branch=parts[1])
    always = constant("always", True, np.bool_)
    return timbre(spec, level="looped", more=[chosen, always])


def function(spec: InstrumentSpec) -> Model:
    made = timbre(spec, level="same", more=[node("Same", "level", "same", domain="mine")])
    made.opset_import.append(helper.make_opsetid("mine", 1))
    same = helper.make_function(
        "mine", "Same", ["a"], ["b"], [node("Identity", "a", "b")], made.opset_import[:1]
    )
    made.functions.append(same)
    return made


def foreign(spec: InstrumentSpec) -> Model:
    made = timbre(spec, level="same", more=[node("Gelu", "level", "same", domain="com.microsoft")])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def random(spec: InstrumentSpec) -> Model:
    more = [node("RandomUniformLike", "level", "drawn"), node("Mul", "drawn level", "any")]
    return timbre(spec, level="any", more=more)


def claimed(spec: InstrumentSpec) -> Model:
    """Says that a constant has 4 TB."""
    made = timbre(spec)
    made.graph.initializer[0].dims[:] = [1 << 40]
    return made


@pytest.mark.usefixtures("_bounded")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (endless_loop, "loops"),
        (branch, "branches"),
        (function, "operators"),
        (foreign, "operators"),
        (much("ahead"), "1024 MB"),
        (much("in each frame"), "1024 MB"),
        (giant, "1024 MB"),
        (claimed, "cannot load"),
        (random, "random"),
    ],
)
def test_what_has_no_end_is_refused(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path, make: Make, said: str
) -> None:
    assert said in refusal(copy_with(tiny_instrument, tmp_path / "made", timbre=make(spec)))


# --- What can't be played -------------------------------------------------------------------------


def always(value: float) -> Make:
    """A timbre of one level, whatever is asked for."""

    def make(spec: InstrumentSpec) -> Model:
        more = [node("Add", "zero value", "same"), constant("value", value)]
        return timbre(spec, level="same", more=more)

    return make


def much_quieter(spec: InstrumentSpec) -> Model:
    more = [node("Mul", "level factor", "soft"), constant("factor", 1e-4)]
    return timbre(spec, level="soft", more=more)


def always_db(value: float) -> Make:
    """An envelope of one level, whatever is asked for."""

    def make(spec: InstrumentSpec) -> Model:
        more = [node("Add", "zero value", "same"), constant("value", value)]
        return envelope(spec, db="same", more=more)

    return make


def retyped(name: str, kind: int, numpy_kind: type) -> Make:
    """A timbre one of whose tensors is of another type."""

    def make(spec: InstrumentSpec) -> Model:
        made = timbre(spec)
        for value in (*made.graph.input, *made.graph.output):
            if value.name == name:
                value.type.tensor_type.elem_type = kind
        if name == "next_state":
            made.graph.node[-1].CopyFrom(node("Cast", "state", "next_state", to=kind))
        return made

    return make


def reshaped(name: str, axis: int, size: int | None) -> Make:
    """A timbre one of whose inputs or outputs has a fixed size; or, if None, an axis more."""

    def make(spec: InstrumentSpec) -> Model:
        made = timbre(spec)
        for value in (*made.graph.input, *made.graph.output):
            if value.name == name:
                if size is None:
                    value.type.tensor_type.shape.dim.add().dim_param = "more"
                else:
                    value.type.tensor_type.shape.dim[axis].dim_value = size
        return made

    return make


def rebuilt(shape: tuple[int, ...]) -> Make:
    """A timbre whose controls have a fixed shape inside, which nothing outside says."""

    def make(spec: InstrumentSpec) -> Model:
        more = [
            node("ReduceMean", "level", "mean", keepdims=0),
            node("Expand", "mean shape", "fixed"),
            constant("shape", shape, np.int64),
        ]
        return timbre(spec, level="fixed", more=more)

    return make


def text(spec: InstrumentSpec) -> Model:
    made = timbre(spec)
    del made.graph.node[-1]
    made.graph.node.append(node("Identity", "words", "next_state"))
    made.graph.initializer.append(constant("words", ["la"], np.object_))
    made.graph.output[-1].type.tensor_type.elem_type = TensorProto.STRING
    return made


@pytest.mark.usefixtures("_bounded")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (always(np.nan), "nan"),
        (always(np.inf), "inf"),
        (always(-np.inf), "inf"),
        (always(1e30), "1e+30"),
        (always(-1e30), "1e+30"),
        (always(900.0), "41 dB where -30 dB"),
        (always(0.0), "where -30 dB"),
        (much_quieter, "where -30 dB"),
        (retyped("next_state", TensorProto.INT64, np.int64), "int64"),
        (retyped("next_state", TensorProto.DOUBLE, np.float64), "double"),
        (text, "string"),
        (reshaped("f0_hz", 0, 1), "[1, any]"),
        (reshaped("f0_hz", 1, 1), "[any, 1]"),
        (reshaped("state", 1, 1 << 40), "larger"),
        (rebuilt((1, 1)), "gives arrays"),
        (rebuilt((2, 2)), "gives arrays"),
        (rebuilt((2, 2, 2, 2)), "cannot load"),
    ],
)
def test_a_timbre_that_cant_be_played_is_refused(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path, make: Make, said: str
) -> None:
    assert said in refusal(copy_with(tiny_instrument, tmp_path / "made", timbre=make(spec)))


@pytest.mark.usefixtures("_bounded")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (always_db(np.nan), "nan"),
        (always_db(np.inf), "inf"),
        (always_db(1e30), "1e+30"),
        (always_db(100.0), "100 dB where"),
        (always_db(-200.0), "-200 dB where"),
        (timbre, "tensors"),
    ],
)
def test_an_envelope_that_cant_be_played_is_refused(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path, make: Make, said: str
) -> None:
    assert said in refusal(copy_with(tiny_instrument, tmp_path / "made", envelope=make(spec)))


# --- What lies elsewhere, or is no graph ----------------------------------------------------------


@pytest.mark.parametrize("there", [True, False])
def test_weights_in_another_file_are_refused(
    spec: InstrumentSpec,
    tiny_instrument: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
) -> None:
    """No digest speaks for them, and onnxruntime would look for them in the working directory."""
    folder = copy_with(tiny_instrument, tmp_path / "made", timbre=timbre(spec))
    graph = folder / "timbre.onnx"
    onnx.save_model(
        timbre(spec), graph, save_as_external_data=True, location="weights", size_threshold=0
    )
    put(folder, "timbre", graph.read_bytes())
    if not there:
        (folder / "weights").unlink()
    monkeypatch.chdir(folder)
    assert "another file" in refusal(folder)


@pytest.mark.usefixtures("_bounded")
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-1],
        lambda whole: bytes(1000),
        lambda whole: b"\xff" * 1000,
        lambda whole: whole + whole,
        lambda whole: b"\x3a\x02\x0a\x00" * 300_000,  # a million empty operators
        lambda whole: np.random.default_rng(1).bytes(10_000),
        lambda whole: b'{"graph": {}}',
    ],
)
def test_what_is_no_graph_is_refused(
    spec: InstrumentSpec, tiny_instrument: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    content = damage(timbre(spec).SerializeToString())
    refusal(copy_with(tiny_instrument, tmp_path / "made", timbre=content))


@pytest.mark.usefixtures("_bounded")
def test_a_file_without_end_is_refused_before_it_is_read(
    tiny_instrument: Path, tmp_path: Path
) -> None:
    folder = copy_with(tiny_instrument, tmp_path / "made")
    with (folder / "timbre.onnx").open("r+b") as file:
        file.truncate(20 << 30)
    assert str(GRAPH_BYTES) in refusal(folder)
