"""The filter of system calls: what it refuses on each kind of machine, and in a real process."""

import errno
import json
import platform
import subprocess
import sys
from typing import Any

import pytest

from facepad.service.workers import seccomp

PID = 4711
ALLOWED = 0
X86, ARM = "x86_64", "aarch64"
LINK, WRITE, CREATE, CLOSE_ON_EXEC = 0o1, 0o2, 0o100, 0o2000000
THREAD = 0x10000


def answer(machine: str, number: int, *arguments: int, may_write: bool = False) -> int:
    """Return the error that a call gets, by running the program as the kernel does."""
    architecture = seccomp._ARCHITECTURES[machine][0]
    words = {0: number, 4: architecture}
    words |= {16 + 8 * at: value & 0xFFFFFFFF for at, value in enumerate(arguments)}
    return run(seccomp._program(machine, PID, may_write=may_write), words)


def run(program: Any, words: dict[int, int]) -> int:  # noqa: ANN401 - private instructions
    at, loaded = 0, 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x06:
            return ALLOWED if value == 0x7FFF0000 else (value & 0xFFFF or -1)
        if code == 0x20:
            loaded = words.get(value, 0)
            continue
        tests = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}
        at += if_true if tests[code] else if_false


@pytest.mark.parametrize(
    ("machine", "openat", "clone", "kill", "prlimit"),
    [(X86, 257, 56, 62, 302), (ARM, 56, 220, 129, 261)],
)
def test_options_of_calls_are_looked_at(
    machine: str, openat: int, clone: int, kill: int, prlimit: int
) -> None:
    for flags in (LINK, WRITE, CREATE, LINK | CREATE | CLOSE_ON_EXEC, 0o1000, 0o2000):
        assert answer(machine, openat, 0, 0, flags) == errno.EACCES
        assert answer(machine, openat, 0, 0, flags, may_write=True) == ALLOWED
    assert answer(machine, openat, WRITE, WRITE, CLOSE_ON_EXEC, WRITE) == ALLOWED
    assert answer(machine, clone, THREAD | 17) == ALLOWED
    assert answer(machine, clone, 17) == errno.EACCES
    assert answer(machine, kill, PID) == ALLOWED
    assert answer(machine, kill, 1) == answer(machine, kill, -1) == errno.EACCES
    assert answer(machine, prlimit, 0) == ALLOWED
    assert answer(machine, prlimit, 1) == errno.EACCES


@pytest.mark.parametrize(
    ("machine", "names"),
    [
        (X86, {"socket": 41, "connect": 42, "execve": 59, "ptrace": 101, "mount": 165, "bpf": 321}),
        (ARM, {"socket": 198, "connect": 203, "execve": 221, "ptrace": 117, "bpf": 280}),
    ],
)
def test_calls_that_no_worker_needs_are_refused(machine: str, names: dict[str, int]) -> None:
    for may_write in (False, True):
        answers = {n: answer(machine, one, may_write=may_write) for n, one in names.items()}
        assert set(answers.values()) == {errno.EACCES}, answers


@pytest.mark.parametrize(("machine", "unlink", "read"), [(X86, 263, 0), (ARM, 35, 63)])
def test_files_are_changed_only_where_that_is_wanted(machine: str, unlink: int, read: int) -> None:
    assert answer(machine, unlink) == errno.EACCES
    assert answer(machine, unlink, may_write=True) == ALLOWED
    assert answer(machine, read) == ALLOWED


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize("number", [437, 435, 425])
def test_calls_whose_options_lie_in_memory_do_not_exist(machine: str, number: int) -> None:
    assert answer(machine, number, may_write=True) == errno.ENOSYS


def test_the_tables_of_other_machines_are_no_way_around() -> None:
    program = seccomp._program(X86, PID, may_write=True)
    assert run(program, {0: 102, 4: 0x40000003}) == -1  # i386: the process is ended
    assert answer(X86, 0x40000000 + 41) == errno.ENOSYS


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64")])
def test_a_platform_without_a_filter_is_named(
    system: str, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(seccomp.FilterUnavailable, match=f"none is known for {system} on {machine}"):
        seccomp.install()


FILTERED = """
import json, os, socket, threading
from facepad.service.workers import seccomp
answers, begin = {}, threading.Event()
def tried(name, call):
    try:
        call()
        answers[name] = "done"
    except OSError as error:
        answers[name] = type(error).__name__
def in_another_thread():
    begin.wait()
    tried("socket in a thread that was there", socket.socket)
thread = threading.Thread(target=in_another_thread)
thread.start()
try:
    seccomp.install()
except seccomp.FilterUnavailable as reason:
    answers["unavailable"] = str(reason)
begin.set()
thread.join()
tried("socket", socket.socket)
tried("read", lambda: open(__import__("sys").argv[1], "rb").read())
tried("write", lambda: open(__import__("sys").argv[1], "ab"))
tried("new thread", lambda: threading.Thread(target=int).start())
descriptor = os.memfd_create("clip")
os.write(descriptor, b"a")
tried("memory", lambda: open(f"/proc/self/fd/{descriptor}").read())
tried("signal to the parent", lambda: os.kill(os.getppid(), 0))
print(json.dumps(answers))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has seccomp")
def test_a_process_is_filtered_in_all_its_threads() -> None:
    command = [sys.executable, "-c", FILTERED, __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    if "unavailable" in answers:
        pytest.skip(f"no seccomp here: {answers['unavailable']}")
    refused = {name for name, one in answers.items() if one == "PermissionError"}
    expected = {"socket", "socket in a thread that was there", "write", "signal to the parent"}
    assert refused == expected, answers
    assert {one for name, one in answers.items() if name not in refused} == {"done"}
