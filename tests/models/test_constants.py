"""Every constant of the blend stands in docs/constants.md, with its value of today."""

import re
from pathlib import Path

from benchmarks.constants import settings

PAGE = Path(__file__).parents[2] / "docs" / "constants.md"


def test_every_constant_of_the_blend_is_on_the_page_with_its_value():
    told = re.findall(r"^\| `(\S+)` \| (\S+) \| (?:0\.5|2) \|", PAGE.read_text("utf-8"), re.M)
    known = [
        (f"{module.__name__.rpartition('.')[2]}.{name}", f"{getattr(module, name):g}")
        for module, name in settings()
    ]
    assert told == [row for row in known for _ in range(2)]
