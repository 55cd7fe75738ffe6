"""Data sets: found where they lie, imported, split, checked, mended and drawn."""

from engine.datasets.checking import check
from engine.datasets.dataset import DataSet, pictures
from engine.datasets.demonstration import demonstration
from engine.datasets.drawing import Labelled, Shape, labels, preview
from engine.datasets.finding import find
from engine.datasets.findings import Finding, Place, Report, SplitCounts
from engine.datasets.fixing import fixed_copy
from engine.datasets.importing import prepare
from engine.datasets.kinds import Kind, recognise
from engine.datasets.losses import Imported, imported
from engine.datasets.resplitting import resplit
from engine.datasets.splitting import split
from engine.datasets.tasks import tasks_of

__all__ = [
    "DataSet",
    "Finding",
    "Imported",
    "Kind",
    "Labelled",
    "Place",
    "Report",
    "Shape",
    "SplitCounts",
    "check",
    "demonstration",
    "find",
    "fixed_copy",
    "imported",
    "labels",
    "pictures",
    "prepare",
    "preview",
    "recognise",
    "resplit",
    "split",
    "tasks_of",
]
