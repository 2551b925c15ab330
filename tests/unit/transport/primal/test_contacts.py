"""Laws of interfaces: by materials, the same both ways, nothing within a label."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import MaterialError
from cellion.transport.primal.contacts import Contacts

PAIRS = np.array([[0, 1], [1, 0], [1, 2], [2, 2], [3, 0]])


def made(**changes: object) -> Contacts:
    usual = {
        "label_material": np.array([0, 1, 1, 0]),
        "pair_resistance": np.array([[0.0, 2.0], [2.0, np.inf]]),
        "pair_sheet_conductance": np.array([[5.0, 0.0], [0.0, 3.0]]),
    }
    return Contacts(**(usual | changes))


def test_laws_follow_from_the_materials() -> None:
    assert made().resistance(PAIRS).tolist() == [2.0, 2.0, np.inf, 0.0, 0.0]
    assert made().sheet_conductance(PAIRS).tolist() == [0.0, 0.0, 3.0, 0.0, 5.0]


def test_a_factor_varies_resistances_alike_both_ways() -> None:
    laws = made(factor=lambda labels: 10.0 * labels[:, 0] + labels[:, 1])
    # It sees ascending labels; perfect and insulating contacts have nothing to multiply.
    assert laws.resistance(PAIRS).tolist() == [2.0, 2.0, np.inf, 0.0, 0.0]
    assert laws.resistance(np.array([[3, 1], [1, 3]])).tolist() == [26.0, 26.0]


def test_one_factor_holds_all_along_the_boundary_of_two_divided_grains() -> None:
    pieces = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2]])
    laws = made(
        label_material=np.zeros(6, dtype=int),
        pair_resistance=np.ones((1, 1)),
        pair_sheet_conductance=np.zeros((1, 1)),
        factor=lambda labels: 10.0 * labels[:, 0] + labels[:, 1],
        pieces=pieces,
    )
    across = np.array([[0, 1], [2, 3], [5, 4], [4, 3]])
    assert laws.resistance(across).tolist() == [1.0] * 4
    assert laws.resistance(np.array([[0, 2], [1, 3]])).tolist() == [0.0] * 2
    assert laws.resistance(np.array([[1, 5]])).tolist() == [11.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pair_resistance": np.zeros(2)}, r"resistance has shape \(2,\)"),
        ({"pair_resistance": np.array([[0.0, 1.0], [2.0, 0.0]])}, "is 1.0 .* but 2.0 .* back"),
        ({"pair_resistance": np.full((2, 2), -1.0)}, "between materials 0 and 0 is -1.0 Ohm m"),
        ({"pair_resistance": np.full((2, 2), np.nan)}, "infinity for an insulating interface"),
        ({"pair_sheet_conductance": np.full((2, 2), np.inf)}, "zero or positive and finite"),
        ({"pair_sheet_conductance": np.zeros((3, 3))}, "must cover the same materials"),
        ({"label_material": np.array([2])}, "at least 3"),
    ],
)
def test_faults(changes: dict[str, object], message: str) -> None:
    with pytest.raises(MaterialError, match=message):
        made(**changes)
