"""The picture of an experiment's result: its primary metric's interval over time, as SVG."""

from streams.services.experiment_plot.plot import svg

__all__ = ["svg"]
