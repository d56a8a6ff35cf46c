"""The page of `dvc plots` in a real browser without a network."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import Pipeline, copy_of_project

pytestmark = pytest.mark.slow

MAX_BYTES = 2_000_000
MAX_WAIT = 60  # seconds, far more than a graph takes on a busy machine
CALLS = re.compile(r"vegaEmbed\('#(.+?)', spec\)")  # as DVC writes them, one for each graph
DRAWN = """
    return arguments[0].filter((id) => {
      const graph = document.getElementById(id).querySelector("canvas, svg");
      const area = graph?.getBoundingClientRect();
      return area && area.width > 100 && area.height > 100;
    });
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Give a clone on a branch whose learning curves are not those of main."""
    pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
    pipeline.succeed("git", "checkout", "--quiet", "-b", "shorter")
    history = pipeline.root / "plots" / "history.csv"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))
    pipeline.succeed("git", "commit", "--quiet", "--all", "--allow-empty", "--message=shorter")
    return pipeline


@pytest.mark.parametrize("folder", [".", "recipes"])
@pytest.mark.parametrize("command", [["show"], ["diff", "main"]], ids=["show", "diff"])
def test_is_complete_without_a_network(
    project: Pipeline, browser: Chrome, folder: str, command: list[str]
) -> None:
    """Every graph and picture is there, nothing comes from elsewhere, the page is small."""
    root = project.root / folder
    Pipeline(root).succeed("dvc", "plots", *command)
    page = root / "dvc_plots" / "index.html"
    assert page.stat().st_size < MAX_BYTES
    graphs = CALLS.findall(page.read_text())
    assert graphs
    assert len(set(graphs)) == len(graphs)

    browser.get_log("browser")  # forgets what the page before has logged
    browser.get(page.as_uri())
    WebDriverWait(browser, MAX_WAIT).until(
        lambda driver: driver.execute_script(DRAWN, graphs) == graphs
    )
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors
    pictures = browser.execute_script("return [...document.images].map((i) => i.naturalWidth)")
    assert pictures
    assert all(pictures)
    assert not browser.execute_script(
        "return [...document.querySelectorAll('script[src], link, iframe')].map((e) => e.outerHTML)"
    )
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert all(name.startswith(("file:", "data:")) for name in loaded)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1000


def test_confusion_shows_each_count(project: Pipeline, browser: Chrome, tmp_path: Path) -> None:
    """A matrix for each revision: a row for each true digit, a column for each predicted one."""
    pairs = [(label, predicted) for label in range(10) for predicted in range(10)]
    table = pd.DataFrame(pairs, columns=["label", "predicted"])
    table["count"] = range(100)
    file = project.root / "counts.csv"
    table.to_csv(file, index=False)
    project.succeed("git", "add", "counts.csv")
    project.succeed("git", "commit", "--quiet", "--message=counts")
    table["count"] += 100
    table.to_csv(file, index=False)
    properties = ["--template", "confusion_counts", "-x", "predicted", "-y", "label"]
    printed = project.succeed(
        "dvc", "plots", "diff", "HEAD", "--targets", file.name, *properties, "--show-vega"
    )
    texts = texts_of_graph(browser, tmp_path, project, printed, ".mark-text.role-mark text")
    assert counts_by_place(texts) == [list(range(100, 200)), list(range(100))]


@pytest.mark.parametrize(
    ("template", "y", "value", "scale"),
    [
        ("bars", "errors", "errors", ".role-axis-label text"),
        ("confusion_counts", "label", "count", ".role-legend-label text"),
    ],
)
def test_a_single_error_has_whole_numbers_beside_it(
    project: Pipeline,
    browser: Chrome,
    tmp_path: Path,
    template: str,
    y: str,
    value: str,
    scale: str,
) -> None:
    """The axis of the bars and the colours of the matrix count in whole errors."""
    table = pd.DataFrame({"digit": [0, 1], "label": [0, 0], value: [0, 1]})
    file = project.root / "single.csv"
    table.to_csv(file, index=False)
    properties = ["--template", template, "-x", "digit", "-y", y, "--show-vega"]
    printed = project.succeed("dvc", "plots", "show", file.name, *properties)
    file.unlink()
    texts = texts_of_graph(browser, tmp_path, project, printed, scale)
    assert {"0", "1"} <= {text for _, _, text in texts}
    assert not [text for _, _, text in texts if "." in text]


def texts_of_graph(
    browser: Chrome, folder: Path, project: Pipeline, printed: str, selector: str
) -> list[list[Any]]:
    """Draw what `dvc plots --show-vega` printed; return x, y and content of the texts in it."""
    # The page without plots has the scripts; as SVG the texts of a graph can be read.
    page = folder / "page.html"
    page.write_text((project.root / ".dvc" / "plots.html").read_text())
    browser.get(page.as_uri())
    texts: list[list[Any]] = browser.execute_async_script(
        """
        const [spec, selector, done] = arguments;
        vegaEmbed(document.body, spec, {renderer: "svg"}).then(() => {
          done([...document.querySelectorAll(selector)].map((text) => {
            const {x, y} = text.getBoundingClientRect();
            return [x, y, text.textContent];
          }));
        });
        """,
        json.loads(printed),
        selector,
    )
    return texts


def counts_by_place(texts: list[list[Any]]) -> list[list[int]]:
    """Return the numbers of each matrix, the left one first, row by row."""
    middle = sum(x for x, _, _ in texts) / len(texts)
    halves = [[text for text in texts if (text[0] > middle) == right] for right in (False, True)]
    return [
        [int(number) for _, _, number in sorted(half, key=lambda text: (round(text[1]), text[0]))]
        for half in halves
    ]
