"""A process that the kernel does not let handle SIGTERM: what a gateway meets that runs where it should not."""

import ctypes
import errno
import platform
import signal
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EPERM
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RT_SIGACTION = {"x86_64": 13, "aarch64": 134}[platform.machine()]
# Where the kernel shows a filter the call's number and the low half of its first argument.
NUMBER, FIRST = 0, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


_STEPS = (
    (LOAD, 0, 0, NUMBER), (IF_EQUAL, 0, 3, RT_SIGACTION), (LOAD, 0, 0, FIRST), (IF_EQUAL, 0, 1, int(signal.SIGTERM)),
    (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW),
)  # fmt: skip
_CODE = b"".join(struct.pack("=HBBI", *step) for step in _STEPS)
_PROGRAM = _Program(len(_STEPS), _CODE)
_LIBC = ctypes.CDLL(None, use_errno=True)


def forbid_sigterm_handlers() -> None:
    """From here on, in this process and what it becomes, `sigaction` of SIGTERM fails with EPERM."""
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_PROGRAM))):
        if _LIBC.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
