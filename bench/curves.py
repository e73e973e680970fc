"""Draws curves side by side, as SVG."""
import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

MANY_LINES = 5


def draw_curves(path, panels, x_label="minutes of training", x_unit=60, logarithmic=False):
    """panels maps what is drawn, a panel's title, to rows (name, style, [[x, value], ...]).

    x_unit is how many of x's units make one of x_label: 60 seconds are a minute. Its axis may be logarithmic. A style has keywords of
    matplotlib's plot. The same panels give the same bytes.
    """
    matplotlib.rcParams["svg.hashsalt"] = "curves"
    figure, axes_of = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 4), layout="constrained", squeeze=False)
    for axes, (title, rows) in zip(axes_of[0], panels.items()):
        for name, style, points in rows:
            axes.plot([x / x_unit for x, _ in points], [value for _, value in points], label=name, **style)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel(x_label)
        if logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        if len(rows) > MANY_LINES:  # the names of many lines need room of their own
            axes.set_ylim(top=1.4 * axes.get_ylim()[1])
            axes.legend(fontsize="small", ncols=2, loc="upper right")
        else:
            axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
