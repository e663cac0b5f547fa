"""What C calls, compiled by numba: blocks for Python, and the callbacks of PortAudio and JACK.

It is imported where one of them isn't on disk, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.np import arrayobj

from instrument.arrays import Float32
from instrument.dsp.callback import CONTINUE, OUTPUT_UNDERFLOW, Playback
from instrument.dsp.compiler import c_function, inner_function
from instrument.dsp.decoder import Decoder, Scratch, decode
from instrument.dsp.jack_callback import (
    BYTES_A_WORD,
    CAPACITY,
    CLIENT,
    EVENT,
    EVENT_COUNT,
    EVENT_GET,
    FRAMES_WRAP,
    GET_BUFFER,
    LAST_FRAME_TIME,
    LENGTH_BITS,
    PLACE_BITS,
    PORT,
    RING,
    TAKEN,
    WRITTEN,
)
from instrument.dsp.jit import compiled_inside, fence, generated
from instrument.dsp.machine_code import (
    DECODER,
    FENCE,
    JACK,
    PORTAUDIO,
    RENDER,
    SPLINES,
    ObjectFile,
)
from instrument.dsp.matrix import within
from instrument.dsp.meter import answer, measure
from instrument.dsp.splines import Splines, SplineScratch, decode_splines
from instrument.dsp.state import Synth
from instrument.dsp.synth import render_synth


def _as_laid_out(network: Any, scratch: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """What numba takes all networks of a kind for, and what they are computed in."""
    return numba.typeof(network), numba.typeof(scratch.of(network))  # type: ignore[no-untyped-call]


_populate_array: Any = arrayobj.populate_array

SYNTH: Any = numba.typeof(Synth.smallest())  # type: ignore[no-untyped-call]
"""What numba takes every `Synth` for."""

PLAYBACK: Any = numba.typeof((Playback.empty(Synth.smallest()), 0))  # type: ignore[no-untyped-call]
"""What it takes every `Playback` with the address of `_render` for."""


# --- What lies at an address --------------------------------------------------------------------


def _loader(kind: Any) -> Any:  # noqa: ANN401
    """A function for compiled code: the value of some type."""

    def load(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
            where = context.get_value_type(kind).as_pointer()
            return builder.load(builder.bitcast(arguments[0], where))

        return kind(types.voidptr), generate

    return generated(load)


def _viewer(kind: Any) -> Any:  # noqa: ANN401
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


_load_synth, _load_playback = _loader(SYNTH), _loader(PLAYBACK)
_load_decoder, _load_scratch = map(_loader, _as_laid_out(Decoder.smallest(), Scratch))
_load_splines, _load_spline_scratch = map(_loader, _as_laid_out(Splines.smallest(), SplineScratch))
_floats, _doubles, _words = map(_viewer, (types.float32, types.float64, types.int64))


# --- For Python ---------------------------------------------------------------------------------


def _render(synth, left, right, samples):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Render the next samples of what lies at an address."""
    render_synth(_load_synth(synth), _floats(left, samples), _floats(right, samples))
    return 0


def _order():  # type: ignore[no-untyped-def]  # noqa: ANN202
    fence()
    return 0


def _decode(network, scratch, given, made, voices, frames):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Frames of voices by a network; what it takes and gives lies side by side.

    Behind what it takes lies how large each output may be; behind what it gives, whether all are.
    """
    net = _load_decoder(network)
    count, states = voices * frames, voices * net.units
    after = 2 * count + states
    noise = count * (1 + net.harmonics)
    end = noise + count * net.bands
    inputs, outputs = _floats(given, after + 4), _floats(made, end + states + 1)
    amplitude, harmonics = outputs[:count], outputs[count:noise]
    bands, state = outputs[noise:end], outputs[end : end + states]
    decode(
        net,
        _load_scratch(scratch),
        inputs[:count],
        inputs[count : 2 * count],
        inputs[2 * count : after],
        amplitude,
        harmonics,
        bands,
        state,
        voices,
        frames,
    )
    loud, even = within(amplitude, inputs[after]), within(harmonics, inputs[after + 1])
    hiss, mind = within(bands, inputs[after + 2]), within(state, inputs[after + 3])
    outputs[end + states] = loud and even and hiss and mind
    return 0


def _decode_splines(network, scratch, given, made, notes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Envelopes of notes by splines, as `_decode`."""
    net = _load_splines(network)
    points, frames = notes * net.latent, notes * net.frames
    after = points + 2 * notes
    inputs, outputs = _floats(given, after + 2), _floats(made, 2 * frames + 1)
    cents, loudness_db = outputs[:frames], outputs[frames : 2 * frames]
    decode_splines(
        net,
        _load_spline_scratch(scratch),
        inputs[:points],
        inputs[points : points + notes],
        inputs[points + notes : after],
        cents,
        loudness_db,
        notes,
    )
    straight, quiet = within(cents, inputs[after]), within(loudness_db, inputs[after + 1])
    outputs[2 * frames] = straight and quiet
    return 0


# --- For PortAudio ------------------------------------------------------------------------------


