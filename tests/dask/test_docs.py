"""docs/dask.md keeps its word: its snippets run, one after the other."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "dask.md"


def test_snippets_run(capsys):
    code = "".join(
        re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    names = {}
    exec(code, names)
    assert names["value"] < 0.7
    names["xp"].explain(names["loss"], names["w"].grad)
    assert "as one task for each of 10 blocks" in capsys.readouterr().out
