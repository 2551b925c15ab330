"""The report says what the records say, on one page that needs nothing else."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cellion.cell.response import PARTS, ActiveMaterial, CellResponse
from cellion.errors import ResultsError
from cellion.export.diagrams import PALETTE
from cellion.export.formatting import digits, key_label, key_labels, unit_label, with_spread
from cellion.export.report.answer import answer
from cellion.export.report.page import page_of
from cellion.export.report.render import write_report
from cellion.export.report.subject import read_subject
from cellion.results.files import REPORT_FILE, save_result
from cellion.results.record import CarrierResult, DissipationRecord, RunResult
from helpers.report_folders import Document, read_page, write_study_folder

RunMaker = Callable[..., RunResult]
FRACTION, DIAMETER = "microstructure.packing.particles[0].volume_fraction", "mesh.size"
PACKING = {"microstructure": {"packing": {"particles": [{"material": "CAM"}]}}}
HOSTILE = "<script>alert('x')</script> & \"$x_1$\""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


@pytest.fixture
def composition(tmp_path: Path, make_run: RunMaker) -> Path:
    """Three fractions with two realisations each; electrons find a way at 30 % only."""
    points = [
        (
            {FRACTION: 0.95 - fraction},
            make_run(solid_electrolyte=fraction, seed=seed, isolated_cam=fraction > 0.4),
        )
        for fraction in (0.6, 0.45, 0.3)
        for seed in (271, 274)
    ]
    return write_study_folder(tmp_path / "series", points, realisations=2, scenario=PACKING)


def answer_of(folder: Path) -> str:
    """The answer as one text with plain spaces."""
    subject = read_subject(folder)
    return " ".join(" ".join(answer(subject, subject.series)).split())


def page(folder: Path, *, experiments: bool = False) -> Document:
    return read_page(write_report(folder, experiments=experiments))


def at_temperature(run: RunResult, kelvin: float) -> RunResult:
    """The run with an ionic conductivity of 0.3 eV in sigma T."""
    ion = run.carriers["ion"]
    factor = math.exp(-0.3 / 8.617333262e-5 * (1 / kelvin - 1 / 300)) * 300 / kelvin
    warm = replace(
        ion,
        effective_conductivity=factor * ion.effective_conductivity,
        bulk_conductivity=factor * ion.bulk_conductivity,
    )
    return replace(run, temperature=kelvin, carriers={"ion": warm})


# --- numbers -------------------------------------------------------------------------------------


def test_the_table_holds_the_numbers_of_the_records(composition: Path) -> None:
    document = page(composition)
    rows = document.table("All runs")
    runs = read_subject(composition).answered
    assert [row["run"] for row in rows] == [each.name for each in runs]
    for row, each in zip(rows, runs, strict=True):
        ion = each.result.carriers["ion"]
        assert row["σeff ions [mS/cm]"] == digits(10 * ion.mean_conductivity, 4)
        assert row["τ ions"] == digits(ion.mean_tortuosity_factor, 3)
        assert row["SE, volume [%]"] == digits(100 * each.result.volume_fraction["SE"].meshed, 3)
        electron = each.result.carriers["electron"]
        assert (row["τ electrons"] == "∞") == (electron.mean_conductivity == 0)
    cells = document.all("td")
    sorted_by = {float(cell["data-sort"] or 0) for cell in cells if "data-sort" in cell}
    exact = {10 * each.result.carriers["ion"].mean_conductivity for each in runs}
    assert exact <= sorted_by


def test_the_answer_of_a_composition_study_names_both_ends_and_what_is_blocked(
    composition: Path,
) -> None:
    told = answer_of(composition)
    runs = read_subject(composition).runs
    sigma = [10 * run.carriers["ion"].mean_conductivity for run in runs]
    ends = (with_spread(np.mean(v), np.std(v, ddof=1), "mS/cm") for v in (sigma[:2], sigma[4:]))
    first, last = (" ".join(text.split()) for text in ends)
    start = "From 60.0 to 30.0 % SE by volume the conductivity of ions falls from"
    assert f"{start} {first} to {last}" in told
    assert "No electrons pass at 45.0 % SE by volume and 60.0 % SE by volume." in told


def test_groups_of_one_composition_are_told_apart_by_what_they_answer(
    tmp_path: Path, make_run: RunMaker
) -> None:
    """Their records differ in tensors only, which have no truth value when compared."""
    ways = (True, False)
    points = [
        ({DIAMETER: f"{n} um"}, make_run(isolated_cam=isolated))
        for n, pair in enumerate(((True, True), ways, (False, False)), start=1)
        for isolated in pair
    ]
    told = answer_of(write_study_folder(tmp_path / "sizes", points, realisations=2))
    assert "No electrons pass at mesh size 1 µm." in told
    assert "At mesh size 2 µm electrons pass in 1 of 2 realisations only." in told


def test_the_answer_of_a_run(tmp_path: Path, make_run: RunMaker) -> None:
    run = make_run()
    save_result(run, tmp_path)
    told = answer_of(tmp_path)
    ion = run.carriers["ion"]
    assert told.startswith("At 42.0 % SE by volume (")
    assert f"ions see {digits(10 * ion.mean_conductivity)} mS/cm" in told
    assert f"τ = {digits(ion.mean_tortuosity_factor)}" in told
    assert "The mesh is estimated to put it off by 0.40 %." in told
    reason = "no conducting phase connects two opposite faces"
    assert f"Electrons find no way through here ({reason})" in told
    assert "their tortuosity factor infinite, although CAM fills 53.0 % of the volume." in told


def test_a_direction_in_which_nothing_passes_is_named(tmp_path: Path, make_run: RunMaker) -> None:
    run = make_run()
    ion = run.carriers["ion"]
    x, y = (float(ion.effective_conductivity[i, i]) for i in (0, 1))
    one_way = replace(
        ion,
        effective_conductivity=np.diag([x, y, 0.0]),
        percolates={"x": True, "y": True, "z": False},
        tortuosity_factor=dict(ion.tortuosity_factor) | {"z": math.inf},
        macmullin_number=dict(ion.macmullin_number) | {"z": math.inf},
        bruggeman_exponent=dict(ion.bruggeman_exponent) | {"z": math.inf},
    )
    save_result(replace(run, carriers={"ion": one_way}), tmp_path)
    told = answer_of(tmp_path)
    values = f"(x {digits(10 * x)}, y {digits(10 * y)}, z 0; mean of the directions"
    assert f"{values}; nothing passes in direction z)" in told
    assert f"see {digits(10 * (x + y) / 3)} mS/cm" in told


def test_a_bracket_is_told_as_guaranteed(tmp_path: Path, make_run: RunMaker) -> None:
    run = make_run()
    ion = run.carriers["ion"]
    tensor = ion.effective_conductivity
    bounded = replace(ion, lower=0.98 * tensor, upper=1.02 * tensor)
    save_result(replace(run, carriers={"ion": bounded}), tmp_path)
    told = answer_of(tmp_path)
    low, high = (digits(10 * f * ion.mean_conductivity, 4) for f in (0.98, 1.02))
    assert f"guaranteed to lie between {low} and {high} mS/cm for the meshed geometry" in told
    (row,) = page(tmp_path).table("The run")
    assert row["error [%]"] == "2.0"


def test_a_temperature_study_tells_its_activation_energy(
    tmp_path: Path, make_run: RunMaker
) -> None:
    points = [({"temperature": f"{t} K"}, at_temperature(make_run(), t)) for t in (280, 300, 320)]
    folder = write_study_folder(tmp_path / "warm", points)
    told = answer_of(folder)
    assert told.startswith("From 6.85 to 46.9 °C the conductivity of ions rises from")
    assert "activation energy of σT 0.300 eV" in told
    series = read_subject(folder).series
    assert series.axis.label == "1000 / T [1/K]"
    inverse = [1000 / t for t in (320, 300, 280)]
    assert [group.x for group in series.groups] == pytest.approx(inverse)


def test_resistive_contacts_are_told(tmp_path: Path, make_run: RunMaker) -> None:
    run = make_run()
    shares = {"x": DissipationRecord(bulk={"SE": 0.6}, resistive={"SE/SE": 0.4})}
    ion = replace(run.carriers["ion"], dissipation=shares)
    save_result(replace(run, carriers={"ion": ion}), tmp_path)
    assert "resistive contacts take 40.0 % of the dissipation" in answer_of(tmp_path)


def cell(*, resistance: float = 2e-3, connects: bool = True) -> CellResponse:
    if not connects:
        return CellResponse(
            axis="z",
            thickness={"composite": 2e-5},
            connects=False,
            area_specific_resistance=math.inf,
            reason="no electrolyte leads to the separator",
        )
    parts = dict.fromkeys(PARTS, 0.0) | {
        "ionic": 0.25 * resistance,
        "interfacial": 0.75 * resistance,
    }
    return CellResponse(
        axis="z",
        thickness={"composite": 2e-5},
        connects=True,
        area_specific_resistance=resistance,
        unconnected="excluded",
        utilisation=0.9,
        reaction_utilisation=0.8,
        reversed_share=0.02,
        parts=parts,
        depth=(0.0, 1e-5, 2e-5),
        reaction_current=(0.6, 0.4),
        active={
            "CAM": ActiveMaterial(
                connected=0.9, without_ions=0.1, without_electrons=0.0, without_both=0.0
            )
        },
        reaction_area=5e5,
        connected_area=4e5,
    )


def test_the_answer_of_a_cell(tmp_path: Path, make_run: RunMaker) -> None:
    save_result(replace(make_run(), carriers={}, cell=cell()), tmp_path)
    told = answer_of(tmp_path)
    assert "area-specific resistance of 20.0 Ω cm²" in told
    assert "its largest parts are interfacial (75 %) and ionic (25 %)" in told
    assert told.startswith("90.0 % of CAM is connected to both ions and electrons.")
    assert "So is 80.0 % of the area at which the reaction can take place." in told
    assert "2.0 % of the reaction current runs against that of the cell." in told
    assert "resistance [Ω cm²]" in page(tmp_path).table("Parts of the resistance")[0]


def test_a_cell_without_a_way_says_why(tmp_path: Path, make_run: RunMaker) -> None:
    save_result(replace(make_run(), carriers={}, cell=cell(connects=False)), tmp_path)
    told = answer_of(tmp_path)
    assert told == "No current can flow through the cell: no electrolyte leads to the separator."
    assert page(tmp_path).table("The run")[0]["cell [Ω cm²]"] == "∞"


def test_a_study_of_cells_finds_the_least_resistance(tmp_path: Path, make_run: RunMaker) -> None:
    points = [
        (
            {FRACTION: 0.95 - share},
            replace(
                make_run(solid_electrolyte=share),
                carriers={},
                cell=cell(resistance=r, connects=r > 0),
            ),
        )
        for share, r in ((0.2, 0.0), (0.3, 2e-3), (0.4, 1e-3), (0.5, 3e-3))
    ]
    told = answer_of(write_study_folder(tmp_path / "cells", points, scenario=PACKING))
    assert "least area-specific resistance, 10.0 Ω cm² at 40.0 % SE by volume" in told
    assert "The largest is 30.0 Ω cm² at 50.0 % SE by volume." in told
    assert "No current can flow at 20.0 % SE by volume." in told


# --- axes ----------------------------------------------------------------------------------------


def test_one_value_is_along_and_each_value_of_another_has_a_curve(
    tmp_path: Path, make_run: RunMaker
) -> None:
    points = [
        ({DIAMETER: size, FRACTION: 0.95 - share}, make_run(solid_electrolyte=share, seed=seed))
        for size in ("4 um", "8 um")
        for share in (0.3, 0.5)
        for seed in (271, 274)
    ]
    folder = write_study_folder(tmp_path / "two", points, realisations=2, scenario=PACKING)
    series = read_subject(folder).series
    assert series.axis.kind == "composition"
    assert list(series.curves) == ["mesh size 4 µm", "mesh size 8 µm"]
    for groups in series.curves.values():
        assert [group.x for group in groups] == pytest.approx([30, 50])
        assert [len(group.members) for group in groups] == [2, 2]
    titles = [svg["aria-label"] for svg in page(folder).all("svg") if "aria-label" in svg]
    told = "Effective conductivity of ions against SE, one curve per mesh size"
    assert any(str(title).startswith(told) for title in titles)


def test_values_that_go_together_are_one_axis(tmp_path: Path, make_run: RunMaker) -> None:
    points = [
        ({"mesh.size": f"{size} um", "mesh.surface_size": f"{size / 2} um"}, make_run())
        for size in (1, 2, 40)
    ]
    series = read_subject(write_study_folder(tmp_path / "zip", points)).series
    assert series.axis.label == "mesh size [µm]"
    assert series.axis.logarithmic
    assert list(series.curves) == [""]


def test_values_that_are_no_numbers_have_places(tmp_path: Path, make_run: RunMaker) -> None:
    points = [({"transport.boundary": name}, make_run()) for name in ("periodic", "electrodes")]
    series = read_subject(write_study_folder(tmp_path / "names", points)).series
    assert series.axis.ticks == ("periodic", "electrodes")
    assert [group.x for group in series.groups] == [0, 1]


def test_samples_are_clouds(tmp_path: Path, make_run: RunMaker) -> None:
    points = [
        ({"materials.SE.ion.conductivity": f"{1 + 0.1 * n} mS/cm"}, make_run(seed=270 + n))
        for n in range(4)
    ]
    folder = write_study_folder(tmp_path / "samples", points, samples=True)
    page_ = page_of(read_subject(folder))
    (transport,) = (section for section in page_.sections if section.name == "transport")
    assert [f.caption for f in transport.figures] == [
        "Effective conductivity of the sampled runs against the ion conductivity of SE."
    ]


# --- what has no answer --------------------------------------------------------------------------


def test_failed_and_missing_points_are_told(tmp_path: Path, make_run: RunMaker) -> None:
    points = [
        ({"mesh.size": "1 um"}, make_run()),
        ({"mesh.size": "2 um"}, "12.5 GB of memory are needed"),
        ({"mesh.size": "3 um"}, None),
    ]
    document = page(write_study_folder(tmp_path / "half", points))
    text = " ".join(document.text("p"))
    assert "1 of 3 runs have no outcome yet" in text
    assert "1 of 3 runs has no answer" in text
    rows = document.table("All runs")
    assert [row["outcome"] for row in rows] == [
        *("answered", "failed: 12.5 GB of memory are needed", "no outcome yet"),
    ]
    assert [row["mesh size [µm]"] for row in rows] == ["1", "2", "3"]


def test_a_study_of_failures_has_a_page(tmp_path: Path) -> None:
    points = [({"mesh.size": f"{n} um"}, "no memory") for n in (1, 2)]
    document = page(write_study_folder(tmp_path / "lost", points))
    assert "No run has an answer" in " ".join(document.text("p"))
    assert [row["outcome"] for row in document.table("All runs")] == ["failed: no memory"] * 2


def test_a_series_in_which_nothing_conducts_has_a_page(tmp_path: Path, make_run: RunMaker) -> None:
    points = [
        (
            {FRACTION: 0.95 - share},
            replace(run, carriers={"electron": run.carriers["electron"]}),
        )
        for share in (0.4, 0.5, 0.6)
        for run in (make_run(solid_electrolyte=share),)
    ]
    folder = write_study_folder(tmp_path / "dead", points, scenario=PACKING)
    told = answer_of(folder)
    assert told == "Electrons find no way through in any run: their conductivity is 0."
    assert len(page(folder).table("All runs")) == 3


def test_a_study_without_any_outcome_is_refused(tmp_path: Path) -> None:
    folder = write_study_folder(tmp_path / "new", [({"mesh.size": "1 um"}, None)])
    with pytest.raises(ResultsError, match=r"none of the 1 runs .* --resume"):
        write_report(folder)
    assert not (folder / REPORT_FILE).exists()


# --- the page itself -----------------------------------------------------------------------------


def test_the_page_needs_nothing_else(composition: Path) -> None:
    (composition / "point_000" / "microstructure.png").write_bytes(PNG)
    path = write_report(composition, experiments=True)
    document, text = read_page(path), path.read_text(encoding="utf-8")
    names = {name for name, _ in document.elements}
    foreign = {"iframe", "object", "embed", "video", "audio", "base", "image", "foreignobject"}
    assert not names & foreign
    assert [each["src"] for each in document.all("img")] == [
        "data:image/png;base64," + b64encode(PNG).decode()
    ]
    assert all("src" not in each for each in document.all("script"))
    assert [each["href"] for each in document.all("link")] == ["data:,"]
    for name, attributes in document.elements:
        for key in ("src", "srcset", "href", "xlink:href", "poster", "action", "style"):
            value = attributes.get(key) or ""
            assert not re.search(r"https?:|//", value), (name, key, value)
    assert not re.search(r"url\((?!#)|@import", text)


def test_the_page_can_be_read_by_all(composition: Path) -> None:
    (composition / "point_000" / "microstructure.png").write_bytes(PNG)
    document = page(composition, experiments=True)
    assert document.all("html")[0]["lang"] == "en"
    assert all(each["alt"] for each in document.all("img"))
    for svg in document.all("svg"):
        assert svg.get("aria-label") or svg.get("aria-hidden") == "true"
    levels = [int(name[1]) for name, _ in document.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [each["id"] for _, each in document.elements if "id" in each]
    assert len(ids) == len(set(ids))
    targets = {str(each["href"])[1:] for each in document.all("a")}
    assert targets <= set(ids)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as ``#rrggbb`` (WCAG 2.2)."""
    light = []
    for colour in (one, other):
        share = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in share]
        light.append(float(np.dot(linear, (0.2126, 0.7152, 0.0722))))
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_text_and_curves_stand_out_in_both_schemes() -> None:
    style = files("cellion.export.report").joinpath("template", "page.css").read_text("utf-8")
    schemes = [dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split("}")[:2]]
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    for colours in schemes:
        for paper in ("paper", "card", "tint"):
            for ink in ("ink", "soft", "accent"):
                assert contrast(colours[ink], colours[paper]) >= 4.5
        assert contrast(colours["bad"], colours["bad-tint"]) >= 4.5
        assert all(contrast(colour, colours["card"]) >= 3 for colour in PALETTE)


