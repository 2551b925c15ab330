"""Reference page of all keys, generated from the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cellion.quantities import DIMENSIONS, ELECTRON_VOLT
from cellion.scenario.schema import json_schema

__all__ = ["reference_page"]

_HEAD = """# Scenario reference

Every key a scenario file may hold. This page is made from the schema
(`cellion.scenario.reference.reference_page`); a test keeps the two equal.

A value with a dimension is text with its unit, such as `5 um`; a bare number is refused there. Keys
that do not exist are refused too, and so is a key without a value: leave it out to get the default.
Give `--set key=value` to replace a value for one run, with the key written as a path:
`--set 'microstructure.packing.particles[0].diameter=4 um'`.

"Micro" (`um`, `µm`), powers (`cm^2`, `cm2`, `cm²`), products (`mS/cm`, `mS cm-1`, `1/(Ohm m)`) and
powers of ten (`1e-3`, `1.2x10^-3`, `1.2·10⁻³`) are read in any usual spelling; decimals have a
point, thousands no marks. `degC` (`°C`) is an absolute temperature; an energy may be per particle
(`eV`) or molar (`kJ/mol`); a fraction is a number or a percentage (`0.6`, `60 %`).
"""


def reference_page() -> str:
    """Return the reference page in Markdown."""
    schema = json_schema()
    parts = [_HEAD, *_sections(schema), _units()]
    return "\n".join(parts)


def _sections(schema: dict[str, Any]) -> Iterator[str]:
    """Yield one section for every mapping of the schema, in the order of a scenario file."""
    pending: list[tuple[str, str, dict[str, Any]]] = [("", "", schema)]
    done: set[str] = set()
    while pending:
        path, name, section = pending.pop(0)
        if name in done:
            continue
        done.add(name)
        below = [entry for entry in _below(path, section, schema) if entry[1] not in done]
        pending = below + pending
        yield _section(path, section, schema)


def _below(
    path: str, section: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, name and schema of the mappings directly below one."""
    for key, value in section["properties"].items():
        step, reference = _reference(value)
        if reference:
            mapping = _mapping(schema["$defs"][reference])
            yield (f"{path}.{key}{step}" if path else f"{key}{step}"), reference, mapping


def _reference(value: dict[str, Any]) -> tuple[str, str]:
    """Return how the path goes on to a referenced mapping, and its name; empty if there is none."""
    if "$ref" in value:
        return "", str(value["$ref"]).rpartition("/")[2]
    if isinstance(value.get("items"), dict) and "$ref" in value["items"]:
        return "[i]", _reference(value["items"])[1]
    for entry in value.get("patternProperties", {}).values():
        return ".NAME", _reference(entry)[1]
    return "", ""


def _mapping(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping of a definition that also has a bare form."""
    branches = definition.get("anyOf", [definition])
    mapping = next(branch for branch in branches if "properties" in branch)
    bare = [branch for branch in branches if branch is not mapping]
    return {**mapping, "bare": bare[0]} if bare else mapping


def _section(path: str, section: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return one section: heading, what it is, table of its keys."""
    title = f"`{path}`" if path else "The whole file"
    lines = [f"## {title}", ""]
    if path:
        lines += [section["description"], ""]
    bare = section.get("bare")
    if bare is not None:
        written = bare.get("const") or bare["examples"][0]
        lines += [f"Instead of the mapping: a bare value such as `{written}`.", ""]
    lines += ["| Key | What to write | Default | Meaning |", "|---|---|---|---|"]
    required = section.get("required", ())
    for key, value in section["properties"].items():
        default = "required" if key in required else _default(value)
        cells = [f"`{key}`", _form(value, schema), default, value.get("description", "")]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _default(value: dict[str, Any]) -> str:
    """Return the default of a key as it would be written."""
    if "default" not in value or isinstance(value["default"], dict):
        return ""
    if value.get("title", "").startswith("a temperature"):
        return f"`{value['default']:g} K`"
    if value.get("title", "").startswith("an energy"):
        return f"`{value['default'] / ELECTRON_VOLT:g} eV`"
    return f"`{json.dumps(value['default']).replace('"', '')}`"


def _form(value: dict[str, Any], schema: dict[str, Any]) -> str:
    """Say what a user writes for a key."""
    step, reference = _reference(value)
    if reference:
        bare = _mapping(schema["$defs"][reference]).get("bare", {})
        word = bare.get("const") or (bare.get("examples") or [""])[0]
        kind = {"": "a mapping", "[i]": "a list of mappings", ".NAME": "mappings by name"}[step]
        return kind + (f", or `{word}`" if word else "")
    if "enum" in value:
        return " or ".join(f"`{word}`" for word in value["enum"])
    if "title" in value:
        example = value.get("examples", [])[:1]
        return str(value["title"]) + "".join(f", `{_written(entry)}`" for entry in example)
    if value.get("type") == "array":
        return f"a list of: {_form(value['items'], schema)}"
    return "a mapping"


def _written(example: Any) -> str:
    """Return an example as it would be written in YAML."""
    return example if isinstance(example, str) else json.dumps(example).replace('"', "")


def _units() -> str:
    """Return the table of dimensions."""
    rows = [
        f"| {name.replace('_', ' ')} | {wanted.unit or '1'} | {wanted.example.replace("'", '')} |"
        for name, wanted in DIMENSIONS.items()
    ]
    return "\n".join(
        ["## Dimensions", "", "| Dimension | Inside | Example |", "|---|---|---|", *rows, ""]
    )
