"""Exports of a session: each reads the store and writes one file or one folder."""

from engine.export.coco import export_coco
from engine.export.csv_table import export_csv
from engine.export.excel import export_excel
from engine.export.labelme import export_labelme
from engine.export.yolo import export_yolo

__all__ = ["export_coco", "export_csv", "export_excel", "export_labelme", "export_yolo"]