def test_definitions_stand_beside_the_numbers(composition: Path) -> None:
    notes = [text for text in page(composition).text("p") if "τ = φ σbulk / σeff" in text]
    assert len(notes) >= 2
    assert all("NM = σbulk / σeff" in text for text in notes)


def test_names_are_text(tmp_path: Path, make_run: RunMaker) -> None:
    run = replace(
        make_run(),
        name=HOSTILE,
        description=HOSTILE,
        notes=(HOSTILE,),
        contact_area={f"{HOSTILE}/SE": 1e5},
    )
    points = [({"transport.boundary": name}, run) for name in (HOSTILE, "periodic")]
    points.append(({"transport.boundary": "c"}, HOSTILE))
    folder = write_study_folder(
        tmp_path / "names", points, description=HOSTILE, scenario={"name": HOSTILE}
    )
    path = write_report(folder)
    document = read_page(path)
    assert len(document.all("script")) == 1
    assert "<script>alert" not in path.read_text(encoding="utf-8")
    shown = " ".join(text for _, text in document.texts)
    assert shown.count(HOSTILE) >= 4


def test_names_in_any_script_are_drawn(tmp_path: Path, make_run: RunMaker) -> None:
    points = [({"transport.boundary": name}, make_run()) for name in ("固体電解質", "Ħ")]
    text = write_report(write_study_folder(tmp_path / "names", points)).read_text("utf-8")
    assert text.count("固体電解質</text>") >= 2


