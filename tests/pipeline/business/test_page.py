"""The business page: whole, of one file, and nothing on it cut or on top of something else."""

import re
import shutil
import subprocess
from contextlib import chdir
from datetime import date, timedelta
from html.parser import HTMLParser

import pandas as pd
import pytest

from pipeline.business.course import Course
from pipeline.command_line.main import run
from pipeline.reporting.business_now import over_time
from pipeline.reporting.treemap import Tile, squarified, treemap
from tests.pipeline import shop
from tests.pipeline.business.test_scores import scores

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")

CHECK = """
<script>
window.addEventListener("load", () => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  const found = [];
  const box = e => e.getBoundingClientRect();
  document.querySelectorAll("svg.chart").forEach((svg, n) => {
    const words = [...svg.querySelectorAll("text")], frame = box(svg);
    words.forEach((one, i) => {
      const a = box(one);
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 2 ||
          a.bottom > frame.bottom + 2) found.push(`chart ${n}: "${one.textContent}" is cut`);
      words.slice(i + 1).forEach(other => {
        const b = box(other);
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
          found.push(`chart ${n}: "${one.textContent}" lies on "${other.textContent}"`);
      });
    });
    svg.querySelectorAll("rect.tile").forEach(tile => {
      tile.parentNode.querySelectorAll("text").forEach(one => {
        const a = box(one), b = box(tile);
        if (a.right > b.right + 1 || a.bottom > b.bottom + 2)
          found.push(`tile: "${one.textContent}" sticks out`);
      });
    });
  });
  document.querySelectorAll("#known .scroll").forEach(e => {
    if (e.scrollWidth > e.clientWidth + 1) found.push("figures of the customer are cut");
  });
  if (document.documentElement.scrollWidth > innerWidth + 1)
    found.push(`${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  document.title = "checked " + JSON.stringify(found);
});
</script>
"""


class Well(HTMLParser):
    """Every tag that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """It closes itself."""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page of a made-up shop with rude countries, and scores of its customers."""
    folder = tmp_path_factory.mktemp("page")
    lands = {"NO": '<b title="x">&', "SE": "a country whose name is longer than any table's room"}
    rows = [(c, d, a, i, lands.get(land, land)) for c, d, a, i, land in shop.rows(400)]
    log = shop.write(folder / "shop.csv", rows)
    scores(folder / "scores.parquet", rows)
    options = ["--horizon", "91d", "--by", "Country", "--out", str(folder / "page.html"), "-q"]
    options += ["--scores", str(folder / "scores.parquet")]
    assert run(["describe", str(log), *shop.COLUMNS, *options]) == 0
    return folder / "page.html"


@pytest.mark.slow
def test_the_page_is_one_small_file_that_asks_for_nothing(written):
    text = written.read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    assert not re.search(r"<script|https?://|url\(|@import|<link|<img", text)
    assert written.stat().st_mode & 0o777 == 0o600
    parser = Well()
    parser.feed(text)
    assert parser.open == []
    assert "<b title" not in text
    assert shop.SENTINEL not in text


@pytest.mark.usefixtures("unforecast")
def test_an_interval_is_spoken_of_where_it_is_shown(tmp_path, capsys):
    log, page = shop.write(tmp_path / "shop.csv", shop.rows(400)), tmp_path / "page.html"
    assert run(["describe", str(log), *shop.COLUMNS, "--horizon", "91d", "--out", str(page)]) == 0
    shown = capsys.readouterr().out
    assert "active at the end." in " ".join(shown.split())
    assert "95 % interval" not in shown
    assert "in brackets 95 % intervals" in page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def of_a_customer(tmp_path_factory):
    """The page of the customer who bought most often, returns among the purchases."""
    folder = tmp_path_factory.mktemp("customer")
    rows = shop.rows(400)
    who = max({row[0] for row in rows}, key=lambda name: sum(row[0] == name for row in rows))
    log = shop.write(folder / "shop.csv", rows)
    page = folder / "page.html"
    assert run(["customer", who, str(log), *shop.COLUMNS, "--out", str(page), "-q"]) == 0
    return page


