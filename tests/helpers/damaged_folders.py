"""Damaged folders of results: a generator that starts from sound ones and breaks something in them.

Each damage is a small function of a folder and a random generator; whatever it does, reading the
folder may give an answer or a message and nothing else.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["DAMAGES", "damaged_folders"]

type Damage = Callable[[Path, random.Random], object]

NUMBERS = ("1e999", "-1e999", "9" * 400, "9" * 5000, "1" + "0" * 10_000, "NaN", "1e400", "-0")
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**19, 1e308, "", "x" * 1000, "\ud800", "\0", "../..", "1.0"),
    *([], {}, [[]], [1, [2]], {"x": {}}, [None] * 50, {"": ""}),
)
NAMES = (
    "../out",
    "/etc",
    "..",
    ".",
    "",
    "a/b",
    "point_000/../..",
    "point_\0",
    "C:\\x",
    "point_٣٤٥",
)


def _file(folder: Path, rng: random.Random, pattern: str = "**/*.json") -> Path:
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    return rng.choice(files)


def _cut(folder: Path, rng: random.Random) -> None:
    file = _file(folder, rng)
    file.write_bytes(file.read_bytes()[: rng.randrange(file.stat().st_size)])


def _flip(folder: Path, rng: random.Random) -> None:
    """Some bytes are others."""
    file = _file(folder, rng)
    content = bytearray(file.read_bytes())
    for _ in range(rng.randint(1, 5)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(bytes(content))


def _noise(folder: Path, rng: random.Random) -> None:
    _file(folder, rng).write_bytes(rng.randbytes(rng.randrange(200)))


def _encoding(folder: Path, rng: random.Random) -> None:
    file = _file(folder, rng)
    file.write_bytes(file.read_text(encoding="utf-8").encode(rng.choice(["utf-16", "utf-32"])))


def _whole(folder: Path, rng: random.Random) -> None:
    """Something else than the document, though JSON."""
    depth = rng.choice([50, 5_000, 200_000])
    text = rng.choice(["null", "[]", "{}", "3", '"x"', "[" * depth + "]" * depth, *NUMBERS])
    _file(folder, rng).write_text(text, encoding="utf-8")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in list(pairs):
        yield value, key
        if isinstance(entry, dict | list):
            yield from _places(entry)


def _value(folder: Path, rng: random.Random) -> None:
    """A value of the document is another one, of a foreign type or shape."""
    file = _file(folder, rng)
    document = json.loads(file.read_text(encoding="utf-8"))
    container, key = rng.choice(list(_places(document)))
    container[key] = rng.choice(VALUES)
    file.write_text(json.dumps(document), encoding="utf-8")


def _number(folder: Path, rng: random.Random) -> None:
    """A value is a number that no float holds, or none that JSON has."""
    file = _file(folder, rng)
    document = json.loads(file.read_text(encoding="utf-8"))
    container, key = rng.choice(list(_places(document)))
    container[key] = "@"
    file.write_text(json.dumps(document).replace('"@"', rng.choice(NUMBERS)), encoding="utf-8")


def _scaled(folder: Path, rng: random.Random) -> None:
    """All numbers keep their type and lose their sense."""
    file = _file(folder, rng, "**/results.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    chosen = [0, -1, 1e-300, 1e99, 1e300]
    for container, key in list(_places(document)):
        entry = container[key]
        if isinstance(entry, int | float) and not isinstance(entry, bool) and rng.random() < 0.2:
            container[key] = rng.choice(chosen) if isinstance(entry, float) else rng.choice([0, 7])
    document["schema_version"] = 1
    file.write_text(json.dumps(document), encoding="utf-8")


def _key(folder: Path, rng: random.Random) -> None:
    """A key is missing, has another name, or is there twice."""
    file = _file(folder, rng)
    document = json.loads(file.read_text(encoding="utf-8"))
    places = [(c, k) for c, k in _places(document) if isinstance(c, dict)]
    container, key = rng.choice(places)
    entry = container.pop(key)
    if rng.random() < 0.5:
        container[rng.choice(["", "x", "../x", key.upper(), key + "\u200b"])] = entry
    file.write_text(json.dumps(document), encoding="utf-8")


def _point_name(folder: Path, rng: random.Random) -> None:
    """The name of a point leads out of the folder, or is no name."""
    file = folder / "study.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    rng.choice(document["points"])["name"] = rng.choice(NAMES)
    file.write_text(json.dumps(document), encoding="utf-8")


def _in_the_way(folder: Path, rng: random.Random) -> None:
    """A folder, a pipe, a link to nowhere, to itself or to a device is in the place of a file."""
    file = _file(folder, rng, "**/*.*")
    file.unlink()
    make: Mapping[str, Callable[[], object]] = {
        "folder": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "nowhere": lambda: file.symlink_to("nowhere"),
        "itself": lambda: file.symlink_to(file.name),
        "device": lambda: file.symlink_to("/dev/zero"),
    }
    make[rng.choice(list(make))]()


def _missing(folder: Path, rng: random.Random) -> None:
    _file(folder, rng, "**/*.*").unlink()


def _swapped(folder: Path, rng: random.Random) -> None:
    """The answers of two points have changed places."""
    one, two = rng.sample(sorted(folder.glob("*/results.json")), 2)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def _linked(folder: Path, rng: random.Random) -> None:
    """The folder of a point is a link to somewhere else."""
    place = rng.choice(sorted(path for path in folder.glob("point_*") if path.is_dir()))
    shutil.rmtree(place)
    place.symlink_to(rng.choice(["..", "/etc", "nowhere", place.name]))


def _table(folder: Path, rng: random.Random) -> None:
    """A table has other lines."""
    file = _file(folder, rng, "**/*.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    for _ in range(3):
        lines[rng.randrange(len(lines))] = rng.choice(["", '"', ",,,,", "a,b", "\0", "1e999,nan"])
    file.write_text("\n".join(lines), encoding="utf-8")


DAMAGES: tuple[Damage, ...] = (
    *(_cut, _flip, _noise, _encoding, _whole, _value, _value, _number, _scaled, _key),
    *(_point_name, _in_the_way, _missing, _swapped, _linked, _table),
)


def damaged_folders(
    sound: Path, scratch: Path, *, seed: int, count: int, first: int = 0
) -> Iterator[tuple[Path, str]]:
    """Yield damaged copies of a study's folder, each removed before the next.

    Args:
        sound: The folder of a study.
        scratch: Where the copies are made.
        seed: Of the random numbers; the damage of a number does not depend on the count.
        count: Number of copies.
        first: Number of the first one.

    Yields:
        The copy, and what was done to it.
    """
    for number in range(first, first + count):
        rng = random.Random(f"{seed} {number}")
        folder = scratch / "out"
        shutil.copytree(sound, folder)
        damages = rng.sample(DAMAGES, rng.choice([1, 1, 1, 2, 3]))
        done = []
        for damage in damages:
            try:
                damage(folder, rng)
                done.append(damage.__name__.strip("_"))
            except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
                continue  # an earlier damage has left nothing to break
        yield folder, f"{seed} {number}: {', '.join(done)}"
        shutil.rmtree(folder)
