"""What a graph computes, as text: apart from its numbers, and from what it is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from instrument.model.spec import read_spec
from instrument.model.structure import Structure, read_structure
from tests.instrument.model.graph_maker import constant, model, node, tensor

OUT = ["out"]


def structure_of(nodes: list[onnx.NodeProto], *constants: onnx.TensorProto) -> Structure | None:
    made = model(nodes, [tensor("in", "n")], [tensor("out", "n")], constants)
    return read_structure(made.SerializeToString(), OUT)


def test_nodes_are_told_by_their_numbers_and_constants_apart() -> None:
    half = helper.make_node("Constant", [], ["half"], value=constant("half", 0.5))
    nodes = [
        half,
        node("Mul", "in half", "x"),
        node("Identity", "three", "same"),
        node("Add", "x same", "y"),
        node("Concat", "y x", "out", axis=-1),
    ]
    found = structure_of(nodes, constant("three", [3.0]))
    assert found is not None
    assert found.text == "Mul(in,#) Add(0,#) Concat(1,0,axis=-1) out=2"
    assert [each.tolist() for each in found.constants] == [0.5, [3.0]]


def test_names_make_no_difference_but_wiring_does() -> None:
    def wired(names: str, last: str) -> Structure | None:
        a, b = names.split()
        nodes = [node("Exp", "in", a), node("Log", "in", b), node("Sub", last, "out")]
        return structure_of(nodes)

    assert wired("a b", "a b") == wired("b a", "b a") != wired("a b", "b a")


def test_an_attribute_that_is_a_number_is_a_constant() -> None:
    nodes = [node("LayerNormalization", "in scale", "out", epsilon=0.25)]
    found = structure_of(nodes, constant("scale", [2.0]))
    assert found is not None
    assert found.text == "LayerNormalization(in,#) out=0"
    assert [each.tolist() for each in found.constants] == [[2.0], [0.25]]


def test_numbers_of_other_types_have_no_structure() -> None:
    assert structure_of([node("Add", "in one", "out")], constant("one", 1.0, np.float64)) is None


@pytest.mark.parametrize("content", [b"", b"\x0a", b"no graph"])
def test_what_is_no_graph_has_no_structure(content: bytes) -> None:
    assert read_structure(content, OUT) is None


def test_all_weights_of_a_graph_are_found(tiny_instrument: Path) -> None:
    graph = read_spec(tiny_instrument).timbre
    found = read_structure((tiny_instrument / graph.file).read_bytes(), graph.outputs)
    assert found is not None
    weights = {
        numpy_helper.to_array(each).tobytes()
        for each in onnx.load(tiny_instrument / graph.file).graph.initializer
    }
    assert weights <= {each.tobytes() for each in found.constants}
