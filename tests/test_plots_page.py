"""DVC's page of plots, in a real Chromium without a network."""

import hashlib
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

PAGE = (ROOT / ".dvc" / "page" / "plots.html").read_text(encoding="utf-8")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OFFLINE = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")
@pytest.mark.parametrize("command", ["dvc plots show", "dvc plots diff HEAD"])
def test_plots_are_drawn_without_a_network(command, copy, tmp_path):
    copy.sh(command)
    page = copy.folder / "dvc_plots" / "index.html"
    command = [CHROMIUM, *OFFLINE, f"--user-data-dir={tmp_path}", "--enable-logging=stderr"]
    command += ["--virtual-time-budget=20000", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    plots = re.findall(
        r'<div id="(\w+)" class="vega-embed[^>]*>.*?<canvas[^>]* width="(\d+)"',
        done.stdout,
        re.DOTALL,
    )
    assert [name for name, width in plots if int(width) > 200] == [
        "loss",
        "accuracy",
        "confusion",
        "by_class",
        "reliability",
        "class_counts",
    ]
    assert done.stdout.count("<img ") >= 2
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    # vega-embed's slip: v5 is v5.2.0
    wrong = r"uses Vega(-Lite)? v5, but (the )?current version (of Vega-Lite )?is v5"
    assert [line for line in messages if not re.search(wrong, line)] == []


def test_page_holds_the_pinned_javascript_and_its_licences_and_asks_for_nothing_else():
    scripts = re.findall(
        r'<script data-package="([\w-]+)" data-sha256="(\w+)">(.*?)</script>', PAGE, re.DOTALL
    )
    assert [name for name, *_ in scripts] == ["vega", "vega-lite", "vega-embed"]
    for _, digest, code in scripts:
        assert hashlib.sha256(code.encode()).hexdigest() == digest
    assert PAGE.count("Redistribution and use in source and binary forms") == 3
    outside = re.sub(r"<script.*?</script>", "", PAGE, flags=re.DOTALL)
    assert not re.search(r"(src|href|import|url)\s*[=(]", outside)


def test_page_is_built_from_its_template():
    template = (ROOT / ".dvc" / "page" / "template.html").read_text(encoding="utf-8")
    start, end = template.split("<!-- scripts -->\n")
    assert PAGE.startswith(start)
    assert PAGE.endswith(end)
