#!/usr/bin/env python3
"""Closes ./check: counts what ctest, the fuzz targets and the lint reported, names what was skipped and why."""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def reason_of(case):
    """Why a test says it was skipped. googletest says so in the line after "FILE:LINE: Skipped"; Python's unittest and our scripts in
    the line that has the word."""
    lines = [line.strip() for line in (case.findtext("system-out") or "").splitlines()]
    for marker, line in zip(lines, lines[1:]):
        if marker.endswith(": Skipped") and line and not line.startswith("["):
            return line
    said = [line for line in lines if re.search(r"skip", line, re.IGNORECASE) and not line.startswith("[") and not line.endswith(": Skipped")]
    return re.sub(r"^skipped: *", "", said[-1]) if said else "it did not say why"


def main():
    logs, elapsed, failed_phases = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    passed, failed, skipped = 0, [], collections.defaultdict(list)
    for report in sorted(logs.glob("*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):
            status, name = case.get("status"), case.get("name")
            if status == "run":
                passed += 1
            elif status == "fail":
                failed.append(f"{name} ({report.stem})")
            elif status == "disabled":
                skipped["disabled"].append(name)
            else:
                skipped[reason_of(case)].append(name)
    passed += len(list(logs.glob("*.passed")))
    failed += [path.stem for path in sorted(logs.glob("fuzz_*.failed"))]

    if failed_phases:
        print("Phases that failed: " + ", ".join(failed_phases))
    for name in failed:
        print(f"FAILED  {name}")
    for reason, names in skipped.items():
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        print(f"skipped {shown}: {reason}")
    print(f"Elapsed {elapsed}.")
    # A phase can fail with every test of it passing: a build, a lint finding. It counts as a failure.
    failures = len(failed) if failed else len(failed_phases)
    print(f"{passed} passed, {failures} failed, {sum(map(len, skipped.values()))} skipped")
    return 1 if failed or failed_phases or passed == 0 else 0


sys.exit(main())