def test_experiments_are_shown_when_asked_for(composition: Path) -> None:
    scenario = PACKING | {"materials": {"SE": {"library": "Li6PS5Cl"}}}
    folder = write_study_folder(
        composition.parent / "beside",
        [(dict(each.values), each.result) for each in read_subject(composition).answered],
        realisations=2,
        scenario=scenario,
    )
    assert "Published measurements" not in page(folder).text("h2")
    document = page(folder, experiments=True)
    assert "Published measurements" in document.text("h2")
    rows = document.table("Published composites")
    assert {
        (row["electrolyte [vol %]"], row["σeff ions [mS/cm]"], row["τ ions"])
        for row in rows
        if row["publication"].startswith("Minnmann")
    } == {("61.0", "0.408", "2.40"), ("44.0", "0.166", "4.27"), ("25.0", "0.00306", "130")}
    signs = document.text("li")
    assert "measured: Minnmann et al. 2021, ions" in signs


def test_a_report_is_replaced_as_a_whole(tmp_path: Path, make_run: RunMaker) -> None:
    save_result(make_run(), tmp_path)
    (tmp_path / REPORT_FILE).write_text("old")
    assert write_report(tmp_path).read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert {file.name for file in tmp_path.iterdir()} == {"results.json", REPORT_FILE}


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "count", "shown"),
    [
        (0.28512, 3, "0.285"),
        (0.99996, 3, "1.00"),
        (123456.0, 3, "1.23×10⁵"),
        (9.04e-6, 3, "9.04×10⁻⁶"),
        (-23.16, 3, "−23.2"),
        (0.0, 3, "0"),
        (math.inf, 3, "∞"),
        (math.nan, 3, "–"),
        (None, 3, "–"),
    ],
)
def test_numbers_as_people_read_them(value: float | None, count: int, shown: str) -> None:
    assert digits(value, count) == shown


