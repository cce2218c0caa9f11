"""Figures as Markdown and as a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.harness import Case, Figure


def table_of(figures: Sequence[Figure], left_out: dict[str, str]) -> str:
    """One case: a contender in each line."""
    first = figures[0]
    lines = [f"| {first.case} | {first.unit} | {_relation(first)} | quartiles | target |", "|---|---|---|---|---|"]
    for figure in figures:
        target = "" if figure.target is None else f"{figure.target:g} {'met' if figure.met else 'MISSED'}"
        low, high = figure.quartiles
        lines.append(
            f"| {figure.name} | {_short(figure.median)} | {_short(figure.compared)} | {_short(low)} to {_short(high)} "
            f"| {target} |"
        )
    lines += [f"\n{name} is left out: {reason}." for name, reason in left_out.items()]
    return "\n".join(lines)


def overview(cases: Iterable[tuple[Case, Sequence[Figure]]], peers: Sequence[str]) -> str:
    """All cases: a peer in each column; ratios to the baseline, or differences where a unit is given."""
    rows, reasons = _rows(cases)
    lines = [f"| | baseline | target | {' | '.join(peers)} |", "|---|---|---|" + "---|" * len(peers)]
    for title, row in rows.items():
        base = row[""]
        target = next((figure.target for figure in row.values() if figure.target is not None), None)
        cells = [_cell(row[name]) if name in row else "-" for name in peers]
        lines.append(
            f"| {title} | {base.name}: {_short(base.median)} {base.unit} | {'' if target is None else f'{target:g}'} "
            f"| {' | '.join(cells)} |"
        )
    return "\n".join([*lines, "", *(f"- {reason}" for reason in reasons)])


def chart(cases: Iterable[tuple[Case, Sequence[Figure]]], peers: Sequence[str], file: Path) -> None:
    """The ratios as a picture, a line for each case and a mark for each peer; lower is better."""
    from matplotlib.figure import Figure as Picture  # only wanted here

    rows = {title: row for title, row in _rows(cases)[0].items() if row[""].relation == "ratio"}
    picture = Picture(figsize=(10, 1.5 + 0.32 * len(rows)), layout="constrained")
    axes = picture.subplots()
    heights = range(len(rows), 0, -1)
    for name, mark in zip(peers, "o^vsDPX*", strict=False):
        points = [(row[name].compared, y) for row, y in zip(rows.values(), heights, strict=True) if name in row]
        axes.plot(
            *zip(*points, strict=True) if points else ((), ()), mark, label=name, zorder=4 if name == "xpgrad" else 3
        )
    for row, y in zip(rows.values(), heights, strict=True):
        for figure in row.values():
            if figure.target is not None:
                axes.plot([figure.target] * 2, [y - 0.4, y + 0.4], color="black", linewidth=1)
    axes.axvline(1, color="grey", linewidth=1)
    axes.set(
        xscale="log", yticks=list(heights), yticklabels=list(rows), xlabel="ratio to the baseline; bar: xpgrad's target"
    )
    axes.grid(axis="both", alpha=0.3)
    picture.legend(loc="outside lower center", ncols=len(peers))
    picture.savefig(file, dpi=150)


def _rows(cases: Iterable[tuple[Case, Sequence[Figure]]]) -> tuple[dict[str, dict[str, Figure]], list[str]]:
    """The figures by row and peer, the baseline under "", and why peers are left out.

    A contender "xpgrad, product" is the peer "xpgrad" in a row of its own.
    """
    rows: dict[str, dict[str, Figure]] = {}
    reasons: dict[str, list[str]] = {}
    for case, figures in cases:
        for figure in figures[1:]:
            name, _, part = figure.name.partition(", ")
            rows.setdefault(f"{case.title}: {part}" if part else case.title, {"": figures[0]})[name] = figure
        for name, reason in case.left_out.items():
            reasons.setdefault(f"{name}: {reason}", []).append(case.title)
    return rows, [f"{', '.join(titles)}: without {reason}." for reason, titles in reasons.items()]


def _relation(figure: Figure) -> str:
    return figure.relation if figure.relation == "ratio" else f"{figure.unit} {figure.relation}"


def _cell(figure: Figure) -> str:
    return _short(figure.compared) if figure.relation == "ratio" else f"{figure.compared:+.0f} {figure.unit}"


def _short(number: float) -> str:
    """Three digits, without exponents."""
    return f"{number:,.{2 if abs(number) < 10 else 1 if abs(number) < 100 else 0}f}"
