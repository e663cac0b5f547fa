"""An ONNX file: the bytes that were exported, and nothing in them that leads beyond them.

What is looked for is written in protocol buffers' wire format, which is walked here no further than
needed: numbers of fields are those of ``onnx.proto``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from instrument.errors import InstrumentError
from instrument.model.folder import read_file

if TYPE_CHECKING:
    from instrument.model.spec import Graph

GRAPH_BYTES = 1 << 26
"""Most that a graph may have: 16 million weights, 40 times what those that ship have."""

MOST_FIELDS = 200_000
"""So many parts of a file are looked at; those that ship have some 2000."""


def read_graph(graph: Graph, folder: Path) -> bytes:
    """The bytes of a graph, which are those that were exported, and all that will be loaded.

    Raises:
        InstrumentError: It is missing, too large, lies elsewhere, was edited, names other files, or
            may take any time to compute.
    """
    path = folder / graph.file
    _check_place(path, graph.file, folder)
    content = read_file(path, GRAPH_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    if digest != graph.sha256:
        raise InstrumentError(
            f"{path}: digest {digest[:12]}… differs from {graph.sha256[:12]}… in its description: "
            "the file was edited or is incomplete; export or install the instrument anew"
        )
    try:
        _check_model(memoryview(content))
    except Unfit as unfit:
        raise InstrumentError(f"{path}: {unfit}; export the instrument anew") from unfit
    return content


def _check_place(path: Path, name: str, folder: Path) -> None:
    """Refuse a file that doesn't lie in the instrument's folder, whatever it is called."""
    inside = name not in ("", ".", "..") and not {"/", "\\", "\0", ":"} & set(name)
    try:
        if inside and path.resolve().parent == folder.resolve():
            return
    except (OSError, RuntimeError) as error:  # a circle of links
        raise InstrumentError(f"{path}: cannot be read: {error}") from error
    raise InstrumentError(
        f"{path}: a graph should lie in the folder of its instrument; export the instrument anew"
    )


# --- What is in it -------------------------------------------------------------------------------


class Unfit(ValueError):  # noqa: N818 (a file that doesn't fit)
    """What an instrument's graph may not have in it."""


_NO_GRAPH = "not an ONNX graph, or an incomplete one"
_ELSEWHERE = "its weights lie in another file, which no digest speaks for"
_ENDLESS = (
    "it has loops, branches or functions: how long they take isn't known, and sound can't wait"
)
_FOREIGN = "it needs operators that ONNX itself doesn't have"
_CHANCE = "it draws random numbers: the same notes wouldn't sound the same"
_SPARSE = "it has sparse tensors, which instruments don't"

_GRAPH, _FUNCTIONS = 7, 25  # of a model
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15  # of a graph
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of a node
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS, _SPARSE_TENSOR, _SPARSE_TENSORS = 5, 6, 10, 11, 22, 23
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor
_OWN_DOMAINS = b"", b"ai.onnx"
_RANDOM = (b"Random", b"Multinomial", b"Bernoulli")


class Walk:
    """Goes through the fields of messages, and counts them."""

    def __init__(self) -> None:
        self._seen = 0

    def fields(self, message: memoryview | int) -> Iterator[tuple[int, memoryview | int]]:
        """Numbers and values of a message's fields; numbers of fixed size are their bytes."""
        if isinstance(message, int):
            raise Unfit(_NO_GRAPH)
        at = 0
        while at < len(message):
            self._seen += 1
            if self._seen > MOST_FIELDS:
                raise Unfit("it has more parts than any instrument")
            tag, at = varint(message, at)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value, at = varint(message, at)
                yield number, value
            elif wire == 2:
                size, at = varint(message, at)
                part = message[at : at + size]
                if len(part) < size:
                    raise Unfit(_NO_GRAPH)
                at += size
                yield number, part
            elif wire in (1, 5):
                size = 8 if wire == 1 else 4
                yield number, message[at : at + size]
                at += size
            else:
                raise Unfit(_NO_GRAPH)


def varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    for at in range(at, min(at + 10, len(message))):  # noqa: B020, PLR1704 (goes on from there)
        byte = message[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
        shift += 7
    raise Unfit(_NO_GRAPH)


def _check_model(model: memoryview) -> None:
    walk, graphs = Walk(), 0
    for number, value in walk.fields(model):
        if number == _FUNCTIONS:
            raise Unfit(_ENDLESS)
        if number == _GRAPH:
            graphs += 1
            _check_graph(walk, value)
    if not graphs:
        raise Unfit(_NO_GRAPH)


def _check_graph(walk: Walk, graph: memoryview | int) -> None:
    for number, value in walk.fields(graph):
        if number == _SPARSE_INITIALIZER:
            raise Unfit(_SPARSE)
        if number == _INITIALIZER:
            _check_tensor(walk, value)
        elif number == _NODE:
            _check_node(walk, value)


def _check_node(walk: Walk, node: memoryview | int) -> None:
    for number, value in walk.fields(node):
        if number == _DOMAIN and (isinstance(value, int) or bytes(value) not in _OWN_DOMAINS):
            raise Unfit(_FOREIGN)
        if number == _OPERATOR and (isinstance(value, int) or bytes(value).startswith(_RANDOM)):
            raise Unfit(_CHANCE)
        if number == _ATTRIBUTE:
            _check_attribute(walk, value)


def _check_attribute(walk: Walk, attribute: memoryview | int) -> None:
    for number, value in walk.fields(attribute):
        if number in (_SUBGRAPH, _SUBGRAPHS):
            raise Unfit(_ENDLESS)
        if number in (_SPARSE_TENSOR, _SPARSE_TENSORS):
            raise Unfit(_SPARSE)
        if number in (_TENSOR, _TENSORS):
            _check_tensor(walk, value)


def _check_tensor(walk: Walk, tensor: memoryview | int) -> None:
    for number, value in walk.fields(tensor):
        if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
            raise Unfit(_ELSEWHERE)
