# SPDX-License-Identifier: GPL-2.0
"""Plots of the figures of scripts/bench, as SVG."""

import matplotlib

matplotlib.use("Agg")
# The same figures make the same file.
matplotlib.rcParams["svg.hashsalt"] = "vmem"
matplotlib.rcParams["figure.figsize"] = (8, 5)

# pylint: disable=wrong-import-position
from matplotlib import pyplot  # noqa: E402

from bench_figures import PEERS  # noqa: E402
from bench_tables import many  # noqa: E402


def style(peer):
    """Ours with thick lines; each peer the same everywhere."""
    number = list(PEERS).index(peer)
    ours = peer.startswith("vmem")
    return {"color": pyplot.get_cmap("tab20")(number), "label": PEERS[peer],
            "linewidth": 2.5 if ours else 1.2,
            "linestyle": "-" if ours else "--",
            "marker": "o" if ours else "."}


def finish(path, title, xlabel, ylabel):
    pyplot.title(title)
    pyplot.xlabel(xlabel)
    pyplot.ylabel(ylabel)
    pyplot.grid(True, alpha=0.3)
    pyplot.legend(fontsize="small", loc="center left",
                  bbox_to_anchor=(1, 0.5))
    pyplot.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close()


def pairs(figures, directory, instrument, size):
    lives = figures.values("live", instrument=instrument, load="pair",
                           op="pair")
    for peer in PEERS:
        points = [(i, figures.get("median", instrument=instrument, load="pair",
                                  peer=peer, live=live, size=size, op="pair"))
                  for i, live in enumerate(lives)]
        points = [point for point in points if point[1] is not None]
        if points:
            pyplot.plot(*zip(*points), **style(peer))
    pyplot.yscale("log")
    pyplot.xticks(range(len(lives)), [many(live) for live in lives])
    unit = {"instructions": "instructions", "time": "ns"}[instrument]
    finish(f"{directory}/pair-{size}-{instrument}.svg",
           f"A pair of size {size}", "others live", f"{unit}, median")


def fragmentation(figures, directory, load, name, title, **keys):
    for peer in PEERS:
        share = figures.share(load, peer, "instructions", **keys)
        if share:
            pyplot.plot([i / len(share) for i in range(len(share))], share,
                        **{**style(peer), "marker": ""})
    pyplot.ylim(0, 1)
    finish(f"{directory}/{name}.svg", title, "part of the run",
           "largest free piece / free space")


def threads(figures, directory):
    counts = figures.values("threads", instrument="threads", load="threads")
    for peer in PEERS:
        rate = [figures.get("persecond", instrument="threads", load="threads",
                            peer=peer, threads=n) for n in counts]
        if rate and all(rate):
            pyplot.plot([int(n) for n in counts],
                        [value / rate[0] for value in rate], **style(peer))
    pyplot.xticks([int(n) for n in counts])
    finish(f"{directory}/threads.svg", "Threads, one a CPU (emulated)",
           "threads", "times the work of one")


def all_plots(figures, directory):
    for instrument in ("instructions", "time"):
        for size in figures.values("size", instrument=instrument,
                                   load="pair"):
            pairs(figures, directory, instrument, size)
    for full in figures.values("full", instrument="instructions",
                               load="churn"):
        fragmentation(figures, directory, "churn", f"churn-{full}",
                      f"Random lifetimes, {full} % full", full=full)
    fragmentation(figures, directory, "trace", "trace", "The trace")
    threads(figures, directory)
