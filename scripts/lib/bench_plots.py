# SPDX-License-Identifier: GPL-2.0
"""Plots of the figures of scripts/bench, as SVG."""

import matplotlib

matplotlib.use("Agg")
# Make the files reproducible.
matplotlib.rcParams["svg.hashsalt"] = "vmem"
matplotlib.rcParams["figure.figsize"] = (8, 5)

# pylint: disable=wrong-import-position
from matplotlib import pyplot  # noqa: E402

from bench_figures import PEERS  # noqa: E402
from bench_tables import UNITS, many  # noqa: E402


# Colour and marker of each peer in all plots.
STYLES = {
    "stack": ("black", "s"),
    "kmem_cache": ("dimgrey", "^"),
    "ida": ("saddlebrown", "v"),
    "idr": ("darkorange", "<"),
    "sbitmap": ("teal", ">"),
    "genalloc": ("olive", "D"),
    "iova": ("deepskyblue", "P"),
    "drm_mm": ("hotpink", "X"),
    "maple": ("slategrey", "*"),
    "vmem-ids": ("gold", "o"),
    "vmem-cached": ("red", "o"),
    "vmem": ("blue", "o"),
    "vmem-best": ("limegreen", "o"),
    "vmem-next": ("darkviolet", "o"),
}


def style(peer):
    """Draw vmem with thick lines behind the lines of the peers."""
    colour, marker = STYLES[peer]
    ours = peer.startswith("vmem")
    return {"color": colour, "marker": marker, "label": PEERS[peer],
            "linewidth": 2.5 if ours else 1.0, "markersize": 5,
            "linestyle": "-" if ours else "--",
            "zorder": 2 if ours else 3}


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
    unit = UNITS[instrument]
    finish(f"{directory}/pair-{size}-{instrument}.svg",
           f"A pair of size {size}", "others live", f"{unit}, median")


def fragmentation(figures, directory, load, name, title, xlabel, **keys):
    for peer in PEERS:
        share = [point for op in ("warming", "free") for point in
                 figures.share(load, peer, "instructions", op, **keys)]
        if share:
            pyplot.plot(*zip(*share), **{**style(peer), "marker": ""})
    if load == "trace":
        pyplot.ylim(0, 1.02)
    else:
        pyplot.yscale("log")
    finish(f"{directory}/{name}.svg", title, xlabel,
           "largest free piece / free space")


def threads(figures, directory):
    counts = figures.values("threads", instrument="threads", load="threads")
    if not counts:
        return
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
                      f"Random lifetimes, {full} % full", "frees",
                      full=full)
    fragmentation(figures, directory, "trace", "trace", "The trace", "events")
    threads(figures, directory)
