#!/usr/bin/env python3
"""Closes ./check: counts what ctest, the fuzz targets and the lint reported, names what was skipped and why."""

import ast
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

DISABLED = "no tests by themselves (DISABLED_): another test runs them, or somebody who measures"


def lines_of(case):
    return [line.rstrip() for line in (case.findtext("system-out") or "").splitlines()]


def reason_of(case):
    """Why a test says it was skipped. googletest says so in the line after "FILE:LINE: Skipped"; Python's unittest and our scripts in
    the line that has the word."""
    lines = [line.strip() for line in lines_of(case)]
    for marker, line in zip(lines, lines[1:]):
        if marker.endswith(": Skipped") and line and not line.startswith("["):
            return line
    said = [line for line in lines if "skip" in line.lower() and not line.startswith("[") and not line.endswith(": Skipped")]
    return re.sub(r"^skipped: *", "", said[-1]) if said else "it did not say why"


def text_of(literal):
    """What a Python string literal says, on one line."""
    try:
        return " ".join(ast.literal_eval(literal).split())
    except (SyntaxError, ValueError):
        return literal


def skipped_within(case):
    """The tests that Python's unittest skipped in a file that passed, as (name, reason). It names the test, and says "skipped" and the
    reason's repr() at the end of that line, or of a later one when the test has a docstring or has printed something."""
    found, name, claimed = [], "", 0
    for line in lines_of(case):
        if named := re.match(r"\s*(\w+) \(([\w.]+)\)", line):
            method, path = named.groups()
            name = ".".join([*path.removeprefix("__main__.").removesuffix(f".{method}").split("."), method])
        if said := re.search(r"(?:^| \.\.\. )skipped ((['\"]).*\2)$", line):
            found.append((f"{case.get('name')}.{name}", text_of(said[1])))
        if total := re.match(r"(?:OK|FAILED) \(.*\bskipped=(\d+)", line):
            claimed += int(total[1])
    return found + [(case.get("name"), "it did not say why")] * (claimed - len(found))


def ran_nothing(case, skipped_count):
    """A file whose every test was skipped."""
    counts = [int(said[1]) for line in lines_of(case) if (said := re.match(r"Ran (\d+) tests? in ", line))]
    return skipped_count > 0 and sum(counts) <= skipped_count and not any(re.search(r"(?:^| )ok$", line) for line in lines_of(case))


def shown(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def main():
    logs, elapsed, failed_phases = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    passed, failed, not_run, skipped = 0, [], collections.defaultdict(list), collections.defaultdict(list)
    for report in sorted(logs.glob("*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):
            status, name = case.get("status"), case.get("name")
            why = getattr(case.find("skipped"), "attrib", {}).get("message", "SKIP_")
            if status == "run":
                within = skipped_within(case)
                for test, reason in within:
                    skipped[reason].append(test)
                passed += 0 if ran_nothing(case, len(within)) else 1
            elif status == "fail":
                failed.append(f"{name} ({report.stem})")
            elif status == "disabled":
                skipped[DISABLED].append(name)
            elif why.startswith("SKIP_"):
                skipped[reason_of(case)].append(name)
            else:  # ctest could not run it: its program was not built, a file is missing. It did not choose to be skipped.
                not_run[f"{why} ({report.stem})"].append(name)
    passed += len(list(logs.glob("*.passed")))
    failed += [path.stem for path in sorted(logs.glob("fuzz_*.failed"))]

    if failed_phases:
        print("Phases that failed: " + ", ".join(failed_phases))
    for name in failed:
        print(f"FAILED  {name}")
    for reason, names in not_run.items():
        print(f"NOT RUN {shown(names)}: {reason}")
    for reason, names in skipped.items():
        print(f"skipped {shown(names)}: {reason}")
    print(f"Elapsed {elapsed}.")
    # A phase can fail with every test of it passing: a build, a lint finding. It counts as a failure.
    failures = len(failed) + sum(map(len, not_run.values())) or len(failed_phases)
    print(f"{passed} passed, {failures} failed, {sum(map(len, skipped.values()))} skipped")
    return 1 if failures or passed == 0 else 0


sys.exit(main())
