"""The readers of formats that tools and frameworks pack or annotate sets in; asked before those of files and folders.

Each knows its format by its bytes, in a file or in a folder, so that it is read the same inside an archive.
"""

from headstart.data.readers.arrow_disk import ArrowDiskReader
from headstart.data.readers.coco import CocoReader
from headstart.data.readers.cvat import CvatReader
from headstart.data.readers.label_studio import LabelStudioReader
from headstart.data.readers.number_rows import NumberTableReader
from headstart.data.readers.reader import Reader
from headstart.data.readers.teachable import TeachableReader
from headstart.data.readers.tfrecord import TfRecordReader
from headstart.data.readers.voc import VocReader
from headstart.data.readers.webdataset import WebDatasetReader
from headstart.data.readers.yolo import YoloReader

#: The first that accepts a source reads it.
CONTAINERS: tuple[Reader, ...] = (
    WebDatasetReader(),
    TfRecordReader(),
    ArrowDiskReader(),
    LabelStudioReader(),
    CocoReader(),
    CvatReader(),
    VocReader(),
    YoloReader(),
    NumberTableReader(),
    TeachableReader(),
)
