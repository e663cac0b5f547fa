"""What PortAudio's and JACK's callbacks do; `c_functions` compiles them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types

from instrument.arrays import Float32, Int64
from instrument.dsp.at_address import (
    address,
    byte,
    call_at,
    doubles,
    floats,
    loader,
    pointer,
    words,
)
from instrument.dsp.callback import CONTINUE, OUTPUT_UNDERFLOW, Playback
from instrument.dsp.jack_callback import (
    BITS_A_BYTE,
    BUSY,
    BUSY_SMOOTHING,
    BYTES_A_WORD,
    CAPACITY,
    CLIENT,
    EVENT,
    EVENT_COUNT,
    EVENT_GET,
    FNV_PRIME,
    FRAME,
    FRAMES_WRAP,
    GAPS,
    GAPS_TOLD,
    GET_BUFFER,
    GET_TIME,
    HEARD,
    INPUTS,
    LAST_FRAME_TIME,
    LEFT,
    LENGTH_BITS,
    LOST,
    MILLION,
    NO_SAMPLE,
    NOTE_ON,
    PERIODS,
    PIPE,
    PLAYS,
    PORT,
    RIGHT,
    RING,
    RINGS,
    SAMPLE_RATE,
    TAKEN,
    WORDS,
    WRITE,
    WRITTEN,
)
from instrument.dsp.jit import compiled_inside, fence, generated
from instrument.dsp.meter import answer, measure
from instrument.dsp.state import Synth

Integer: TypeAlias = int | np.int64

RENDERS = types.intc(types.voidptr, types.voidptr, types.voidptr, types.intp)
"""The signature of what renders: a synthesiser, two channels, and their samples."""

CALLED_BY_PORTAUDIO = types.intc(
    types.voidptr, types.voidptr, types.ulong, types.voidptr, types.ulong, types.voidptr
)
CALLED_BY_JACK = types.intc(types.uint32, types.voidptr)
TOLD_BY_JACK = types.intc(types.voidptr)

PLAYBACK: Any = numba.typeof((Playback.empty(Synth.smallest()), 0))  # type: ignore[no-untyped-call]
"""What numba takes every `Playback` for, with the address of what renders."""

_load_playback = loader(PLAYBACK)

# --- What both play -----------------------------------------------------------------------------


@generated
def _render_at(_context: Any, address: Any, synth: Any, left: Any, right: Any) -> Any:  # noqa: ANN401
    """Call what renders, at its address."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        function, pointer, *channels = arguments
        blocks = [context.make_array(left)(context, builder, channel) for channel in channels]
        data = [builder.bitcast(block.data, pointer.type) for block in blocks]
        given = [pointer, *data, blocks[0].nitems]
        kinds = RENDERS.return_type, RENDERS.args
        kind = context.call_conv.get_function_type(*kinds).as_pointer()
        context.call_conv.call_function(builder, builder.inttoptr(function, kind), *kinds, given)
        return context.get_dummy_value()

    return types.void(address, synth, left, right), generate


@compiled_inside
def _begin(user_data: object, samples: Integer, seconds: float, gaps: Integer) -> None:
    """Keep the books of a call, before it plays.

    Args:
        user_data: Where what plays lies in memory.
        samples: That will be played.
        seconds: The stream's time.
        gaps: That there were since the call before.
    """
    loaded: tuple[Playback, int] = _load_playback(user_data)
    playback, _ = loaded
    playback.underflows[0] += gaps
    row = playback.calls[0] % len(playback.clock)
    playback.clock[row, 0] = playback.synth.state.position[0]
    playback.clock[row, 1] = seconds
    playback.block[0] = samples
    fence()
    playback.calls[0] += 1
    answer(playback.meter)


@compiled_inside
def _play(user_data: object, left: Float32, right: Float32) -> None:
    """Render the next samples, [n] each, and keep them if they are recorded."""
    loaded: tuple[Playback, int] = _load_playback(user_data)
    playback, render = loaded
    _render_at(render, user_data, left, right)  # the synthesiser is what lies first there
    measure(playback.meter, left, right, playback.synth.limiter.peak[0])
    if playback.recording[0]:
        mask = len(playback.tape) - 1
        for i in range(len(left)):
            place = (playback.kept[0] + i) & mask
            playback.tape[place, 0] = left[i]
            playback.tape[place, 1] = right[i]
        fence()
        playback.kept[0] += len(left)


# --- For PortAudio ------------------------------------------------------------------------------


