"""The shape of the package: the order of its rooms, their size, and what may be seen outside."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "cellion"

ROOMS = (
    *(
        "errors",
        "arrays",
        "quantities",
        "signals",
        "parallel",
        "scenario",
        "rates",
        "material",
        "microstructure",
    ),
    *("mesh", "transport", "homogenise", "cell", "results", "export", "pipeline", "study"),
    *("cli", "__main__"),
)

# Modules that run where neither DOLFINx nor MPI is installed: whole rooms, and in the others the
# files of plain numbers and plain geometry.
PLAIN_ROOMS = (
    *("errors", "arrays", "quantities", "scenario", "rates"),
    *("material", "microstructure", "results"),
)
PLAIN_FILES = (
    "mesh/generate.py",
    "mesh/data.py",
    "mesh/sizes.py",
    "mesh/read.py",
    "homogenise/properties.py",
    "homogenise/bounds.py",
    "homogenise/tortuosity.py",
    "export/arrhenius.py",
    "export/measured.py",
    "export/plots.py",
    "export/rates.py",
    "export/report/render.py",
    "export/series.py",
    "export/study_table.py",
    "export/tables.py",
    "pipeline/rates.py",
    "study/result.py",
)
FORBIDDEN_IN_PLAIN = ("basix", "dolfinx", "dolfinx_solver", "mpi4py", "petsc4py", "ufl")

MOST_MODULE_LINES = 400
MOST_BODY_LINES = 60
MOST_PARAMETERS = 8

Run = Callable[..., subprocess.CompletedProcess[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parse(path)))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function, its dots resolved."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(
                [*package_of(path, node.level), *([node.module] if node.module else [])]
            )
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def package_of(path: Path, level: int) -> tuple[str, ...]:
    """The package that so many leading dots of a relative import stand for."""
    return path.relative_to(PACKAGE.parent).parts[:-level] if level else ()


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    for node in nodes(path):
        if isinstance(node, Function):
            yield f"{name_of(path)}:{node.lineno} {node.name}", node


def body_lines(function: Function) -> int:
    """Lines of a function without its docstring, as a reader has to follow them."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def public_definitions(path: Path) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions and classes of a file, and the public methods of its public classes."""
    for node in parse(path).body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        yield f"{name_of(path)}:{node.lineno} {node.name}", node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, Function) and not member.name.startswith("_"):
                    yield f"{name_of(path)}:{member.lineno} {node.name}.{member.name}", member


def run_python(code: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{code}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def plain_modules() -> list[str]:
    rooms = [path for path in modules() if room_of(path) in PLAIN_ROOMS]
    files = [path for path in modules() if name_of(path) in PLAIN_FILES]
    return [dotted(path) for path in rooms + files]


def test_every_module_belongs_to_a_known_room() -> None:
    unknown = {room_of(path) for path in modules()} - {*ROOMS, "__init__"}
    assert not unknown, f"rooms are {', '.join(ROOMS)}"


def test_a_room_imports_only_from_rooms_to_its_left() -> None:
    backwards = [
        f"{name_of(path)} imports {imported}"
        for path in modules()
        if path.parent != PACKAGE or path.stem != "__init__"
        for imported in imports_of(path)
        if imported.startswith("cellion.")
        and imported.split(".")[1] in ROOMS
        and ROOMS.index(imported.split(".")[1]) > ROOMS.index(room_of(path))
    ]
    assert not backwards


def test_the_import_contracts_of_the_project_hold(run: Run) -> None:
    done = run([Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"], cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_on_an_import_cycle() -> None:
    names = {dotted(path) for path in modules()}
    graph = {dotted(path): set(imports_of(path)) & names - {dotted(path)} for path in modules()}
    while True:
        free = [name for name, needs in graph.items() if not needs & graph.keys()]
        if not free:
            break
        for name in free:
            del graph[name]
    assert not graph, f"on a cycle or behind one: {sorted(graph)}"


def test_the_rooms_hold_a_docstring_and_no_code() -> None:
    talkative = [
        name_of(path)
        for path in modules()
        if path.stem == "__init__" and path.parent != PACKAGE
        if len(parse(path).body) != 1 or ast.get_docstring(parse(path)) is None
    ]
    assert not talkative


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_fits_the_budget(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_MODULE_LINES, f"{name_of(path)} has {lines} lines"
    assert ast.get_docstring(parse(path)), f"{name_of(path)} has no docstring"
    long = {name: body_lines(f) for name, f in functions(path) if body_lines(f) > MOST_BODY_LINES}
    assert not long
    crowded = [
        name
        for name, f in functions(path)
        if len(f.args.posonlyargs + f.args.args + f.args.kwonlyargs) > MOST_PARAMETERS
    ]
    assert not crowded


def test_every_public_name_is_documented() -> None:
    found = itertools.chain.from_iterable(public_definitions(path) for path in modules())
    silent = [name for name, node in found if ast.get_docstring(node) is None]
    assert not silent


def test_nothing_prints_or_swallows_errors_outside_the_command_line() -> None:
    offences = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        if room_of(path) not in ("cli", "__main__")
        for node in nodes(path)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        )
        or (isinstance(node, ast.ExceptHandler) and is_broad(node))
    ]
    assert not offences


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def test_plain_rooms_do_not_load_dolfinx_or_mpi() -> None:
    code = (
        f"import importlib\nfor name in {plain_modules()!r}:\n    importlib.import_module(name)\n"
        f"print([name for name in {FORBIDDEN_IN_PLAIN!r} if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_importing_cellion_changes_no_global_state() -> None:
    code = """
import json, logging, os, random, signal, warnings
import numpy

def state():
    return {
        "environment": dict(os.environ),
        "warnings": len(warnings.filters),
        "numpy errors": numpy.geterr(),
        "numpy printing": repr(numpy.get_printoptions()),
        "numpy random": repr(numpy.random.get_state()[1][:4]),
        "random": hash(random.getstate()),
        "log handlers": len(logging.getLogger().handlers),
        "log level": logging.getLogger().level,
        "excepthook": sys.excepthook is sys.__excepthook__,
        "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "path": list(sys.path),
    }

before = state()
import cellion
after = state()
print(json.dumps({key: [before[key], after[key]] for key in before if before[key] != after[key]}))
"""
    assert json.loads(run_python(code)) == {}


def test_the_public_names_are_there() -> None:
    code = """
import cellion
missing = [name for name in cellion.__all__ if not hasattr(cellion, name)]
print(missing, len(set(cellion.__all__)) == len(cellion.__all__) > 0)
"""
    assert run_python(code).strip() == "[] True"