@pytest.mark.parametrize(
    ("mean", "spread", "shown"),
    [
        (0.28534, 0.0042, "0.285 ± 0.004"),
        (0.28534, 0.0142, "0.285 ± 0.014"),
        (0.6007, 0.0034, "0.601 ± 0.003"),
        (5.0621, 0.043, "5.06 ± 0.04"),
        (12.3, math.nan, "12.3"),
        (3e-5, 1e-6, "3.00×10⁻⁵ ± 1×10⁻⁶"),
    ],
)
def test_a_spread_rounds_its_mean(mean: float, spread: float, shown: str) -> None:
    assert " ".join(with_spread(mean, spread).split()) == shown


def test_keys_and_units_in_words() -> None:
    scenario = PACKING | {
        "interfaces": [{"between": ["SE", "SE"]}],
        "cell": {"separator": {"material": "SE"}},
    }
    assert key_label(FRACTION, scenario) == "volume fraction of CAM"
    assert key_label("interfaces[0].area_resistance", scenario) == "area resistance of SE|SE"
    assert key_label("materials.SE.ion.conductivity", {}) == "ion conductivity of SE"
    assert key_label("temperature", {}) == "temperature"
    assert key_label("mesh.size", {}) == "mesh size"
    assert key_label("cell.separator.thickness", scenario) == "thickness of separator"
    layers = {"microstructure": {"layers": {"materials": ["A", "B"]}}}
    assert key_label("microstructure.layers.thicknesses[1]", layers) == "thickness of B"
    assert unit_label("ohm*cm^2") == "Ω cm²"
    assert unit_label("mS/cm") == "mS/cm"


