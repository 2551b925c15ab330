"""The notebooks of the documentation run from the first cell to the last and say what they say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from cellion.export.tables import read_table
from cellion.material.material import build_material
from cellion.scenario.materials import MaterialSpec

TUTORIALS = Path(__file__).resolve().parent.parent / "docs" / "tutorials"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a kernel that is this interpreter, known in this test only."""
    place = tmp_path / "jupyter" / "kernels" / "this"
    place.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": command, "display_name": "this", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(about))
    for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    return "this"


def executed(file: Path, kernel: str, folder: Path) -> list[dict[str, str]]:
    """Run a notebook in a folder; return what its code cells show, by kind."""
    notebook = nbformat.read(file, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=240, kernel_name=kernel, resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        {kind: data for output in cell.outputs for kind, data in output.get("data", {}).items()}
        for cell in cells
    ]


def library_conductivity(name: str, temperature: float) -> float:
    """Ionic conductivity of a material of the library [S/m]."""
    spec = MaterialSpec(library=name)
    return float(build_material(name, spec, temperature).conductivity("ion", temperature)[0, 0])


def test_notebooks_are_kept_without_outputs():
    for file in TUTORIALS.glob("*.ipynb"):
        cells = nbformat.read(file, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), file.name


def test_a_study_in_python(kernel, tmp_path):
    shown = executed(TUTORIALS / "study_in_python.ipynb", kernel, tmp_path)
    _, progress, table, means, plot, other_plot, sensitivities, tensor = shown
    assert "6/6" in progress["text/plain"]
    assert "sigma_ion_mean [S/m]" in table["text/html"]
    assert plot["image/png"]
    assert other_plot["image/png"]
    rows = read_table(tmp_path / "results" / "composite" / "table.csv")
    assert len(rows) == 6
    conductivity = np.array([row["sigma_ion_mean [S/m]"] for row in rows]).reshape(3, 2)
    mean = conductivity.mean(axis=1)
    for value in mean:
        assert f"{value:.6f}" in means["text/plain"]
    # 20 % of spheres that hardly conduct: Maxwell's (1 - 0.2) / (1 + 0.1), and a coarse mesh
    electrolyte = library_conductivity("Li6PS5Cl", 313.15)
    assert mean[0] / electrolyte == pytest.approx(0.8 / 1.1, rel=0.03)
    assert (np.diff(mean) < 0.0).all()
    assert "sensitivity_ion_activation_energy_SE [1/eV]" in sensitivities["text/plain"]
    assert f"{rows[0]['sigma_ion_xx [S/m]']:.4g}"[:5] in tensor["text/plain"]
