"""`python -m benchmarks.automl --sets adult,telco_churn --systems ours,lgbm --budget 60 --seeds 0,1`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchmarks.automl.paired import Kept, paired
from benchmarks.automl.results import Key, ResultsFile
from benchmarks.automl.running import Plan, Runner, run
from benchmarks.automl.sets import TabularSet, home, read_manifest
from benchmarks.automl.summary import bencheval, summarise
from benchmarks.automl.systems import SYSTEMS
from benchmarks.automl.tables import scores, standings


def main() -> None:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended, and its folder removed
    place: Path = home()
    known = read_manifest(place / "data")
    chosen = tuple(known[name] for name in _named(asked.sets, known, "set"))
    systems = _named(asked.systems, SYSTEMS, "system")
    seeds = tuple(int(seed) for seed in asked.seeds.split(","))
    file = ResultsFile(asked.results or place / "out" / "results.jsonl")
    kept = Kept(place / "out" / "predictions")
    plan = Plan(chosen, systems, seeds, asked.budget)
    if not asked.summary_only:
        run(plan, place / "data", file, Runner(place / "venvs", kept, busy=asked.busy), asked.again)
    _tell(plan, file, chosen, place)
    _tell_pairs(plan, file, kept, asked.beside)


def _tell(plan: Plan, file: ResultsFile, chosen: tuple[TabularSet, ...], place: Path) -> None:
    names = {each.name for each in chosen}
    results = [each for key, each in file.read().items() if key.set_name in names and key.seed in plan.seeds]
    rate = bencheval(place / "venvs" / "bencheval" / "bin" / "python")
    summary = summarise(results, plan.systems, plan.budget_s, rate)
    kept = file.path.with_suffix(".summary.json")
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    print(scores(results, plan.systems, plan.budget_s))
    print("(* over the budget)\n")
    print(standings(summary))
    print(
        f"\n{summary.compared} runs on {summary.sets} sets with {summary.budget_s:g} s each; {summary.left_out} left "
        f"out, as some system has no result there; {summary.not_quiet} while the machine did other work."
    )


def _tell_pairs(plan: Plan, file: ResultsFile, kept: Kept, beside: str) -> None:
    """Ours beside one other, row by row."""
    known = file.read()
    for chosen in plan.sets if {"ours", beside} <= set(plan.systems) else ():
        for seed in plan.seeds:
            ours, theirs = (Key(chosen.name, system, seed, plan.budget_s) for system in ("ours", beside))
            if ours in known and theirs in known:
                found = paired(kept, ours, theirs, chosen.kind, in_time=chosen.time_column is not None)
                print(f"ours beside {beside}, seed {seed}: {found.said if found else f'{chosen.name}: not kept'}")


def _named(wanted: str, known: Mapping[str, object], what: str) -> tuple[str, ...]:
    names = tuple(known) if wanted == "all" else tuple(wanted.split(","))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"there is no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.automl", description=__doc__)
    parser.add_argument("--sets", default="all", help="names, with commas; all of them, if not given")
    parser.add_argument("--systems", default="all", help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds to fit in (60)")
    parser.add_argument("--seeds", default="0", help="of the cut and of the systems, with commas (0)")
    parser.add_argument("--results", type=Path, help="the file that results are appended to")
    parser.add_argument("--again", choices=("busy", "failed", "all"), help="replace such results; else all are kept")
    parser.add_argument("--busy", action="store_true", help="the machine does other work: mark results as not quiet")
    parser.add_argument("--beside", default="lgbm", help="the system that ours is compared with row by row (lgbm)")
    parser.add_argument("--summary-only", action="store_true", help="run nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
