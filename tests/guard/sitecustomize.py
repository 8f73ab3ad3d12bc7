"""Python imports this as it starts, in worker processes too, where its folder is on the path.

Whatever asks for a host, or makes a socket that could reach one, is noted in $OFFLINE_CALLS and refused.  C code does
not ask Python: on Linux the kernel ends a process that makes such a socket behind its back (exit code -31, SIGSYS), and
every process that it starts.
"""

import ctypes
import os
import platform
import sys
from typing import Any

_WRITTEN = os.environ["OFFLINE_CALLS"]
_ASKS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "socket.connect")
_REACH = (2, 10)  # AF_INET and AF_INET6, of Linux; elsewhere the second differs, and calls are seen all the same
# of each machine that we know: how the kernel calls it, and its number for `socket`
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "offline.try":
        note = f"guarded {arguments[0]}"
    elif event == "socket.__new__" and arguments[1] in _REACH:
        note = f"{event} {arguments[1:]}"
    elif event in _ASKS and not (event == "socket.connect" and not isinstance(arguments[1], tuple)):
        note = f"{event} {arguments}"  # the address of a local socket is a text
    else:
        return
    with open(_WRITTEN, "a") as file:
        file.write(f"{os.getpid()} {note}\n")
    if not note.startswith("guarded"):
        raise OSError(f"this test has no network: {note}")


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _shut() -> bool:
    """Let the kernel end this process, and all that it starts, at a socket that could reach a host; tell whether it
    will."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    machine, call = _MACHINES[platform.machine()]
    load, equal, answer, kill, allow = 0x20, 0x15, 0x06, 0x80000000, 0x7FFF0000
    told = (
        (load, 0, 0, 4),  # the machine
        (equal, 0, 5, machine),
        (load, 0, 0, 0),  # the number of the call
        (equal, 0, 3, call),
        (load, 0, 0, 16),  # its first argument
        (equal, 2, 0, _REACH[0]),
        (equal, 1, 0, _REACH[1]),
        (answer, 0, 0, allow),
        (answer, 0, 0, kill),
    )
    steps = (_Step * len(told))(*(_Step(*step) for step in told))
    library = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(steps), steps)
    return library.prctl(38, 1, 0, 0, 0) == 0 and library.prctl(22, 2, ctypes.byref(program), 0, 0) == 0


sys.addaudithook(_guard)
sys.audit("offline.try", "by the kernel" if _shut() else "by Python alone")