@generated
def _render_at(_context: Any, address: Any, synth: Any, left: Any, right: Any) -> Any:  # noqa: ANN401
    """Call `_render` at its address."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        function, pointer, *channels = arguments
        blocks = [context.make_array(left)(context, builder, channel) for channel in channels]
        data = [builder.bitcast(block.data, pointer.type) for block in blocks]
        given = [pointer, *data, blocks[0].nitems]
        kinds = _RENDER.return_type, _RENDER.args
        kind = context.call_conv.get_function_type(*kinds).as_pointer()
        context.call_conv.call_function(builder, builder.inttoptr(function, kind), *kinds, given)
        return context.get_dummy_value()

    return types.void(address, synth, left, right), generate


@compiled_inside
def _fill(user_data: object, out: Float32, seconds: float, flags: int) -> None:
    """Render a block and keep the books.

    Args:
        user_data: Where what plays lies in memory.
        out: [2 n], left and right in turn, written.
        seconds: The stream's time.
        flags: PortAudio's.
    """
    loaded: tuple[Playback, int] = _load_playback(user_data)
    playback, render = loaded
    if flags & OUTPUT_UNDERFLOW:
        playback.underflows[0] += 1
    row = playback.calls[0] % len(playback.clock)
    playback.clock[row, 0] = playback.synth.state.position[0]
    playback.clock[row, 1] = seconds
    samples = len(out) // 2
    playback.block[0] = samples
    fence()
    playback.calls[0] += 1
    answer(playback.meter)
    scratch = playback.synth.state.output
    for first in range(0, samples, scratch.shape[1]):
        count = min(scratch.shape[1], samples - first)
        left = scratch[0][:count]
        right = scratch[1][:count]
        _render_at(render, user_data, left, right)  # the synthesiser is what lies first there
        for i in range(count):
            out[2 * (first + i)] = left[i]
            out[2 * (first + i) + 1] = right[i]
        measure(playback.meter, left, right, playback.synth.limiter.peak[0])
    if playback.recording[0]:
        mask = len(playback.tape) - 1
        for i in range(samples):
            place = (playback.kept[0] + i) & mask
            playback.tape[place, 0] = out[2 * i]
            playback.tape[place, 1] = out[2 * i + 1]
        fence()
        playback.kept[0] += samples


def _portaudio(_input, output, samples, time_info, flags, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """PaStreamCallback."""
    # PaStreamCallbackTimeInfo: input, current and output time.
    seconds = _doubles(time_info, 3)[1]
    _fill(user_data, _floats(output, 2 * samples), seconds, flags)
    return CONTINUE


# --- For JACK -----------------------------------------------------------------------------------


@generated
def _call_at(_context: Any, _function: Any, _first: Any, _second: Any, _third: Any) -> Any:  # noqa: ANN401
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
def _byte(_context: Any, _address: Any) -> Any:  # noqa: ANN401
    """The byte at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))

    return types.uint8(types.int64), generate


@generated
def _address(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
    """The number of a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return types.int64(types.voidptr), generate


def _jack(frames, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """JackProcessCallback."""
    memory = _words(user_data, RING)
    capacity = memory[CAPACITY]
    ring = _words(user_data, RING + capacity)[RING:]
    event = _address(user_data) + EVENT * BYTES_A_WORD
    buffer = _call_at(memory[GET_BUFFER], memory[PORT], np.int64(frames), 0)
    if buffer == 0:
        return 0
    began = _call_at(memory[LAST_FRAME_TIME], memory[CLIENT], 0, 0) & (FRAMES_WRAP - 1)
    count = _call_at(memory[EVENT_COUNT], buffer, 0, 0) & (FRAMES_WRAP - 1)
    for i in range(count):
        if _call_at(memory[EVENT_GET], event, buffer, i) & (FRAMES_WRAP - 1) != 0:
            continue
        length, data = memory[EVENT + 1], memory[EVENT + 2]
        needed = 1 + (length + BYTES_A_WORD - 1) // BYTES_A_WORD
        written = memory[WRITTEN]
        if written - memory[TAKEN] + needed >= capacity or length >> LENGTH_BITS:
            continue
        place = memory[EVENT] & ((1 << PLACE_BITS) - 1)
        ring[written % capacity] = (began << PLACE_BITS | place) << LENGTH_BITS | length
        for word in range(needed - 1):
            packed = np.int64(0)
            for j in range(word * BYTES_A_WORD, min(length, (word + 1) * BYTES_A_WORD)):
                packed |= np.int64(_byte(data + j)) << (BYTES_A_WORD * (j % BYTES_A_WORD))
            ring[(written + 1 + word) % capacity] = packed
        fence()
        memory[WRITTEN] = written + needed
    return 0


# --- All of them --------------------------------------------------------------------------------

_NETWORK = 4 * (types.voidptr,)
_RENDER = types.intc(types.voidptr, types.voidptr, types.voidptr, types.intp)
_PORTAUDIO = types.intc(
    types.voidptr, types.voidptr, types.ulong, types.voidptr, types.ulong, types.voidptr
)

COMPILE: dict[str, Callable[[], ObjectFile]] = {
    RENDER: partial(inner_function, _RENDER, _render),
    DECODER: partial(inner_function, types.intc(*_NETWORK, types.intp, types.intp), _decode),
    SPLINES: partial(inner_function, types.intc(*_NETWORK, types.intp), _decode_splines),
    FENCE: partial(inner_function, types.intc(), _order),
    PORTAUDIO: partial(c_function, _PORTAUDIO, _portaudio),
    JACK: partial(c_function, types.intc(types.uint32, types.voidptr), _jack),
}
"""By their names, what compiles them."""
