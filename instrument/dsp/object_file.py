"""Object files put into memory, ready to be called: of what they need, no more.

LLVM can do that with any of them, and takes 40 MB and 60 ms. What numba makes for 64-bit x86 under
Linux or another system with ELF files needs only its addresses filled in.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import sys
from functools import cache
from typing import Any, NamedTuple

HEADER = struct.Struct("<16s HHI QQQ I HHHHHH")
SECTION = struct.Struct("<II QQQQ II QQ")
SYMBOL = struct.Struct("<I BBH QQ")
RELOCATION = struct.Struct("<Q II q")
WORD = struct.Struct("<Q")

ELF_64, X86_64, RELOCATABLE = b"\x7fELF\x02\x01", 62, 1
SYMBOLS, RELOCATIONS, NOTHING_STORED = 2, 4, 8
ALLOCATED, UNDEFINED, COMMON = 2, 0, 0xFFF2
ABSOLUTE_64, RELATIVE_64 = 1, 24


class Unloadable(Exception):  # noqa: N818 (it is no error: LLVM can do it)
    """It is of another kind than can be loaded here."""


class _Section(NamedTuple):
    kind: int
    flags: int
    offset: int
    size: int
    link: int
    target: int
    alignment: int


_loaded: list[Any] = []
"""The memory of all that is loaded, which stays."""


def load(code: bytes, function: str) -> int:
    """The address of a function of an object file, whose code is in memory from now on."""
    try:
        return _load_elf(code, function)
    except Unloadable:
        return _load_by_llvm(code, function)


# --- By LLVM ------------------------------------------------------------------------------------


@cache
def _llvm() -> Any:  # noqa: ANN401 (LLVM's)
    from llvmlite import binding  # noqa: PLC0415

    llvm: Any = binding
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _load_by_llvm(code: bytes, function: str) -> int:
    llvm = _llvm()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _loaded.append(engine)
    return int(engine.get_function_address(function))


# --- By hand ------------------------------------------------------------------------------------


def _sections(code: bytes) -> list[_Section]:
    if code[:6] != ELF_64 or platform.machine() not in {"x86_64", "AMD64"}:
        raise Unloadable("no ELF file of this processor")
    _, kind, machine, _, _, _, first, _, _, _, _, _, count, _ = HEADER.unpack_from(code)
    if (kind, machine) != (RELOCATABLE, X86_64) or sys.platform != "linux":
        raise Unloadable("it is for another system")
    sections = []
    for number in range(count):
        found = SECTION.unpack_from(code, first + number * SECTION.size)
        _, kind, flags, _, offset, size, link, target, alignment, _ = found
        sections.append(_Section(kind, flags, offset, size, link, target, max(alignment, 1)))
    return sections


def _load_elf(code: bytes, function: str) -> int:
    sections = _sections(code)
    places: dict[int, int] = {}
    end = 0
    for number, section in enumerate(sections):
        if section.flags & ALLOCATED:
            places[number] = end = -(-end // section.alignment) * section.alignment
            end += section.size
    table = next(section for section in sections if section.kind == SYMBOLS)
    found = list(SYMBOL.iter_unpack(code[table.offset : table.offset + table.size]))
    texts = sections[table.link].offset
    names = [_text(code, texts + name) for name, *_ in found]
    for number, (_, _, _, where, alignment, size) in enumerate(found):
        if where == COMMON:
            places[-number] = end = -(-end // alignment) * alignment
            end += size
    memory = mmap.mmap(-1, end, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for number, section in enumerate(sections):
        if number in places and section.kind != NOTHING_STORED:
            stored = code[section.offset : section.offset + section.size]
            memory[places[number] : places[number] + section.size] = stored

    def address(number: int) -> int:
        _, _, _, where, value, _ = found[number]
        if where == COMMON:
            return base + places[-number]
        if where == UNDEFINED:
            return _outside(names[number])
        if where not in places:
            raise Unloadable(f"{names[number]} lies nowhere")
        return base + places[where] + int(value)

    for section in sections:
        if section.kind != RELOCATIONS or section.target not in places:
            continue
        stored = code[section.offset : section.offset + section.size]
        for offset, kind, number, added in RELOCATION.iter_unpack(stored):
            if kind not in {ABSOLUTE_64, RELATIVE_64}:
                raise Unloadable(f"relocation {kind}")
            place = places[section.target] + offset
            value = address(number) + added - (base + place if kind == RELATIVE_64 else 0)
            WORD.pack_into(memory, place, value % (1 << 64))
    _make_executable(base, end)
    _loaded.append(memory)
    return address(names.index(function))


def _text(code: bytes, first: int) -> str:
    return code[first : code.index(b"\0", first)].decode()


def _outside(name: str) -> int:
    """A function of the C library."""
    try:
        return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0
    except AttributeError as error:
        raise Unloadable(f"there is no {name}") from error


def _make_executable(base: int, size: int) -> None:
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    if protect(base, size, mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise Unloadable("the system refuses it")