def portaudio(_input, output, samples, time_info, flags, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """PaStreamCallback."""
    # PaStreamCallbackTimeInfo: input, current and output time.
    seconds = doubles(time_info, 3)[1]
    out = floats(output, 2 * samples)
    count = np.int64(samples)
    _begin(user_data, count, seconds, np.int64((flags & OUTPUT_UNDERFLOW) // OUTPUT_UNDERFLOW))
    playback, _ = _load_playback(user_data)
    scratch = playback.synth.state.output
    for first in range(0, count, scratch.shape[1]):
        size = min(scratch.shape[1], count - first)
        left = scratch[0][:size]
        right = scratch[1][:size]
        _play(user_data, left, right)
        for i in range(size):
            out[2 * (first + i)] = left[i]
            out[2 * (first + i) + 1] = right[i]
    return CONTINUE


# --- For JACK -----------------------------------------------------------------------------------


@compiled_inside
def _read(memory: Int64, event: Integer, ring: Integer, frames: Integer, position: Integer) -> bool:
    """Put a period's messages of one port into its ring; whether there are any.

    JACK hands over again what a program sent last where that is late in a circle with the client,
    which doesn't wait for it, or where another is late and the client is called twice in a period.
    The same note-ons at the same frames as in the call before are that, and are left out.

    Args:
        memory: Of the process.
        event: The address of its description of a message.
        ring: The address of the port's ring.
        frames: Of the period.
        position: The sample of what plays that the period begins with, or `NO_SAMPLE`.
    """
    head = words(pointer(ring), RING)
    capacity = head[CAPACITY]
    content = words(pointer(ring), RING + capacity)[RING:]
    buffer = call_at(memory[GET_BUFFER], head[PORT], frames, 0)
    if buffer == 0:
        return False
    written, lost, heard, strikes = head[WRITTEN], 0, np.int64(0), False
    count = call_at(memory[EVENT_COUNT], buffer, 0, 0) & (FRAMES_WRAP - 1)
    for i in range(count):
        if call_at(memory[EVENT_GET], event, buffer, i) & (FRAMES_WRAP - 1) != 0:
            continue
        length, data = memory[EVENT + 1], memory[EVENT + 2]
        needed = 2 + (length + BYTES_A_WORD - 1) // BYTES_A_WORD
        if written - head[TAKEN] + needed >= capacity or length >> LENGTH_BITS:
            lost += 1
            continue
        offset = memory[EVENT] & (FRAMES_WRAP - 1)
        sample = NO_SAMPLE if position == NO_SAMPLE else position + offset
        content[written % capacity] = memory[FRAME] << LENGTH_BITS | length
        content[(written + 1) % capacity] = sample
        for word in range(needed - 2):
            packed = np.int64(0)
            for j in range(word * BYTES_A_WORD, min(length, (word + 1) * BYTES_A_WORD)):
                packed |= np.int64(byte(data + j)) << (BITS_A_BYTE * (j % BYTES_A_WORD))
            content[(written + 2 + word) % capacity] = packed
            heard = (heard ^ packed) * FNV_PRIME
        heard = (heard ^ (offset << LENGTH_BITS | length)) * FNV_PRIME
        strikes = strikes or (length > 0 and byte(data) & 0xF0 == NOTE_ON)
        written += needed
    again = strikes and heard == head[HEARD]
    head[HEARD] = heard
    if again:
        return False
    head[LOST] += lost
    fence()
    arrived: bool = written != head[WRITTEN]
    head[WRITTEN] = written
    return arrived


def jack(frames, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """JackProcessCallback."""
    memory = words(user_data, WORDS)
    began = call_at(memory[GET_TIME], 0, 0, 0)
    frame = call_at(memory[LAST_FRAME_TIME], memory[CLIENT], 0, 0)
    memory[FRAME] += (frame - memory[FRAME]) & (FRAMES_WRAP - 1)
    size, plays, position = np.int64(frames), memory[PLAYS], np.int64(NO_SAMPLE)
    if plays != 0:
        playback, _ = _load_playback(pointer(plays))
        position = playback.synth.state.position[0]
    arrived = False
    for i in range(memory[INPUTS]):
        event = address(user_data) + EVENT * BYTES_A_WORD
        arrived |= _read(memory, event, memory[RINGS + i], size, position)
    if arrived and memory[WRITE] != 0:
        fence()
        call_at(memory[WRITE], memory[PIPE], address(user_data), 1)
    if memory[LEFT] != 0:
        buffers = (
            call_at(memory[GET_BUFFER], memory[LEFT], size, 0),
            call_at(memory[GET_BUFFER], memory[RIGHT], size, 0),
        )
        if buffers[0] != 0 and buffers[1] != 0:
            left = floats(pointer(buffers[0]), size)
            right = floats(pointer(buffers[1]), size)
            if plays == 0:
                for i in range(size):
                    left[i] = right[i] = np.float32(0.0)
            else:
                gaps = memory[GAPS] - memory[GAPS_TOLD]
                memory[GAPS_TOLD] += gaps
                _begin(pointer(plays), size, began / MILLION, gaps)
                _play(pointer(plays), left, right)
    busy = (call_at(memory[GET_TIME], 0, 0, 0) - began) * memory[SAMPLE_RATE] / size
    memory[BUSY] += np.int64(BUSY_SMOOTHING * (min(busy, MILLION) - memory[BUSY]))
    fence()
    memory[PERIODS] += 1
    return 0


def jack_gap(user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """JackXRunCallback."""
    words(user_data, WORDS)[GAPS] += 1
    return 0
