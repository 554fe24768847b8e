#!/usr/bin/env python3
"""Make plots.html, DVC's page for plots, from template.html and the JavaScript that it needs.

That is what DVC's plots are written for. Needs npm. Each package is checked against its SHA-256;
its licence is kept in the page.
"""

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
PACKAGES = {  # name: version, SHA-256 of the package
    "vega": ("5.20.2", "d77deab01d6104b1239228720721f93003e60797d2faced7ffdd759fa70f989d"),
    "vega-lite": ("5.2.0", "f64ca4745f043447ac86b67dc9e9592ec2b85ac8b8dafc35faf970f142463e4b"),
    "vega-embed": ("6.18.2", "93aeee312e92077b0252ef026c0fe0ec8fa430c19825aeada6cd3a6804e68e1b"),
}


def script(name: str, version: str, sha256: str) -> str:
    """Return a package's JavaScript and licence as HTML."""
    with tempfile.TemporaryDirectory() as folder:
        pack = ["npm", "pack", "--silent", f"{name}@{version}"]
        subprocess.run(pack, cwd=folder, check=True, capture_output=True)
        archive = Path(folder, f"{name}-{version}.tgz")
        received = hashlib.sha256(archive.read_bytes()).hexdigest()
        if received != sha256:
            raise SystemExit(f"{archive.name}: expected SHA-256 {sha256}, received {received}")
        with tarfile.open(archive) as package:
            code = package.extractfile(f"package/build/{name}.min.js").read().decode().rstrip()
            licence = package.extractfile("package/LICENSE").read().decode().strip()
    code = code.split("\n//# sourceMappingURL")[0]
    assert "</script" not in code
    digest = hashlib.sha256(code.encode()).hexdigest()
    comment = f"<!-- {name} {version}\n{licence}\n-->"
    tag = f'<script data-package="{name}" data-sha256="{digest}">'
    return f"{comment}\n{tag}{code}</script>\n"


def main():
    scripts = "".join(script(name, *pinned) for name, pinned in PACKAGES.items())
    template = (FOLDER / "template.html").read_text(encoding="utf-8")
    page = template.replace("<!-- scripts -->\n", scripts)
    (FOLDER / "plots.html").write_text(page, encoding="utf-8")


main()
