"""Let the system refuse the n-th write of a program, be it of Python, of NumPy or of TensorFlow.

Linux stops the program at each call that changes the disk and asks this process what to do: these
are seccomp's notifications, https://man7.org/linux/man-pages/man2/seccomp_unotify.2.html.
"""

import array
import ctypes
import mmap
import os
import platform
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

# The calls and their numbers on x86-64; openat counts if it may write.
OPENAT = 257
ON_DESCRIPTORS = {1: "write", 18: "pwrite", 20: "writev", 74: "fsync", 75: "fdatasync"}
ON_DESCRIPTORS |= {77: "ftruncate"}
ON_PATHS = {82: "rename", 83: "mkdir", 84: "rmdir", 87: "unlink", 90: "chmod"}
IN_FOLDERS = {OPENAT: "open", 258: "mkdir", 263: "unlink", 264: "rename", 316: "rename"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

SECCOMP, SET_FILTER, NEW_LISTENER = 317, 1, 8
END_WITH_PARENT, NO_NEW_PRIVILEGES = 1, 38
RECEIVE, ANSWER = 0xC0502100, 0xC0182101
CALL = struct.Struct("=QIIiIQ6Q")  # identity, thread, flags, number, machine, place, arguments
REPLY = struct.Struct("=QqiI")  # identity, value, error, flags
GO_ON = 1  # the flag with which the call is made as if nobody had been asked
LOAD, EQUALS, HAS_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ASK = 0x7FFF0000, 0x7FC00000
NUMBER, FLAGS = 0, 32  # where a filter finds a call's number, and openat's flags

REQUEST = struct.Struct("iii")  # the write to refuse (0: none), its error, writes so far


def is_possible() -> bool:
    """Tell whether this is a system whose calls this module knows."""
    return (sys.platform, platform.machine()) == ("linux", "x86_64")


class Write(NamedTuple):
    """A call that changes the disk."""

    call: str
    path: Path


class Disk:
    """The disk below a folder, as the program sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._shared = mmap.mmap(-1, mmap.PAGESIZE)

    def refuse(self, number: int, error: int) -> None:
        """Refuse the write of this number, from 1; with 0 count the writes and refuse none."""
        self._shared[:] = bytes(len(self._shared))
        REQUEST.pack_into(self._shared, 0, number, error, 0)

    @property
    def writes(self) -> int:
        """The number of writes since `refuse`."""
        return int(REQUEST.unpack_from(self._shared)[2])

    @property
    def refused(self) -> Write | None:
        """The write that was refused since `refuse`, None if there were not so many."""
        call, _, path = os.fsdecode(self._shared[REQUEST.size :].rstrip(b"\0")).partition(" ")
        return Write(call, Path(path)) if call else None

    def run(self, program: Callable[[], int]) -> int:
        """Run `program` in a process of its own and return the exit code that it returns."""
        here, there = socket.socketpair()
        child = os.fork()
        if child == 0:
            here.close()
            code = 1
            try:
                socket.send_fds(there, [b"."], [_ask_about_writes()])
                code = program()
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        there.close()
        listener = socket.recv_fds(here, 1, 1)[1][0]
        poll = select.poll()
        poll.register(listener)
        while poll.poll()[0][1] & select.POLLIN:
            self._answer(listener)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _answer(self, listener: int) -> None:
        call = array.array("B", bytes(CALL.size))
        with suppress(FileNotFoundError):  # a signal has ended the call
            ioctl(listener, RECEIVE, call)
            identity, thread, _, number, _, _, *arguments = CALL.unpack(call)
            error = self._error(_named(thread, number, arguments))
            ioctl(listener, ANSWER, REPLY.pack(identity, 0, -error, 0 if error else GO_ON))

    def _error(self, write: Write) -> int:
        """Return the error for a write, 0 if it is to be made."""
        if not write.path.is_relative_to(self.folder):
            return 0
        number, error, writes = REQUEST.unpack_from(self._shared)
        REQUEST.pack_into(self._shared, 0, number, error, writes + 1)
        if writes + 1 != number:
            return 0
        told = os.fsencode(f"{write.call} {write.path}")
        self._shared[REQUEST.size : REQUEST.size + len(told)] = told
        return int(error)


def _ask_about_writes() -> int:
    """Stop this process at each write; return the descriptor that tells of them."""
    asked = [*ON_DESCRIPTORS, *ON_PATHS, *(IN_FOLDERS.keys() - {OPENAT})]
    steps = [(LOAD, 0, 0, NUMBER), (EQUALS, 0, 2, OPENAT), (LOAD, 0, 0, FLAGS)]
    steps += [(HAS_BITS, len(asked) + 1, len(asked), WRITING & ~os.O_CLOEXEC)]
    steps += [(EQUALS, len(asked) - place, 0, number) for place, number in enumerate(asked)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ASK)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)  # nobody else could answer
    system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = int(system.syscall(SECCOMP, SET_FILTER, NEW_LISTENER, program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "seccomp")
    return listener


def _named(thread: int, number: int, arguments: list[int]) -> Write:
    """Return what a call does and the path that it does it to."""
    if number in ON_DESCRIPTORS:
        return Write(ON_DESCRIPTORS[number], _link(thread, f"fd/{arguments[0]}"))
    if number in ON_PATHS:
        name, folder = ON_PATHS[number], _link(thread, "cwd")
        text = arguments[1] if name == "rename" else arguments[0]
    else:
        name = IN_FOLDERS[number]
        base, text = arguments[2:4] if name == "rename" else arguments[:2]
        descriptor = ctypes.c_int(base & 0xFFFFFFFF).value
        folder = _link(thread, "cwd" if descriptor < 0 else f"fd/{descriptor}")
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:  # noqa: PTH123 - to seek in it
        memory.seek(text)
        path = os.fsdecode(memory.read(4096).split(b"\0")[0])
    return Write(name, Path(os.path.normpath(folder / path)))


def _link(thread: int, name: str) -> Path:
    try:
        return Path(os.readlink(f"/proc/{thread}/{name}"))  # noqa: PTH115 - pipes are no paths
    except OSError:
        return Path("nowhere")
