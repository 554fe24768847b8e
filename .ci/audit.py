#!/usr/bin/env python3
"""Look up known vulnerabilities of all that requirements.txt installs.

Those in waivers.txt are accepted. Exits with 1 where there are others. Where no advisory service
is reached, says so and exits with 0: pip-audit itself calls that "No known vulnerabilities found".
"""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
REQUIREMENTS = FOLDER.parent / "requirements.txt"
OPTIONS = ["--format=json", "--progress-spinner=off", "--require-hashes", "--disable-pip"]


def waived() -> list[str]:
    """Return the names of the vulnerabilities in waivers.txt."""
    lines = (FOLDER / "waivers.txt").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def main():
    names = waived()
    command = ["pip-audit", *OPTIONS, *(f"--ignore-vuln={name}" for name in names)]
    done = subprocess.run([*command, "-r", REQUIREMENTS], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        packages = []
    audited = [package for package in packages if "vulns" in package]
    count = 0
    for package in audited:
        for vulnerability in package["vulns"]:
            count += 1
            fixed = ", ".join(vulnerability["fix_versions"]) or "none"
            found = f"{package['name']} {package['version']}: {vulnerability['id']}"
            print(f"audit: {found}; fixed in: {fixed}")
    reason = ""
    if not audited:
        answer = (done.stderr.strip() or "none").splitlines()[-1]
        if packages:
            answer = packages[0].get("skip_reason")
        reason = f" (no advisory service reached; its answer: {answer})"
    looked_up = f"{len(audited)} packages looked up{reason}"
    print(f"audit: {looked_up}, {count} vulnerabilities, {len(names)} waived")
    sys.exit(bool(count))


main()
