"""Draws curves by minutes, side by side, as SVG."""
import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402


def draw_curves(path, panels):
    """panels maps what is drawn, a panel's title, to rows (name, style, [[seconds, value], ...]).

    A style has keywords of matplotlib's plot. The same panels give the same bytes.
    """
    matplotlib.rcParams["svg.hashsalt"] = "curves"
    figure, axes_of = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 4), layout="constrained", squeeze=False)
    for axes, (title, rows) in zip(axes_of[0], panels.items()):
        for name, style, points in rows:
            axes.plot([seconds / 60 for seconds, _ in points], [value for _, value in points], label=name, **style)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("minutes of training")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
