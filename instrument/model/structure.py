"""What a graph computes: its nodes in order as one text, and its constants apart from them.

Two graphs of one structure compute the same, with other numbers and sizes. What is read are the
fields of ``onnx.proto`` that a graph of plain operators has; another has no structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from instrument.model.onnx_file import Unfit, Walk, varint

_GRAPH = 7  # of a model
_NODE, _INITIALIZER = 1, 5  # of a graph
_INPUT, _OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5  # of a node
_NAME, _REAL, _WHOLE, _TEXT, _TENSOR, _WHOLES = 1, 2, 3, 4, 5, 8  # of an attribute
_SIZES, _KIND, _TENSOR_NAME, _RAW = 1, 2, 8, 9  # of a tensor
_KINDS: dict[memoryview | int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8")}

_NUMBERS = "hidden_size", "kernel_shape", "strides", "pads"
"""Attributes that are sizes: constants, as those are that are no whole numbers."""

Constant: TypeAlias = NDArray[Any]


class Structure(NamedTuple):
    """What a graph computes.

    Attributes:
        text: Its nodes that compute, in order, each with its attributes and what it takes: an input
            or output of the graph by its name, another node by its number, and # for a constant.
            Then what its outputs are.
        constants: Of the nodes, in that order.
    """

    text: str
    constants: list[Constant]


class _Unread(ValueError):  # noqa: N818 (nothing is wrong with it)
    """There is something in a graph that isn't read here."""


def read_structure(content: bytes, outputs: Sequence[str]) -> Structure | None:
    """The structure of a graph that was checked; None if there is something else in it.

    Args:
        content: Of its file.
        outputs: Names of its outputs.
    """
    with suppress(_Unread, Unfit, ValueError):
        fields = _Fields(memoryview(content))
        return _structure(_Fields(fields.only(_GRAPH)), outputs)
    return None


class _Fields:
    """The fields of a message, by their numbers."""

    def __init__(self, message: memoryview | int) -> None:
        self._values: dict[int, list[memoryview | int]] = {}
        for number, value in Walk().fields(message):
            self._values.setdefault(number, []).append(value)

    def all(self, number: int) -> list[memoryview | int]:
        return self._values.get(number, [])

    def only(self, number: int) -> memoryview | int:
        """The value of one that is there once."""
        (value,) = self.all(number)
        return value

    def bytes(self, number: int) -> bytes:
        value = self.only(number)
        if isinstance(value, int):
            raise _Unread
        return bytes(value)

    def texts(self, number: int) -> list[str]:
        return [bytes(value).decode() for value in self.all(number) if not isinstance(value, int)]

    def wholes(self, number: int) -> list[int]:
        """Numbers, each by itself or all in one."""
        found: list[int] = []
        for value in self.all(number):
            if isinstance(value, int):
                found.append(value)
            else:
                at = 0
                while at < len(value):
                    whole, at = varint(value, at)
                    found.append(whole)
        return [whole - (1 << 64) if whole >> 63 else whole for whole in found]


def _structure(graph: _Fields, outputs: Sequence[str]) -> Structure:
    # Tensors by name: constants, and what stands for others in the text.
    tensors: dict[str, Constant | str] = {}
    for value in graph.all(_INITIALIZER):
        tensor = _Fields(value)
        tensors[tensor.bytes(_TENSOR_NAME).decode()] = _array(tensor)
    words: list[str] = []
    taken: list[Constant] = []
    for value in graph.all(_NODE):
        node = _Fields(value)
        operator, made = node.bytes(_OPERATOR).decode(), node.texts(_OUTPUT)
        said, numbers = _attributes(node.all(_ATTRIBUTE))
        given = [tensors.get(name, name) for name in node.texts(_INPUT)]
        if operator == "Constant":
            (tensors[made[0]],) = numbers
        elif operator == "Identity":
            (tensors[made[0]],) = given
        else:
            taken += [each for each in given if not isinstance(each, str)]
            taken += numbers
            for number, name in enumerate(made):
                tensors[name] = f"{len(words)}.{number}" if number else f"{len(words)}"
            texts = [each if isinstance(each, str) else "#" for each in given]
            words.append(f"{operator}({','.join([*texts, *said])})")
    ends = (f"{name}={tensors.get(name, '')}" for name in outputs)
    return Structure(" ".join((*words, *ends)), taken)


def _attributes(values: Sequence[memoryview | int]) -> tuple[list[str], list[Constant]]:
    """What attributes say, as text, and those that are numbers."""
    said: list[str] = []
    numbers: list[Constant] = []
    for value in values:
        attribute = _Fields(value)
        name = attribute.bytes(_NAME).decode()
        if attribute.all(_TENSOR):
            numbers.append(_array(_Fields(attribute.only(_TENSOR))))
        elif attribute.all(_REAL):
            numbers.append(np.frombuffer(attribute.bytes(_REAL), _KINDS[1]))
        elif attribute.all(_TEXT):
            said.append(f"{name}={attribute.bytes(_TEXT).decode()}")
        else:
            wholes = [*attribute.wholes(_WHOLE), *attribute.wholes(_WHOLES)]
            if name in _NUMBERS:
                numbers.append(np.array(wholes, np.int64))
            else:
                said.append(f"{name}={':'.join(map(str, wholes))}")
    return said, numbers


def _array(tensor: _Fields) -> Constant:
    kind = _KINDS.get(tensor.only(_KIND))
    if kind is None:
        raise _Unread
    return np.frombuffer(tensor.bytes(_RAW), kind).reshape(tensor.wholes(_SIZES))
