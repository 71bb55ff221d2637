"""A filter of system calls for worker processes, where the platform has one (seccomp of Linux).

A worker decodes bytes of strangers. With the filter, code that takes it over through a decoder
reaches no network, starts no program and writes no file. The filter refuses what a worker never
needs and lets everything else through; it cannot be taken off again.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

_ARCHITECTURES: Mapping[str, tuple[int, int]] = MappingProxyType(
    # AUDIT_ARCH_* of linux/audit.h, and the number of seccomp() itself
    {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
)
_COLUMNS = {"x86_64": 0, "aarch64": 1}

# Numbers of system calls from the kernel's tables: of x86_64, and of aarch64.
_NONE = -1  # there is no such call
_Numbers = Mapping[str, tuple[int, int]]
_NETWORK: _Numbers = MappingProxyType(
    {
        **{"socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201)},
        **{"accept": (43, 202), "accept4": (288, 242)},
    }
)
_PROGRAMS: _Numbers = MappingProxyType(
    {
        **{"execve": (59, 221), "execveat": (322, 281), "fork": (57, _NONE), "vfork": (58, _NONE)},
        **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
        **{"process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_open": (434, 434)},
        **{"pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130)},
        **{"rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)},
    }
)
_KERNEL: _Numbers = MappingProxyType(
    {
        **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
        **{"move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442)},
        **{"fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432)},
        **{"fspick": (433, 433), "setns": (308, 268), "unshare": (272, 97)},
        **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)},
        **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
        **{"init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106)},
        **{"kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142)},
        **{"swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116)},
        **{"settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171)},
        **{"sethostname": (170, 161), "setdomainname": (171, 162), "quotactl": (179, 60)},
        **{"open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "vhangup": (153, 58)},
        **{"setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145)},
        **{"setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159)},
    }
)
_WRITES: _Numbers = MappingProxyType(
    {
        **{"creat": (85, _NONE), "truncate": (76, 45), "mkdir": (83, _NONE), "mkdirat": (258, 34)},
        **{"mknod": (133, _NONE), "mknodat": (259, 33), "rmdir": (84, _NONE)},
        **{"unlink": (87, _NONE), "unlinkat": (263, 35), "rename": (82, _NONE)},
        **{"renameat": (264, 38), "renameat2": (316, 276), "link": (86, _NONE)},
        **{"linkat": (265, 37), "symlink": (88, _NONE), "symlinkat": (266, 36)},
        **{
            "chmod": (90, _NONE),
            "fchmod": (91, 52),
            "fchmodat": (268, 53),
            "fchmodat2": (452, 452),
        },
        **{"chown": (92, _NONE), "fchown": (93, 55), "lchown": (94, _NONE), "fchownat": (260, 54)},
        **{"utime": (132, _NONE), "utimes": (235, _NONE), "futimesat": (261, _NONE)},
        **{"utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6)},
        **{"fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15)},
        **{"fremovexattr": (199, 16)},
    }
)
# What the filter cannot look into, since its options lie in memory: libraries then use the older
# calls, or do without.
_OPAQUE: _Numbers = MappingProxyType(
    {
        **{"openat2": (437, 437), "clone3": (435, 435), "io_uring_setup": (425, 425)},
        **{"io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    }
)
_OPEN, _OPENAT, _CLONE = (2, _NONE), (257, 56), (56, 220)
_TO_THIS_PROCESS: _Numbers = MappingProxyType({"kill": (62, 129), "tgkill": (234, 131)})
_PRLIMIT = (302, 261)

_WRITE_FLAGS = (
    0o1 | 0o2 | 0o100 | 0o1000 | 0o2000
)  # write, read and write, create, truncate, append
_THREAD_FLAG = 0x10000  # of clone: a thread of this process
_OTHER_TABLE = 0x40000000  # from here on numbers of the second table of x86_64 (x32)

# Instructions and answers of linux/bpf_common.h and linux/seccomp.h.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_MODE_FILTER, _ALL_THREADS = 1, 1
_NO_NEW_PRIVILEGES = 38  # of prctl

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


class FilterUnavailable(Exception):  # noqa: N818 - a state, not a fault
    """This platform has no filter of system calls, or does not let one be set."""


def install(*, may_write: bool = False) -> None:
    """Refuse system calls that a worker does not need, for all threads of this process.

    Args:
        may_write: Whether files may be opened for writing, made, renamed and removed.

    Raises:
        FilterUnavailable: The platform has none; the message says why.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        raise FilterUnavailable(f"none is known for {sys.platform} on {machine}")
    number = _ARCHITECTURES[machine][1]
    program = _packed(_program(machine, os.getpid(), may_write=may_write))
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        raise FilterUnavailable(f"prctl: {os.strerror(ctypes.get_errno())}")
    arguments = ctypes.c_ulong(_MODE_FILTER), ctypes.c_ulong(_ALL_THREADS)
    answer = library.syscall(ctypes.c_long(number), *arguments, ctypes.c_char_p(header))
    if answer > 0:
        raise FilterUnavailable("a thread has another filter")
    if answer < 0:
        raise FilterUnavailable(f"seccomp: {os.strerror(ctypes.get_errno())}")


def _program(machine: str, pid: int, *, may_write: bool) -> Sequence[_Instruction]:
    """Return the filter; each rule is a jump over its own answer."""
    column = _COLUMNS[machine]
    refused = (_NETWORK, _PROGRAMS, _KERNEL, *(() if may_write else (_WRITES,)))
    opened = () if may_write else ((_OPEN, 1), (_OPENAT, 2))
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine][0]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *([(_IF_AT_LEAST, 0, 1, _OTHER_TABLE), _refusal(errno.ENOSYS)] if column == 0 else []),
    ]
    for numbers, argument in opened:
        program += _rule(numbers[column], argument, (_IF_ANY, _WRITE_FLAGS), refuses=True)
    program += _rule(_CLONE[column], 0, (_IF_ANY, _THREAD_FLAG), refuses=False)
    for numbers in _TO_THIS_PROCESS.values():
        program += _rule(numbers[column], 0, (_IF_EQUAL, pid), refuses=False)
    program += _rule(_PRLIMIT[column], 0, (_IF_EQUAL, 0), refuses=False)
    answers = [*((table, errno.EACCES) for table in refused), (_OPAQUE, errno.ENOSYS)]
    for table, answer in answers:
        for numbers in table.values():
            number = numbers[column]
            if number != _NONE:
                program += [(_IF_EQUAL, 0, 1, number), _refusal(answer)]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _rule(
    number: int, argument: int, test: tuple[int, int], *, refuses: bool
) -> list[_Instruction]:
    """Return a rule on one argument of a call: the lower half of it is what the calls look at."""
    if number == _NONE:
        return []
    answers = _refusal(errno.EACCES), (_RETURN, 0, 0, _ALLOW)
    return [
        (_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument),
        (test[0], 0, 1, test[1]),
        *(answers if refuses else reversed(answers)),
    ]


def _refusal(answer: int) -> _Instruction:
    return _RETURN, 0, 0, _REFUSE | answer


def _packed(program: Sequence[_Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *one) for one in program)
