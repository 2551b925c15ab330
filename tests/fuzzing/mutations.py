"""Changes of documents, lines and bytes, drawn at random."""

from __future__ import annotations

import copy
import io
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

__all__ = ["document_of", "mutated_file", "mutated_scenario", "places", "yaml_of"]

NUMBERS = ("0", "-1", "-0.0", "1e308", "-1e308", "1e-308", "1e999", "nan", "inf", "-inf", "1" * 400)
NUMBERS += ("0.5", "3", "7", "1e6", "1e-6", "1_000", "1,5", "0x1F", "1e", "+-1", "١٢", "1/3", "")
UNITS = ("um", "nm", "m", "K", "degC", "eV", "meV", "mS/cm", "S/m", "Ohm cm^2", "%", "", "uum")
UNITS += ("S", "1/cm^3", "cm^2/s", "µm", "um um", "um^2", "1/um", "um**9**9", "kg", "ℵ", "/", "dB")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 10**19, 10**400, 0.5, 1e308, -1e308, 5e-324),
    *(float("nan"), float("inf"), "", " ", "x", "x" * 5000, "\0", "\u202e", "😀", "é" * 300),
    *("../..", "/dev/zero", "/dev/stdin", "all", "none", "random", "periodic", "1 um", "300 K"),
    *([], {}, [[]], [None], [1, [2, [3]]], {"x": {}}, {"": ""}, {1: 2}, [0] * 1000, "50 %"),
    *({"uniform": {"from": "1 um", "to": "0 um"}}, {"from": 1, "to": 2, "points": 10**9}),
    *({"from": "1 um", "to": "2 um", "step": "1e-9 um"}, {"normal": {"mean": 0, "sd": 1}}),
)
TOKENS = (b"&a ", b"*a", b"!!python/object:os.system ", b"<<: *a", b"- ", b": ", b"{", b"]", b"\t")
TOKENS += (b"#", b"---\n", b"...\n", b"? ", b"|\n", b"'", b'"', b"\0", b"\xff", b"nan", b"1e999")
TOKENS += (b"-1", b"0", b"99999999999999999999", b"2147483648", b"\xef\xbb\xbf", b"\r", b",", b";")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")

type Change = Callable[[random.Random, Any], Any]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in list(pairs):
        yield value, key
        if isinstance(entry, dict | list):
            yield from places(entry)


def _emptied(rng: random.Random, value: Any) -> Any:
    return type(value)() if isinstance(value, str | list | dict | int | float) else None


def _foreign(rng: random.Random, value: Any) -> Any:
    return copy.deepcopy(rng.choice(VALUES))


def _number(rng: random.Random, value: Any) -> Any:
    """Another number in the same text."""
    if isinstance(value, str) and (found := list(NUMBER.finditer(value))):
        one = rng.choice(found)
        near = f"{float(one.group()) * rng.choice([0.5, 0.9, 1.1, 2.0, 10.0, -1.0]):.6g}"
        other = near if rng.random() < 0.5 else rng.choice(NUMBERS)
        return value[: one.start()] + other + value[one.end() :]
    if isinstance(value, int | float):
        return value * rng.choice([-1, 0, 2, 0.5, 10, 1000]) + rng.choice([0, 0, 1])
    return value


def _unit(rng: random.Random, value: Any) -> Any:
    if not isinstance(value, str):
        return f"{value} {rng.choice(UNITS)}"
    number, _, unit = value.partition(" ")
    if rng.random() < 0.5:
        return f"{number} {rng.choice(UNITS)}"
    return f"{number} {_misspelt(rng, unit)}"


def _misspelt(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word) + 1)
    return rng.choice(
        [
            *(word[:at] + word[at + 1 :], word[:at] + rng.choice("aeX_- .[0é\u200b") + word[at:]),
            *(word.upper(), word + "s", word + word, word[::-1]),
        ]
    )


def _type(rng: random.Random, value: Any) -> Any:
    """The same in a list, a mapping or a text."""
    return rng.choice([[value], [value] * 2, {"x": value}, {"value": value}, str(value)])


def _length(rng: random.Random, value: Any) -> Any:
    if not isinstance(value, list) or not value:
        return value
    at = rng.randrange(len(value))
    return rng.choice([value[:at], value[:at] + value[at + 1 :], [*value, value[at]], value * 40])


def _deep(rng: random.Random, value: Any) -> Any:
    for _ in range(rng.choice([3, 40, 120])):
        value = [value] if rng.random() < 0.5 else {"x": value}
    return value


VALUE_CHANGES: tuple[Change, ...] = (
    *(_number, _number, _number, _unit, _unit, _foreign, _foreign, _type, _length, _length),
    *(_emptied, _deep),
)


