"""For compiled code: what lies at an address, and a call of a C function there."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.np import arrayobj

from instrument.dsp.jit import generated

_populate_array: Any = arrayobj.populate_array


def loader(kind: Any) -> Any:  # noqa: ANN401
    """A function for compiled code: the value of some type."""

    def load(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
            where = context.get_value_type(kind).as_pointer()
            return builder.load(builder.bitcast(arguments[0], where))

        return kind(types.voidptr), generate

    return generated(load)


def viewer(kind: Any) -> Any:  # noqa: ANN401
    """A function for compiled code: an array of so many numbers, which belongs to nobody."""

    def view(_context: Any, _pointer: Any, _count: Any) -> Any:  # noqa: ANN401
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
            array = context.make_array(signature.return_type)(context, builder)
            data = builder.bitcast(arguments[0], array.data.type)
            size = context.get_constant(types.intp, np.dtype(kind.name).itemsize)
            _populate_array(array, data, [arguments[1]], [size], size, None)
            return array._getvalue()

        return types.Array(kind, 1, "C")(types.voidptr, types.intp), generate

    return generated(view)


floats, doubles, words = map(viewer, (types.float32, types.float64, types.int64))


@generated
def call_at(_context: Any, _function: Any, _first: Any, _second: Any, _third: Any) -> Any:  # noqa: ANN401
    """Call a C function, at its address, with up to three integers or pointers."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        # On all 64-bit systems such arguments have a register each; one too many does no harm.
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word] * 3)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(function, arguments[1:])

    word = types.int64
    return word(word, word, word, word), generate


@generated
def byte(_context: Any, _address: Any) -> Any:  # noqa: ANN401
    """The byte at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))

    return types.uint8(types.int64), generate


@generated
def address(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
    """The number of a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return types.int64(types.voidptr), generate


@generated
def pointer(_context: Any, _address: Any) -> Any:  # noqa: ANN401
    """The pointer of a number."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate
