"""Ways in which an instrument's description and graphs can be damaged."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper

ODD_NUMBERS = (
    0, 1, -1, 2, 127, 128, 750, 10**6, 1 << 31, 1 << 63, 10**400, 0.5, -0.0, 1e-300, 1e30, 1e300,
    1.7e308, math.inf, -math.inf, math.nan,
)  # fmt: skip
ODD_TEXTS = ("", "\x1b[2J", "\u202e", "\ud800", "a\nb", "../timbre.onnx", "/etc/passwd", "v" * 3000)

JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_NUMBERS),
    st.integers(),
    st.floats(),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=20),
    st.lists(st.integers() | st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)

Path = tuple[Any, ...]


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where there is something in a JSON value; of long lists only some."""
    yield path
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from _paths(entry, (*path, name))
    elif isinstance(value, list):
        for i in {0, 1, len(value) // 2, len(value) - 1} & set(range(len(value))):
            yield from _paths(value[i], (*path, i))


def _edit(content: Any, path: Path, kind: str, value: object) -> Any:
    """One edit of a JSON value: put there, taken away, doubled, cut, swapped, scaled."""
    place: Any = {"root": content}
    *before, last = ("root", *path)
    for step in before:
        place = place[step]
    here = place[last]
    if kind == "take" and path:
        del place[last]
    elif kind == "double" and isinstance(here, list):
        place[last] = here + here
    elif kind == "repeat" and isinstance(here, list) and here:
        here.append(copy.deepcopy(here[0]))
    elif kind == "cut" and isinstance(here, list):
        place[last] = here[: len(here) // 2]
    elif kind == "reverse" and isinstance(here, list):
        here.reverse()
    elif kind in ("flip", "scale", "shift") and type(here) in (int, float):
        place[last] = {"flip": -here, "scale": 1000 * here, "shift": here + 1}[kind]
    else:
        place[last] = value
    return content if path else place["root"]


KINDS = ("put", "take", "double", "repeat", "cut", "reverse", "flip", "scale", "shift")


@st.composite
def damaged_descriptions(draw: st.DrawFn, description: Any) -> Any:
    """A description with one to three edits."""
    content = copy.deepcopy(description)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([*_paths(content)]))
        content = _edit(content, path, draw(st.sampled_from(KINDS)), draw(JSON_VALUES))
    return content


# --- Graphs --------------------------------------------------------------------------------------

OPERATORS = (
    "Exp", "Log", "Neg", "Sqrt", "Reciprocal", "Identity", "Sigmoid", "Tanh", "Relu", "Add", "Mul",
    "Sub", "Div", "MatMul", "Concat", "Transpose", "Shape", "NonZero", "Flatten", "Squeeze", "Cast",
    "ConstantOfShape", "Expand", "Tile", "Range", "Loop", "Nothing", "",
)  # fmt: skip


@st.composite
def damaged_graphs(draw: st.DrawFn, graph: bytes) -> bytes:
    """A graph whose operators, weights, sizes or names were changed, or some of whose bytes."""
    if draw(st.booleans()):
        return _with_other_bytes(draw, graph)
    model = onnx.ModelProto.FromString(graph)
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from((_operator, _weights, _sizes, _names, _nodes)))(draw, model)
    damaged: bytes = model.SerializeToString()
    return damaged


def _with_other_bytes(draw: st.DrawFn, graph: bytes) -> bytes:
    content = bytearray(graph)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content) - 1))
        content[at] = draw(st.integers(0, 255))
    if draw(st.integers(0, 3)) == 0:
        del content[draw(st.integers(0, len(content) - 1)) :]
    return bytes(content)


def _operator(draw: st.DrawFn, model: onnx.ModelProto) -> None:
    draw(st.sampled_from(model.graph.node)).op_type = draw(st.sampled_from(OPERATORS))


def _tensors(model: onnx.ModelProto) -> Sequence[TensorProto]:
    constants = [a.t for node in model.graph.node for a in node.attribute if a.HasField("t")]
    return [*model.graph.initializer, *constants]


def _weights(draw: st.DrawFn, model: onnx.ModelProto) -> None:
    tensor = draw(st.sampled_from(_tensors(model)))
    try:
        values = numpy_helper.to_array(tensor).copy()
    except ValueError:  # whose sizes were changed
        return
    odd = draw(st.sampled_from(ODD_NUMBERS))
    if values.size:
        with np.errstate(all="ignore"):
            at = draw(st.integers(0, values.size - 1))
            if values.dtype.kind == "f":
                values.flat[at] = min(odd, 1e300)
            elif math.isfinite(small := max(-(1 << 62), min(odd, 1 << 62))):
                values.flat[at] = int(small)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _sizes(draw: st.DrawFn, model: onnx.ModelProto) -> None:
    size = draw(st.sampled_from((-1, 0, 1, 2, 3, 1 << 20, 1 << 40)))
    if draw(st.booleans()):
        value = draw(st.sampled_from([*model.graph.input, *model.graph.output]))
        dims = value.type.tensor_type.shape.dim
        if dims:
            draw(st.sampled_from(dims)).dim_value = size
    else:
        tensor = draw(st.sampled_from(_tensors(model)))
        if tensor.dims:
            tensor.dims[draw(st.integers(0, len(tensor.dims) - 1))] = size


def _names(draw: st.DrawFn, model: onnx.ModelProto) -> None:
    node = draw(st.sampled_from(model.graph.node))
    names = [name for each in model.graph.node for name in (*each.input, *each.output)]
    part = draw(st.sampled_from((node.input, node.output)))
    if part:
        part[draw(st.integers(0, len(part) - 1))] = draw(st.sampled_from(names))


def _nodes(draw: st.DrawFn, model: onnx.ModelProto) -> None:
    del model.graph.node[draw(st.integers(0, len(model.graph.node) - 1))]