def _changed(rng: random.Random, document: Any) -> None:
    """Change one place of a document: its value, its key, or both with another place."""
    found = list(places(document))
    if not found:
        return
    container, key = rng.choice(found)
    kind = rng.random()
    if kind < 0.7:
        container[key] = rng.choice(VALUE_CHANGES)(rng, container[key])
        return
    other, name = rng.choice(found)
    if kind < 0.8:
        container[key], other[name] = copy.deepcopy(other[name]), copy.deepcopy(container[key])
    elif kind < 0.85:
        container[key] = copy.deepcopy(other[name])
    else:
        value = container.pop(key)
        if isinstance(container, dict) and kind < 0.95:
            container[_misspelt(rng, str(key)) if kind < 0.92 else name] = value


def _written(rng: random.Random, content: bytes) -> bytes:
    """Change the lines or bytes of a text."""
    lines = content.splitlines(keepends=True) or [b""]
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    place = rng.randrange(len(content) + 1)
    some = content[place : place + rng.choice([1, 3, 20, 200])]
    text = content.decode("utf-8", "replace")
    numbers = list(NUMBER.finditer(text[:200_000]))
    number = rng.choice(numbers) if numbers else None
    line = b"".join
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: line(lines[:at] + lines[at + 1 :]),
        lambda: line(lines[:at] + lines[at : at + 1] * rng.choice([2, 50]) + lines[at + 1 :]),
        lambda: line([*lines[:at], lines[other], *lines[at:]]),
        lambda: line(lines[:at] + lines[at : at + 4][::-1] + lines[at + 4 :]),
        lambda: content[:place],
        lambda: content[:place] + rng.choice(TOKENS) + content[place:],
        lambda: content[:place] + content[place + len(some) :],
        lambda: content[:place] + some * rng.choice([2, 9]) + content[place:],
        lambda: _flipped(rng, content),
        lambda: _flipped(rng, content),
        lambda: content[:place] + rng.randbytes(rng.randrange(1, 40)) + content[place:],
        lambda: content.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n", b"\x0b", b" "])),
        lambda: text.encode(rng.choice(["utf-8-sig", "utf-16", "utf-32", "utf-7"]), "replace"),
        lambda: content.replace(b" ", rng.choice([b"\t", b"\xc2\xa0", b"  ", b""])),
        lambda: content.replace(b".", b","),
        lambda: rng.choice([b"", b"\n", b"\0" * 100, content * 2, rng.randbytes(300)]),
    )
    if number is not None and rng.random() < 0.4:
        return (text[: number.start()] + rng.choice(NUMBERS) + text[number.end() :]).encode()
    return rng.choice(changes)()


def _flipped(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(min(rng.choice([1, 2, 8]), len(content))):
        changed[rng.randrange(len(changed))] = rng.choice([rng.randrange(256), 0, 255, 45, 48])
    return bytes(changed)


def _shared(rng: random.Random, content: bytes) -> bytes:
    """Anchors and aliases of YAML: a value that is used elsewhere, holds itself, or grows."""
    lines = content.splitlines()
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    head, colon, tail = lines[at].partition(b":")
    lines[at] = head + colon + b" &a" + tail
    head, colon, _ = lines[other].partition(b":")
    lines[other] = head + colon + rng.choice([b" *a", b" {<<: *a}", b" [*a, *a]", b" *b"])
    grown = [b"x0: &x0 [1, 1]"]
    grown += [b"x%d: &x%d [%s]" % (k, k, b", ".join([b"*x%d" % (k - 1)] * 9)) for k in range(1, 9)]
    return b"\n".join(lines + (grown if rng.random() < 0.2 else []))


def document_of(content: bytes) -> Any:
    """Return the document of a YAML or JSON text; None if it is none."""
    try:
        return YAML(typ="safe", pure=True).load(content.decode("utf-8"))
    except (YAMLError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def yaml_of(document: Any) -> bytes:
    """Write a document in the block style of YAML, one key on a line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = 10_000
    yaml.representer.ignore_aliases = lambda value: True
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def mutated_scenario(rng: random.Random, document: Any) -> bytes:
    """Return a scenario with one to three faults, mostly in its values."""
    changed = copy.deepcopy(document)
    for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
        _changed(rng, changed)
    content = yaml_of(changed)
    if rng.random() < 0.15:
        content = rng.choice([_written, _written, _shared])(rng, content)
    return content


def mutated_file(rng: random.Random, content: bytes) -> bytes:
    """Return the content of a file with one to three faults."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        content = _written(rng, content)
    return content
