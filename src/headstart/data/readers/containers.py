"""The readers of formats that tools and frameworks pack or annotate sets in; asked before those of files and folders.

Each knows its format by its bytes, in a file or in a folder, so that it is read the same inside an archive.
"""

from headstart.data.readers.annotations.class_indices import ClassIndexReader
from headstart.data.readers.annotations.coco import CocoReader
from headstart.data.readers.annotations.cvat import CvatReader
from headstart.data.readers.annotations.datumaro import DatumaroReader
from headstart.data.readers.annotations.item_files import ItemFileReader
from headstart.data.readers.annotations.label_studio import LabelStudioReader
from headstart.data.readers.annotations.teachable import TeachableReader
from headstart.data.readers.annotations.tool_exports import ToolExportReader
from headstart.data.readers.annotations.via import ViaReader
from headstart.data.readers.annotations.voc import VocReader
from headstart.data.readers.annotations.yolo import YoloReader
from headstart.data.readers.reader import Reader
from headstart.data.readers.shards.arrow_disk import ArrowDiskReader
from headstart.data.readers.shards.tfrecord import TfRecordReader
from headstart.data.readers.shards.webdataset import WebDatasetReader
from headstart.data.readers.tables.number_rows import NumberTableReader

#: The first that accepts a source reads it.
CONTAINERS: tuple[Reader, ...] = (
    WebDatasetReader(),
    TfRecordReader(),
    ArrowDiskReader(),
    LabelStudioReader(),
    CocoReader(),
    CvatReader(),
    VocReader(),
    ViaReader(),
    ItemFileReader(),
    ToolExportReader(),
    ClassIndexReader(),
    DatumaroReader(),
    YoloReader(),
    NumberTableReader(),
    TeachableReader(),
)
