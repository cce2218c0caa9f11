"""The table of what is supported, made from the outcome of runs of the suite.

``python -m xpgrad_conformance.support RECORD --write FILE ...`` puts it into documents, between their comments
``<!-- support: table -->`` and ``<!-- end -->``; what each library lacks goes between those named
``<!-- support: libraries -->``, and the number of differentiable functions between those named
``<!-- support: count -->``. With ``--check`` in place of ``--write`` it fails where a document is stale, or the record.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xpgrad.primitive import HELPERS
from xpgrad_conformance.cases import CALLS, CASES, NAMES
from xpgrad_conformance.expected import known, lines_of, title_of
from xpgrad_conformance.options import DEFAULT_BACKENDS
from xpgrad_conformance.report import KINDS, Collected, Outcome, kind_of, read
from xpgrad_conformance.standard import CHAPTERS, FUNCTIONS, VERSION
from xpgrad_conformance.target import Target

_SIGNS = {"gradient": "1", "second order": "2", "forward mode": "f", "complex": "c"}

_BEYOND = "beyond the standard"

_NO_FUNCTION = "it has no such function"


def claims(target: Target) -> Outcome:
    """The outcome of a run on a backend in which nothing fails but what its list says."""
    collected = Collected()
    lines = lines_of(target.backend.name)
    for test in KINDS:
        for case in CALLS if test == "test_value" else CASES:
            if not case.sample.extends:
                reasons = {line.reason for line in lines if line.matches(test, case.id)} | target.missing(case.name)
                collected.add(case.name, kind_of(test, case.is_complex), reasons)
    return collected.outcome()


def count() -> str:
    """How many functions are differentiable."""
    of_standard = len(FUNCTIONS.intersection(NAMES))
    return (
        f"{of_standard} of the {len(FUNCTIONS)} functions of the standard's version {VERSION} have a derivative, "
        f"and so have {len({*NAMES} - HELPERS) - of_standard} functions beyond it."
    )


def table(outcomes: dict[str, Outcome]) -> str:
    """A row for every function, chapter by chapter, and a column for every backend."""
    lines: list[str] = []
    beyond = tuple(name for name in NAMES if name not in FUNCTIONS)
    for chapter, names in {**CHAPTERS, _BEYOND: beyond}.items():
        rows = [
            f"| `{name}` | {' | '.join(_cell(outcomes[b].get(name, {})) for b in outcomes)} |"
            for name in names
            if name in NAMES
        ]
        if rows:
            lines += [f"| **{chapter}** |{' |' * len(outcomes)}", *rows]
    return "\n".join([f"| | {' | '.join(outcomes)} |", f"|---|{'---|' * len(outcomes)}", *lines])


def libraries(outcomes: dict[str, Outcome]) -> str:
    """What each library lacks, by its list or by what a run has found, and the functions in which that shows."""
    lines = ["| library | what it lacks | where that shows |", "|---|---|---|"]
    for backend in sorted({*(name.partition(":")[0] for name in outcomes), *known()}):
        found: dict[str, set[str]] = {}
        for line in lines_of(backend):
            names = {call.name for call in CALLS if any(line.matches(test, call.id) for test in KINDS)}
            names |= {case.name for case in CASES if any(line.matches(test, case.id) for test in KINDS)}
            found.setdefault(line.reason, set()).update(names or {line.case.strip("*(")})
        runs = (outcome for run, outcome in outcomes.items() if run.partition(":")[0] == backend)
        for name, kinds in (item for outcome in runs for item in outcome.items()):
            for reason in {part for reasons in kinds.values() if reasons is not True for part in reasons.split("; ")}:
                found.setdefault(_NO_FUNCTION if reason.endswith(f" has no {name}") else reason, set()).add(name)
        lines += [f"| **{backend}** | {title_of(backend)} | |"] if found or title_of(backend) else []
        lines += [f"| | {reason} | {' '.join(f'`{name}`' for name in sorted(found[reason]))} |" for reason in found]
    return "\n".join(lines)


def _cell(kinds: dict[str, object]) -> str:
    """The signs of what a function passed; in brackets those of which some tests did not pass."""
    if not kinds:
        return "not run"
    if all(reason is not True for reason in kinds.values()):
        return "no"
    return " ".join(s if kinds[kind] is True else f"({s})" for kind, s in _SIGNS.items() if kind in kinds)


def filled(text: str, outcomes: dict[str, Outcome]) -> str:
    """A document with its blocks brought up to date."""
    for name, content in (("table", table(outcomes)), ("libraries", libraries(outcomes)), ("count", count())):
        before, start, rest = text.partition(f"<!-- support: {name} -->\n")
        if start:
            _, end, after = rest.partition("\n<!-- end -->")
            text = before + start + content + end + after
    return text


def stale(record: Path, documents: list[Path]) -> list[str]:
    """What is wrong with the record and the documents; nothing if they are up to date."""
    outcomes = read(record)
    wrong = [
        f"{record} is stale: run `python -m pytest --pyargs xpgrad_conformance --backend {backend} --support={record}`"
        for backend in DEFAULT_BACKENDS  # the others cannot be run everywhere: what is new there is "not run"
        if backend in outcomes and outcomes[backend] != claims(Target(backend))
    ]
    return wrong + [
        f"{path} is stale: run `python -m xpgrad_conformance.support {record} --write {path}`"
        for path in documents
        if (text := path.read_text(encoding="utf-8")) != filled(text, outcomes)
    ]


def main() -> int:
    """Bring documents up to date, or check that they are."""
    parser = argparse.ArgumentParser(prog="python -m xpgrad_conformance.support", description=__doc__)
    parser.add_argument("record", type=Path, help="what a run of the suite with --support wrote")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, nargs="+", metavar="FILE")
    what.add_argument("--check", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    for path in options.write or ():
        path.write_text(filled(path.read_text(encoding="utf-8"), read(options.record)), encoding="utf-8")
    wrong = stale(options.record, options.check) if options.check else []
    sys.stderr.writelines(f"{message}\n" for message in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