@pytest.fixture(scope="module")
def of_training(trained, tmp_path_factory):
    """The report of a training, for the browser to be beside."""
    page = tmp_path_factory.mktemp("training") / "report.html"
    page.write_text((trained / "out/report.html").read_text(encoding="utf-8"), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def of_scores(trained, tmp_path_factory):
    """The page that `churn score --report` writes, with what changed since an earlier scoring."""
    folder = tmp_path_factory.mktemp("scores")
    asked = ["score", "orders.csv", "-q", "--out", str(folder / "before.parquet")]
    again = ["score", "orders.csv", "-q", "--out", str(folder / "scores.parquet")]
    again += ["--earlier", str(folder / "before.parquet"), "--report", str(folder / "scores.html")]
    with chdir(trained):
        assert run([*asked, "--as-of", "2023-05-01"]) == 0
        assert run(again) == 0
    return folder / "scores.html"


@pytest.mark.slow
def test_links_lead_to_sections(written):
    text = written.read_text(encoding="utf-8")
    links = re.findall(r'<a href="#([^"]+)"', text)
    assert len(links) >= 6
    assert all(f'id="{name}"' in text for name in links)


def framed(page, width):
    """A window of that width around a page: Chromium's own has a least width."""
    content = page.read_text(encoding="utf-8").replace("</body>", f"{CHECK}</body>")
    checked = page.with_name(f"checked-{width}.html")
    checked.write_text(content, encoding="utf-8")
    frame = page.with_name(f"frame-{width}.html")
    frame.write_text(
        f'<body style="margin:0"><iframe src="{checked.name}" style="width:{width}px;'
        'height:900px;border:0" onload="setTimeout(() => document.title = '
        'this.contentDocument.title, 300)"></iframe></body>',
        encoding="utf-8",
    )
    return frame


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["written", "of_a_customer", "of_training", "of_scores"])
def test_no_words_are_cut_or_on_top_of_each_other(request, page, width, dark):
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    flags += [f"--window-size={max(width, 500)},900", "--virtual-time-budget=5000", "--dump-dom"]
    flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
    frame = framed(request.getfixturevalue(page), width)
    out = subprocess.run(
        [CHROMIUM, *flags, f"file://{frame}"], capture_output=True, text=True, timeout=120
    )
    title = re.search(r"<title>(.*?)</title>", out.stdout)
    assert title, out.stderr[-500:]
    assert title[1] == "checked []"


@pytest.mark.parametrize("values", [[5], [6, 6, 4, 3, 2, 2, 1], [1000, 1, 1], [3] * 9])
def test_a_treemap_fills_its_box_without_overlap(values):
    boxes = squarified(values, (0.0, 0.0, 400.0, 270.0))
    areas = [width * height for _, _, width, height in boxes]
    share = 400 * 270 / sum(values)
    assert areas == pytest.approx([value * share for value in values])
    for n, (x, y, width, height) in enumerate(boxes):
        assert x >= -1e-9
        assert y >= -1e-9
        assert x + width <= 400 + 1e-6
        assert y + height <= 270 + 1e-6
        for left, top, wide, high in boxes[n + 1 :]:
            apart = (
                left >= x + width - 1e-6
                or x >= left + wide - 1e-6
                or top >= y + height - 1e-6
                or y >= top + high - 1e-6
            )
            assert apart


def test_an_area_too_small_for_its_name_is_named_in_a_line_below():
    def drawn(*values):
        tiles = [
            Tile("good", value, [f"group {n}", f"{value} of revenue"], f"told {n}")
            for n, value in enumerate(values)
        ]
        return treemap("areas", tiles)

    small = drawn(1000, 990, 1)
    assert '<text class="small" x="15" y="286">group 2, 1 of revenue</text>' in small
    assert 'viewBox="0 0 400 290"' in small
    assert small.count(">group 0<") == 1
    assert 'viewBox="0 0 400 270"' in drawn(1000, 990), "all have room: no line below"


@pytest.mark.parametrize(("days", "weeks"), [(24, 3), (9, 0)])
def test_a_course_without_a_forecast_draws_whole_weeks_or_days(days, weeks):
    first = date(2024, 1, 1)
    index = [first + timedelta(days=n) for n in range(days)]
    columns = ("new", "purchases", "orders", "revenue", "active")
    daily = pd.DataFrame(1.0, index=index, columns=list(columns))
    found = Course(
        name="log", as_of=index[-1] + timedelta(days=1), first_day=first, period="month",
        window=90, daily=daily, cohorts=None, forecast=None,
    )  # fmt: skip
    revenue = over_time(found).split("active customers")[0]
    points = re.findall(r"(2024-01-\d\d): (\d+)", revenue)
    # A first week of three days would look like a shop that began small.
    assert points == (
        [(f"2024-01-{4 + 7 * n:02d}", "7") for n in range(weeks)]
        or [(f"{day}", "1") for day in index]
    )
