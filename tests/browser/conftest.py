"""A headless Chromium, in which pages of ours are looked at as people's browsers do."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

_SEEN = re.compile(r'<pre id="seen">(.*?)</pre>', re.DOTALL)
_LOOK = """
<script>
addEventListener("load", () => {
  const seen = document.createElement("pre");
  seen.id = "seen";
  seen.textContent = JSON.stringify((() => { %s })());
  document.body.append(seen);
});
</script>
"""

Look = Callable[..., Any]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What a piece of JavaScript returns in a page, in a window of so many pixels."""
    command = os.environ.get("WEBTIER_CHROMIUM", "")
    if not command:
        pytest.skip("there is no Chromium: `make browser` gets it where it can be had")

    def look(page: str, script: str, width: int, height: int = 844) -> Any:
        (tmp_path / "page.html").write_text(page.replace("</body>", _LOOK % script + "</body>"))
        words = ["--disable-gpu", f"--window-size={width},{height}", "--virtual-time-budget=2000", "--dump-dom"]
        done = subprocess.run(
            [command, str(tmp_path), *words, "file:///tmp/page.html"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        found = _SEEN.search(done.stdout)
        assert found, done.stderr
        return json.loads(unescape(found[1]))

    return look
