"""State of the process is found in every form, and what an object owns is not."""

import pytest

import module_state
from architecture import Module

STATEFUL = "class Store:\n    def __init__(self): self.kept = {}\n"


def state(text: str) -> list[str]:
    return list(module_state.state([Module("a", text)]))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("_seen: dict[str, int] = {}\n", "_seen"),
        ("_seen = []\n", "_seen"),
        ("_seen = set()\n", "_seen"),
        ("_seen = defaultdict(list)\n", "_seen"),
        ("_own = threading.local()\n", "_own"),
        ("if x:\n    _seen = {}\n", "_seen"),
        ("@cache\ndef f(): ...\n", "f"),
        ("@functools.lru_cache(maxsize=1)\ndef f(): ...\n", "f"),
        ("f = lru_cache(maxsize=1)(g)\n", "f"),
        ("class A:\n    @classmethod\n    @cache\n    def f(cls): ...\n", "A.f"),
        ("class A:\n    @cache\n    def f(self): ...\n", "A.f"),
        ("class A:\n    kept: dict[str, int] = {}\n", "A.kept"),
        ("def f():\n    global _seen\n    _seen = 1\n", "_seen"),
        ("class A:\n    worker: int\ndef f():\n    A.worker = 1\n", "A.worker"),
        ("class A:\n    def f(self): A.worker = 1\n", "A.worker"),
        ("class A:\n    @classmethod\n    def f(cls): cls.worker = 1\n", "cls.worker"),
        ("class A:\n    def f(self): type(self).worker = 1\n", "type(self).worker"),
        ("class A: ...\ndef f():\n    setattr(A, 'worker', 1)\n", "A."),
        ("def f():\n    f.calls = 1\n", "f.calls"),
        ("TABLE = {'a': 1}\ndef f():\n    TABLE['b'] = 2\n", "TABLE"),
        ("TABLE = {'a': 1}\ndef f():\n    TABLE.update(b=2)\n", "TABLE.update()"),
        ("from facepad.b import TABLE\ndef f():\n    TABLE.pop('b')\n", "TABLE.pop()"),
        ("from facepad import b\ndef f():\n    b.seen = 1\n", "b.seen"),
        (f"{STATEFUL}store = Store()\n", "store"),
        ("class A:\n    def f(self): self.x = 1\na = A()\n", "a"),
        ("class A:\n    @cached_property\n    def f(self): ...\na = A()\n", "a"),
        ("class A:\n    x: list[int] = field(default_factory=list)\na = A()\n", "a"),
    ],
)
def test_state_of_the_process_is_seen(text: str, name: str) -> None:
    assert state(text) == [f"a:{name}"]


def test_an_instance_of_a_class_of_another_module_is_seen() -> None:
    modules = [Module("a", STATEFUL), Module("b", "from facepad.a import Store\ns = Store()\n")]
    assert list(module_state.state(modules)) == ["b:s"]


@pytest.mark.parametrize(
    "text",
    [
        "NAMES = ('a',)\nTABLE = {'a': 1}\n",
        "class A:\n    def f(self): self.seen = {}\n",
        "class A:\n    def __init__(self, x): self.x = x\na = A(1)\n",
        "class A:\n    @cached_property\n    def f(self): ...\n",
        f"{STATEFUL}def f():\n    store = Store()\n    store.kept = 1\n",
        "def f():\n    @cache\n    def g(): ...\n",
        "x = [1]\ndef f(x):\n    x.append(2)\n",
        "x = [1]\ndef f():\n    x = []\n    x.append(2)\n",
        "from facepad import store\ndef f():\n    store.remove('a')\n",
    ],
)
def test_what_an_object_or_a_call_owns_is_no_state_of_the_process(text: str) -> None:
    assert state(text) == []


def test_what_is_allowed_is_no_complaint_while_it_is_there() -> None:
    modules = [Module("a", "seen = {}\n")]
    assert module_state.complaints(modules, {"a:seen": "why"}) == []
    assert module_state.complaints(modules, {}) == ["a:seen in line 1 is state of the process"]
    assert module_state.complaints([], {"a:seen": "why"}) == ["a:seen is allowed, but not there"]
