"""Small graphs made by hand, with the tensors of an instrument's, and instruments with them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from instrument.model.spec import SPEC_FILE, InstrumentSpec

Shape = Sequence[int | str]
Model = onnx.ModelProto


def constant(name: str, value: object, kind: type[Any] = np.float32) -> TensorProto:
    """A tensor that is always the same."""
    return numpy_helper.from_array(np.asarray(value, kind), name)


def tensor(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[TensorProto],
) -> Model:
    """A graph in a file."""
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """An operator; names of tensors are separated by spaces."""
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def timbre(spec: InstrumentSpec, *, level: str = "level", more: Sequence[Any] = ()) -> Model:
    """A timbre of an even spectrum, as loud as asked for, whatever the pitch.

    Args:
        spec: With its sizes.
        level: The tensor, [V, T], that all controls are multiplied by.
        more: Nodes and constants that it needs; ``f0_hz``, ``loudness_db``, ``level`` and ``zero``
            [V, T] are there.
    """
    size = spec.timbre_size
    nodes = [
        node("Mul", "loudness_db per_db", "exponent"),
        node("Exp", "exponent", "level"),
        node("Mul", "f0_hz nil", "zero"),
        *(part for part in more if isinstance(part, onnx.NodeProto)),
        node("Identity", level, "amplitude"),
        node("Unsqueeze", f"{level} last", "each"),
        node("Unsqueeze", "zero last", "none"),
        node("Add", "none shares", "harmonics"),
        node("Mul", "each hiss", "noise"),
        node("Identity", "state", "next_state"),
    ]
    constants = [
        constant("per_db", np.log(10.0) / 20.0),
        constant("nil", 0.0),
        constant("last", [2], np.int64),
        constant("shares", np.full(size.harmonics, 1.0 / size.harmonics)),
        constant("hiss", np.full(size.noise_bands, 0.01)),
        *(part for part in more if isinstance(part, TensorProto)),
    ]
    inputs = [
        tensor("f0_hz", "voices", "frames"),
        tensor("loudness_db", "voices", "frames"),
        tensor("state", "voices", size.state),
    ]
    outputs = [
        tensor("amplitude", "voices", "frames"),
        tensor("harmonics", "voices", "frames", size.harmonics),
        tensor("noise", "voices", "frames", size.noise_bands),
        tensor("next_state", "voices", size.state),
    ]
    return model(nodes, inputs, outputs, constants)


def envelope(spec: InstrumentSpec, *, db: str = "flat", more: Sequence[Any] = ()) -> Model:
    """An envelope that is a straight line at −30 dB.

    Args:
        spec: With its sizes.
        db: The tensor, [B, frames], that is the loudness.
        more: Nodes and constants that it needs; ``zero`` [B, frames] and ``flat`` are there.
    """
    size = spec.envelope_size
    nodes = [
        node("ReduceSum", "latent axis", "sum", keepdims=0),
        node("Add", "sum pitch", "one"),
        node("Add", "one loudness", "two"),
        node("Mul", "two nil", "three"),
        node("Unsqueeze", "three axis", "four"),
        node("Add", "four line", "zero"),
        node("Add", "zero usual", "flat"),
        *(part for part in more if isinstance(part, onnx.NodeProto)),
        node("Identity", "zero", "cents"),
        node("Identity", db, "loudness_db"),
    ]
    constants = [
        constant("axis", [1], np.int64),
        constant("nil", 0.0),
        constant("line", np.zeros(size.frames)),
        constant("usual", -30.0),
        *(part for part in more if isinstance(part, TensorProto)),
    ]
    inputs = [tensor("latent", "notes", size.latent), tensor("pitch", "notes")]
    inputs.append(tensor("loudness", "notes"))
    outputs = [tensor(name, "notes", size.frames) for name in ("cents", "loudness_db")]
    return model(nodes, inputs, outputs, constants)


def encoder(spec: InstrumentSpec, *, point: str = "origin", more: Sequence[Any] = ()) -> Model:
    """An encoder that places everything at the origin.

    Args:
        spec: With its sizes.
        point: The tensor, [B, latent], that is the place.
        more: Nodes and constants that it needs; ``origin`` [B, latent] is there.
    """
    size = spec.envelope_size
    nodes = [
        node("Add", "cents loudness_db", "both"),
        node("ReduceSum", "both axis", "sum", keepdims=0),
        node("Add", "sum pitch", "one"),
        node("Add", "one loudness", "two"),
        node("Mul", "two nil", "three"),
        node("Unsqueeze", "three axis", "four"),
        node("Add", "four line", "origin"),
        *(part for part in more if isinstance(part, onnx.NodeProto)),
        node("Identity", point, "latent"),
    ]
    constants = [
        constant("axis", [1], np.int64),
        constant("nil", 0.0),
        constant("line", np.zeros(size.latent)),
        *(part for part in more if isinstance(part, TensorProto)),
    ]
    inputs = [tensor(name, "notes", size.frames) for name in ("cents", "loudness_db")]
    inputs += [tensor("pitch", "notes"), tensor("loudness", "notes")]
    return model(nodes, inputs, [tensor("latent", "notes", size.latent)], constants)


def endless_loop(spec: InstrumentSpec) -> Model:
    """Counts to 2⁶²."""
    body = helper.make_graph(
        [node("Identity", "go", "goes"), node("Add", "so_far nothing", "sum")],
        "body",
        [
            tensor("turn", kind=TensorProto.INT64),
            tensor("go", kind=TensorProto.BOOL),
            tensor("so_far", "voices", "frames"),
        ],
        [tensor("goes", kind=TensorProto.BOOL), tensor("sum", "voices", "frames")],
        [constant("nothing", 0.0)],
    )
    more = [
        node("Loop", "turns always level", "looped", body=body),
        constant("turns", 1 << 62, np.int64),
        constant("always", True, np.bool_),
    ]
    return timbre(spec, level="looped", more=more)


def put(folder: Path, name: str, content: bytes) -> None:
    """Make some bytes one of an instrument's graphs, with the right digest."""
    path = folder / SPEC_FILE
    spec = json.loads(path.read_text(encoding="utf-8"))
    (folder / spec[name]["file"]).write_bytes(content)
    spec[name]["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(spec), encoding="utf-8")


def copy_with(instrument: Path, folder: Path, **graphs: Model | bytes) -> Path:
    """A copy of an instrument with other graphs."""
    copy = Path(shutil.copytree(instrument, folder))
    for name, graph in graphs.items():
        put(copy, name, graph if isinstance(graph, bytes) else graph.SerializeToString())
    return copy


Make = Callable[[InstrumentSpec], Model]


def much(kind: str) -> Make:
    """Takes 16 GB, which onnxruntime would compute ahead where it can, or in each frame."""

    def make(spec: InstrumentSpec) -> Model:
        doubled, last = [], "few" if kind == "ahead" else "level"
        for turn in range(32):
            doubled.append(node("Concat", f"{last} {last}", f"more{turn}", axis=0))
            last = f"more{turn}"
        more = [
            *doubled,
            node("ReduceMean", last, "mean", keepdims=0),
            node("Mul", "mean level", "louder"),
            constant("few", [1.0, 1.0]),
        ]
        return timbre(spec, level="louder", more=more)

    return make


def giant(spec: InstrumentSpec, numbers: int = 1 << 34) -> Model:
    more = [
        node("ConstantOfShape", "shape", "giant"),
        node("ReduceSum", "giant", "sum", keepdims=0),
        node("Add", "sum level", "louder"),
        constant("shape", [numbers], np.int64),
    ]
    return timbre(spec, level="louder", more=more)