def test_keys_that_read_alike_are_told_apart() -> None:
    first, second = (f"microstructure.packing.particles[{i}].diameter" for i in (0, 1))
    particles = [{"material": "CAM"}, {"material": "CAM"}]
    scenario = {"microstructure": {"packing": {"particles": particles}}}
    assert list(key_labels([first, second, "mesh.size"], scenario).values()) == [
        "diameter of CAM (particles[0])",
        "diameter of CAM (particles[1])",
        "mesh size",
    ]


def test_carriers_that_nothing_conducts_are_told(tmp_path: Path, make_run: RunMaker) -> None:
    run = make_run()
    nothing: CarrierResult = replace(
        run.carriers["electron"], conducting=(), conducting_fraction=0.0
    )
    save_result(replace(run, carriers={"electron": nothing}), tmp_path)
    assert answer_of(tmp_path) == "No material here conducts electrons: their conductivity is 0."


def test_the_edge_of_cubes_is_an_axis_and_that_of_other_boxes_a_number(tmp_path, make_run):
    edge, value = "microstructure.packing.box[0]", "{} um"
    for name, boxes, label in (
        ("cubes", ((3e-6,) * 3, (4e-6,) * 3), "edge of the box [µm]"),
        ("slabs", ((3e-6, 2e-6, 2e-6), (4e-6, 2e-6, 2e-6)), "edge x of the box [µm]"),
    ):
        points = [
            ({edge: value.format(1e6 * box[0])}, replace(make_run(), box=box)) for box in boxes
        ]
        series = read_subject(write_study_folder(tmp_path / name, points)).series
        assert series.axis.label == label
