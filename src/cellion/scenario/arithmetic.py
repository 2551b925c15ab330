"""Derived values such as ``1 - a.b - c[0].d``: computed with units, never executed.

The text is parsed as Python parses an expression and walked by hand: numbers, key paths, quantities
in quotes (``'2 um'``), ``+ - * / **``, parentheses, ``min``, ``max`` and ``sqrt``; nothing else.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cellion.errors import ScenarioError
from cellion.quantities import quantity, split_quantity
from cellion.scenario.distributions import written
from cellion.scenario.paths import KeyPath, child, format_path

if TYPE_CHECKING:
    from pint import Quantity

__all__ = ["derived_value", "paths_of"]

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"min": min, "max": max, "sqrt": lambda x: x**0.5}
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})
_LONGEST = 500
_LARGEST_POWER = 10.0


def derived_value(expression: str, document: Mapping[str, Any]) -> str | float:
    """Compute a value from others of a document.

    Args:
        expression: For example ``1 - microstructure.packing.particles[0].volume_fraction - 0.05``.
        document: A plain scenario document.

    Returns:
        The value as a user would write it: a plain number, or text with its unit.

    Raises:
        ValueError: The expression is none, names a key that the document lacks, or adds what has
            different dimensions. The message says which.
    """
    from pint.errors import PintError

    try:
        result = _value(_parsed(expression), document)
        unit = result.units
        if result.dimensionless:
            return written(float(result.to("").magnitude), "")
    except (PintError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise ValueError(f"'{expression}' cannot be computed: {error}") from None
    return written(float(result.magnitude), f"{unit:~C}".replace("**", "^").translate(_MICRO))


def paths_of(expression: str) -> tuple[KeyPath, ...]:
    """Return the key paths that an expression names.

    Raises:
        ValueError: The expression is none.
    """
    found: list[KeyPath] = []

    def collect(node: ast.expr) -> None:
        match node:
            case ast.Name() | ast.Attribute() | ast.Subscript():
                found.append(_path(node))
            case ast.BinOp(left=left, right=right):
                collect(left)
                collect(right)
            case ast.UnaryOp(operand=operand):
                collect(operand)
            case ast.Call(args=arguments):
                for argument in arguments:
                    collect(argument)
            case _:
                pass

    collect(_parsed(expression))
    return tuple(found)


def _parsed(expression: str) -> ast.expr:
    try:
        if len(expression) > _LONGEST:
            raise ValueError
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            f"'{expression[:60]}' is no formula; write one like "
            "'1 - microstructure.packing.particles[0].volume_fraction - 0.05'"
        ) from None


def _value(node: ast.expr, document: Mapping[str, Any]) -> Quantity:
    """Compute one node."""
    match node:
        case ast.Constant(value=int() | float() | str() as value) if not isinstance(value, bool):
            return _quantity(value, repr(value))
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return _looked_up(_path(node), document)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, document)
        case ast.BinOp(op=kind, left=left, right=right) if type(kind) in _OPERATORS:
            first, second = _value(left, document), _value(right, document)
            if isinstance(kind, ast.Pow) and not abs(float(second.to("").m)) <= _LARGEST_POWER:
                raise ValueError(f"a power above {_LARGEST_POWER:g} is refused")
            return _real(_OPERATORS[type(kind)](first, second), node)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            values = [_value(argument, document) for argument in arguments]
            if not values or (name == "sqrt" and len(values) != 1):
                raise ValueError(f"'{name}' is given {len(values)} values")
            return _real(_FUNCTIONS[name](*values), node)
        case _:
            raise ValueError(
                f"'{ast.unparse(node)[:60]}' cannot stand in a formula; allowed: numbers, key "
                "paths, quantities in quotes, + - * / ** ( ), min, max, sqrt"
            )


def _real(found: Quantity, node: ast.expr) -> Quantity:
    """Return a result unless it is no finite number, such as the root of a negative one."""
    number = found.magnitude
    if isinstance(number, complex) or not math.isfinite(number):
        raise ValueError(f"'{ast.unparse(node)[:60]}' is no finite real number")
    return found


def _path(node: ast.expr) -> KeyPath:
    """Return the key path that names and subscripts spell."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=below, attr=name):
            return (*_path(below), name)
        case ast.Subscript(value=below, slice=ast.Constant(value=int() | str() as step)):
            return (*_path(below), step)
        case _:
            raise ValueError(f"'{ast.unparse(node)[:60]}' is no key path")


def _looked_up(path: KeyPath, document: Mapping[str, Any]) -> Quantity:
    place: Any = document
    for step in path:
        exists, place, _ = child(place, step)
        if not exists:
            raise ValueError(f"the scenario gives no '{format_path(path)}'; give it, or a number")
    return _quantity(place, f"'{format_path(path)}'")


def _quantity(value: Any, name: str) -> Quantity:
    try:
        return quantity(*split_quantity(value))
    except ScenarioError as error:
        raise ValueError(f"{name}: {error}") from None
