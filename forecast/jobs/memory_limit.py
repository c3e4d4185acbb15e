"""A limit to the memory of this process, on Linux, Windows and macOS.

Invariant: once the limit is set, an allocation beyond it fails (Linux, Windows) or the process ends with `EXIT_CODE` (elsewhere,
where the system does not enforce limits); nothing else on the computer is slowed down or stopped.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Literal

EXIT_CODE = 71
"""Exit code of a process that passed its limit where the system does not enforce it."""

WATCHED_EVERY = 0.05
"""Seconds between two looks at the memory where the system does not enforce a limit."""


def limit_memory(most: int) -> None:
    """Limit the memory of this process to a number of bytes, until it ends."""
    if sys.platform == "win32":
        _limit_by_job(most)
    elif sys.platform == "linux":
        _limit_data(most)
    else:
        threading.Thread(target=_watch, args=(most,), name="watch memory", daemon=True).start()


def memory_used() -> int:
    """Return the memory this process uses, in bytes: now (Linux), at most so far (macOS); 0 where the system does not say."""
    if sys.platform == "linux":
        return _pages("resident")
    elif sys.platform == "win32":
        return 0
    else:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _watch(most: int) -> None:
    """End this process once it uses a number of bytes more than it does now."""
    # More, because some systems begin with what the process that started it used.
    limit = memory_used() + most
    while memory_used() <= limit:
        time.sleep(WATCHED_EVERY)
    os._exit(EXIT_CODE)


if sys.platform == "linux":

    def _pages(what: Literal["resident", "data"]) -> int:
        """Return the memory of this process that is in use, or that it may write to, in bytes."""
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = file.read().split()
        return int(pages[1 if what == "resident" else 5]) * os.sysconf("SC_PAGESIZE")

    def _limit_data(most: int) -> None:
        """Limit what this process may allocate; what libraries set aside but do not use is not counted."""
        import resource

        limit = most + max(0, _pages("data") - _pages("resident"))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _BasicLimits(ctypes.Structure):
        """``JOBOBJECT_BASIC_LIMIT_INFORMATION`` of the Windows API."""

        _fields_ = (
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _Limits(ctypes.Structure):
        """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION`` of the Windows API."""

        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    _PROCESS_MEMORY = 0x100
    """``JOB_OBJECT_LIMIT_PROCESS_MEMORY``."""

    _EXTENDED = 9
    """``JobObjectExtendedLimitInformation``."""

    def _limit_by_job(most: int) -> None:
        """Put this process into a job object whose processes may allocate a number of bytes each."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (
            wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
        )  # fmt: skip
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        limits = _Limits()
        limits.BasicLimitInformation.LimitFlags = _PROCESS_MEMORY
        limits.ProcessMemoryLimit = most
        # The handle is never closed: the job ends with the process.
        job = kernel.CreateJobObjectW(None, None)
        if not (
            job
            and kernel.SetInformationJobObject(job, _EXTENDED, ctypes.byref(limits), ctypes.sizeof(limits))
            and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
        ):
            raise ctypes.WinError(ctypes.get_last_error())
