"""Holds the tests of an external suite that do not pass to the reasons that are written down for them.

usage: external.py RESULTS REASONS SERVICE...
Reads RESULTS/SERVICE.xml (JUnit, as pytest writes it) and REASONS/moto-SERVICE.md (headings `## kind: sentence`, below them
a line `- file.py::test` for each test). Exits with 1 where a test fails without a reason, or has one and does not fail;
what is said to be chance may do either.
"""

import re
import sys
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

KINDS = {
    "aws-refuses": "AWS refuses what the test does",
    "aws-answers": "AWS answers otherwise than the test expects",
    "other-service": "it needs a service that the cloud does not have",
    "suite": "it rests on the emulator that it was made for",
    "outside": "an operation or feature that the cloud does not have",
    "gap": "the cloud ought to pass it",
    "chance": "it draws names, and passes or fails by them",
}


def outcomes(results, service):
    """Each test that ran, and whether it passed."""
    ran = {}
    for case in xml.parse(results).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            continue
        file = case.get("file", "")
        module = file.removesuffix(".py").replace("/", ".")
        classes = case.get("classname", "").removeprefix(module).split(".")[1:]
        name = "::".join([file.removeprefix(f"tests/test_{service}/"), *classes, case.get("name", "")])
        passed = case.find("failure") is None and case.find("error") is None
        ran[name] = passed and ran.get(name, True)
    return ran


def reasons(file):
    """Each test that has a reason, and its kind; what is wrong with the file."""
    known, wrong, kind = {}, [], None
    for number, line in enumerate(file.read_text().splitlines(), 1):
        heading = re.match(r"## ([a-z-]+): \S", line)
        if heading:
            kind = heading[1]
            if kind not in KINDS:
                wrong.append(f"{file}:{number}: no such kind: {kind}")
        elif line.startswith("- "):
            name = line[2:].strip()
            if name in known:
                wrong.append(f"{file}:{number}: {name} has a reason already")
            if kind is None:
                wrong.append(f"{file}:{number}: {name} stands under no heading")
            known[name] = kind
    return known, wrong


def main(results, directory, services):
    problems = []
    print(f"{'service':<12} {'passed':>9}  {'  '.join(KINDS)}")
    for service in services:
        file = Path(directory) / f"moto-{service}.md"
        ran = outcomes(Path(results) / f"{service}.xml", service)
        known, wrong = reasons(file)
        problems += wrong
        failed = {name for name, passed in ran.items() if not passed}
        if not ran:
            problems.append(f"{service}: not one test ran")
        problems += [f"{service}: fails without a reason: {name}" for name in sorted(failed - known.keys())]
        for name in sorted(known.keys() - failed):
            if known[name] == "chance" and name in ran:
                continue
            told = "passes" if name in ran else "did not run"
            problems.append(f"{service}: has a reason, and {told}: {name}")
        count = Counter(known[name] for name in failed & known.keys())
        told = "  ".join(f"{count[kind]:>{len(kind)}}" for kind in KINDS)
        print(f"{service:<12} {len(ran) - len(failed):>4}/{len(ran):<4}  {told}")
    print()
    for kind, sentence in KINDS.items():
        print(f"  {kind:<14} {sentence}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
