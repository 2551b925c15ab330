"""The report in a real browser: nothing overflows on a desktop or a phone, all pictures load.

It needs Chromium on the PATH (Debian: ``apt install chromium``) and says so when there is none.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import pytest

from cellion.export.report.render import write_report
from cellion.results.files import load_result
from helpers.cli_calls import call
from helpers.report_folders import write_study_folder
from helpers.small_scenarios import DISC, PACKING, write

pytestmark = pytest.mark.slow

WIDTHS = (1280, 390)
FRACTION = "microstructure.packing.particles[0].volume_fraction"
# Old headless browsers refuse windows narrower than 500 pixels, so the page is put into a frame.
FRAME = """<!DOCTYPE html><html><body style="margin:0">
<iframe id="page" style="border:0;width:{width}px;height:4000px" srcdoc="{page}"></iframe>
<script>
document.getElementById("page").addEventListener("load", (event) => {{
  const page = event.target.contentDocument, root = page.documentElement;
  const inside = (element) => element.closest(".scroll, pre, svg, .skip, .hidden") !== null;
  const wide = [...page.body.querySelectorAll("*")].filter((element) =>
    !inside(element) && element.getBoundingClientRect().right > {width} + 0.5);
  const images = [...page.images];
  const found = {{
    width: root.clientWidth, content: root.scrollWidth,
    wide: wide.map((element) => element.tagName + "." + element.className),
    images: images.length,
    broken: images.filter((image) => !image.complete || image.naturalWidth === 0).length,
    drawings: [...page.querySelectorAll("figure svg")].map((svg) => svg.clientWidth),
    resources: event.target.contentWindow.performance.getEntriesByType("resource")
      .map((each) => each.name).filter((name) => !name.startsWith("data:")),
    sorted: [],
  }};
  const head = page.querySelector("table.sortable th:last-child button");
  if (head) {{
    head.click();
    found.sorted = [...head.closest("table").tBodies[0].rows].map((row) =>
      Number(row.lastElementChild.dataset.sort));
  }}
  const answer = document.createElement("pre");
  answer.id = "measured";
  answer.textContent = JSON.stringify(found);
  document.body.append(answer);
}});
</script></body></html>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    """The browser; the test fails, and is not skipped, where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.fail("no 'chromium' on the PATH; on Debian: apt install chromium")
    return found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run with pictures, and a study with a failed and a missing point."""
    folder = tmp_path_factory.mktemp("reports")
    write(folder, DISC.replace("pictures: false", "pictures: true"))
    assert call("run", folder / "scenario.yaml", "-o", folder / "run").code == 0
    write(folder, PACKING, "packing.yaml")
    assert call("run", folder / "packing.yaml", "-o", folder / "packing").code == 0
    packing = load_result(folder / "packing")
    long = "a reason without any space: " + "/very/long/path" * 20
    points = [
        ({FRACTION: 0.35, "mesh.size": "2 um"}, packing),
        ({FRACTION: 0.35, "mesh.size": "3 um"}, packing),
        ({FRACTION: 0.45, "mesh.size": "2 um"}, long),
        ({FRACTION: 0.45, "mesh.size": "3 um"}, None),
    ]
    scenario = packing.provenance.scenario
    study = write_study_folder(folder / "study", points, scenario=scenario, description=long)
    write_report(folder / "run")
    write_report(study, experiments=True)
    return {"run": folder / "run", "study": study}


def measured(browser: str, report: Path, width: int, folder: Path) -> dict:
    """Load a copy of the page in a frame of a width and measure it there."""
    text = report.read_text(encoding="utf-8")
    escaped = text.replace("&", "&amp;").replace('"', "&quot;")
    page = folder / f"page_{width}.html"
    page.write_text(FRAME.format(width=width, page=escaped), encoding="utf-8")
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--hide-scrollbars", "--virtual-time-budget=20000"),
        *(f"--user-data-dir={folder / 'profile'}", f"--window-size={max(width, 500)},4000"),
        *("--dump-dom", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    match = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, f"the browser measured nothing:\n{done.stdout[-500:]}\n{done.stderr[-1500:]}"
    found: dict = json.loads(match[1].replace("&amp;", "&").replace("&gt;", ">"))
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["run", "study"])
def test_nothing_overflows_and_everything_loads(browser, reports, tmp_path, kind, width) -> None:
    found = measured(browser, reports[kind] / "report.html", width, tmp_path)
    assert found["width"] == width
    assert found["wide"] == []
    assert found["content"] <= width
    assert found["broken"] == 0
    assert found["images"] >= (2 if kind == "run" else 0)
    assert found["resources"] == []
    assert found["drawings"]
    assert all(0 < drawing <= width for drawing in found["drawings"])


def test_a_table_is_sorted_by_its_head(browser, reports, tmp_path) -> None:
    found = measured(browser, reports["study"] / "report.html", 1280, tmp_path)
    times = [value for value in found["sorted"] if value == value and value is not None]
    assert len(times) == 2
    assert times == sorted(times)


def test_the_pages_print(browser, reports, tmp_path) -> None:
    paper = tmp_path / "report.pdf"
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"),
        *(f"--print-to-pdf={paper}", (reports["run"] / "report.html").as_uri()),
    ]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 8
