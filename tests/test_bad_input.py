"""Whatever a user may get wrong: one line that says what was seen, what was wanted, what to do; and nothing is touched.

Every case is a command line. Whatever happens, all that lies in the user's folders is the same before and after.
"""

import io
import json
import os
import pickle
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.cli.main import run
from headstart.data.readers.archives import unpacking

FIT = ["--out", "out"]


@dataclass
class Place:
    """Where a case happens: the current folder, which holds good photos and whatever the case adds."""

    here: Path
    model: Path  #: a good one
    patch: pytest.MonkeyPatch
    draw: Callable[..., Path]

    @property
    def good(self) -> str:
        """Photos that nothing is wrong with."""
        return str(self.draw("good", each=5))

    def write(self, name: str, content: str | bytes = b"") -> str:
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def photo(self, name: str, seed: int = 0) -> str:
        pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        return self.write(name, out.getvalue())

    def table(self, text: str, name: str = "table.csv") -> list[str]:
        """A fit on a table beside three photos of each of two classes: a0.png .. b2.png."""
        for number in range(3):
            self.photo(f"a{number}.png", number)
            self.photo(f"b{number}.png", 10 + number)
        return ["fit", self.write(name, text), *FIT]

    def arrays(self, **arrays: Any) -> list[str]:
        np.savez(self.here / "arrays.npz", **arrays)
        return ["fit", "arrays.npz", *FIT]

    def toml(self, text: str) -> list[str]:
        return ["fit", self.good, "--config", self.write("settings.toml", text), *FIT]

    def zipped(self, *members: tuple[str, bytes], name: str = "photos.zip") -> list[str]:
        with zipfile.ZipFile(self.here / name, "w", zipfile.ZIP_DEFLATED) as out:
            for member, content in members:
                out.writestr(member, content)
        return ["fit", name, *FIT]

    def changed_model(self, change: Callable[[dict[str, Any]], object]) -> str:
        """A copy of the good model whose ``model.json`` is changed."""
        shutil.copytree(self.model, self.here / "model")
        record = json.loads((self.here / "model/model.json").read_text("utf-8"))
        change(record)
        return str(Path(self.write("model/model.json", json.dumps(record))).parent)

    def checkpoint(self, content: Any, architecture: str = "resnet18") -> list[str]:
        import torch

        torch.save(content, self.here / "weights.pth")
        return self.fit_with(f"timm:{architecture}@weights.pth")

    def fit_with(self, backbone: str) -> list[str]:
        return ["fit", self.good, "--backbone", backbone, *FIT]


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Place], list[str]]  #: gives the command line
    says: str  #: the line on standard error, after "headstart: "; a regular expression for all of it
    code: int = 2
    prints: bool = field(default=False)  #: whether something belongs on standard output


def snapshot(folder: Path) -> dict[str, str | bytes]:
    """Every file, folder and link under a folder, and what is in it."""
    seen: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        seen[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
    return seen


# --- photos: folders -------------------------------------------------------------------------------------------------


def one_class(place: Place) -> list[str]:
    return ["fit", str(place.draw("one", classes=("checks",), each=5)), *FIT]


def a_class_without_usable_photos(place: Place) -> list[str]:
    folder = place.draw("some", each=4)
    place.write("some/weeds/a.jpg", "this is text")
    place.write("some/weeds/b.jpg", b"")
    return ["fit", str(folder), *FIT]


def too_few(place: Place) -> list[str]:
    folder = place.draw("few", each=4)
    place.photo("few/rare/1.png")
    return ["fit", str(folder), *FIT]


def found_broken_while_decoding(place: Place) -> list[str]:
    """Headers are fine, so that only decoding finds that one class is nothing but stumps of photos."""
    folder = place.draw("stumps", each=4)
    for photo in sorted((folder / "discs").iterdir()):
        photo.write_bytes(photo.read_bytes()[:700])
    return ["fit", str(folder), *FIT]


def two_folders_for_one_part(place: Place) -> list[str]:
    for part in ("train", "val", "Validation"):
        place.draw(f"parts/{part}", each=2)
    return ["fit", "parts", *FIT]


def parts_and_classes_mixed(place: Place) -> list[str]:
    for part in ("train", "test"):
        place.draw(f"mixed/{part}", each=2)
    place.photo("mixed/other/1.png")
    return ["fit", "mixed", *FIT]


def parts_without_classes(place: Place) -> list[str]:
    for part in ("train", "test"):
        place.photo(f"flat/{part}/1.png")
    return ["fit", "flat", *FIT]


def labels_contradict(place: Place) -> list[str]:
    """Every photo of one class is also there under another label."""
    folder = place.draw("twice", classes=("checks", "discs"), each=4)
    shutil.copytree(folder / "discs", folder / "dots")
    return ["fit", str(folder), *FIT]


def table_beside_photos(place: Place) -> list[str]:
    place.photo("flat/1.png")
    place.write("flat/labels.csv", "path,label\n1.png,a\n")
    return ["fit", "flat", *FIT]


FOLDERS = [
    Case("no such path", lambda place: ["fit", "nowhere", *FIT], r"'nowhere' does not exist; .*check the path"),
    Case("no path at all", lambda place: ["fit"], r'Command "fit" parameter SOURCE requires an argument; see .*'),
    Case(
        "an empty folder",
        lambda place: ["fit", str((place.here / "empty").mkdir() or "empty"), *FIT],
        r"'empty' has no class with photos; wanted a folder per class.*",
    ),
    Case("one class", one_class, r"'.*one' has only one class, 'checks'; wanted two or more; add photos of .*"),
    Case(
        "a class without a usable photo",
        a_class_without_usable_photos,
        r"class 'weeds' has no usable photo \(skipped: 1 not an image in a known format, 1 zero bytes: .*\); add .*",
    ),
    Case("too few of a class", too_few, r"class 'rare' has 1 usable photo; wanted 3 at least, one .*"),
    Case(
        "a class that does not decode",
        found_broken_while_decoding,
        r"class 'discs' has no usable photo \(skipped: .*truncated.*\); add photos or remove it; --min-.*",
    ),
    Case(
        "two folders for one part",
        two_folders_for_one_part,
        r"'parts' has two folders for validation: 'Validation' and 'val'; merge them",
    ),
    Case(
        "parts and classes",
        parts_and_classes_mixed,
        r"'mixed' has part folders .* to leave 'other' out, add --classes-from folder; .*",
    ),
    Case(
        "parts without classes", parts_without_classes, r"'flat' has the parts 'test', 'train' but no class folders.*"
    ),
    Case(
        "labels that contradict each other",
        labels_contradict,
        r"class 'discs' has no usable photo \(skipped: 1 the same bytes as .*labelled 'dots'.*",
    ),
    Case(
        "a table in the folder",
        table_beside_photos,
        r"'flat' has no two class folders but 'labels.csv'; .* name the file: flat/labels.csv",
    ),
    Case(
        "a file of another kind",
        lambda place: ["fit", place.write("photos.docx", "text"), *FIT],
        r"'photos.docx' is a file of no kind that is read; wanted a folder or a file ending in \.csv, .*",
    ),
    Case(
        "a photo instead of photos",
        lambda place: ["fit", place.photo("one.png"), *FIT],
        r"'one.png' is one photo; wanted a folder, a table or an archive of labelled photos",
    ),
    Case(
        "two sources",
        lambda place: ["fit", place.good, "more", *FIT],
        r"'more' is one argument too many; see headstart fit --help",
    ),
]

# --- photos: tables --------------------------------------------------------------------------------------------------

ROWS = "a0.png,a\na1.png,a\na2.png,a\nb0.png,b\nb1.png,b\n"


def parquet_that_is_none(place: Place) -> list[str]:
    pytest.importorskip("pyarrow")
    return ["fit", place.write("table.parquet", "path,label\n"), *FIT]


TABLES = [
    Case(
        "an empty table", lambda place: place.table(""), r"table 'table.csv' is empty; wanted a header with path and .*"
    ),
    Case(
        "a header alone", lambda place: place.table("path,label\n"), r"'table.csv' has no class with photos; wanted .*"
    ),
    Case(
        "no label column",
        lambda place: place.table("file,colour\na0.png,a\n"),
        r"table 'table.csv' has the columns 'file', 'colour' and none for label; (column .*; )?name .*",
    ),
    Case(
        "not UTF-8",
        lambda place: ["fit", place.write("table.csv", "path,label\nä.png,ä\n".encode("latin-1")), *FIT],
        r"table 'table.csv' has text that is not UTF-8 \('\\\\xe4.png,\\\\xe4'\); say which it is with --encoding",
    ),
    Case(
        "photos that are not there",
        lambda place: place.table("path,label\nx.png,a\ny.png,a\nz.png,b\n"),
        r"none of the 3 rows of 'table.csv' is a usable photo \(skipped: 3 missing file\), such as 'x.png'",
    ),
    Case(
        "empty labels",
        lambda place: place.table("path,label\na0.png,\na1.png,\n"),
        r"'table.csv' has no class with photos \(skipped: 2 empty label\); wanted .*",
    ),
    Case(
        "the same row again and again",
        lambda place: place.table("path,label\n" + ROWS + "b0.png,b\nb0.png,b\n"),
        r"class 'b' has 2 usable photos; wanted 3 at least, .*",
    ),
    Case(
        "a half-empty split column",
        lambda place: place.table("path,label,split\na0.png,a,train\na1.png,a,\nb0.png,b,test\n"),
        r"table 'table.csv': 1 of 3 rows have no split; fill the split column in every row, or drop it .*",
    ),
    Case(
        "an unknown part",
        lambda place: place.table("path,label,split\na0.png,a,train\nb0.png,b,elsewhere\n"),
        r"table 'table.csv': the split column says 'elsewhere'; wanted train, val .*",
    ),
    Case(
        "parts without train",
        lambda place: place.table("path,label,split\na0.png,a,val\nb0.png,b,test\n"),
        r"table 'table.csv': the parts validation and test are given without train; name the third one train",
    ),
    Case(
        "a class that train lacks",
        lambda place: place.table(
            "path,label,split\na0.png,a,train\na1.png,a,train\na2.png,a,test\nb0.png,b,test\nb1.png,b,val\n"
        ),
        r"class 'b' has no usable photo in train; wanted one at least; move some there",
    ),
    Case(
        "one group for a whole class",
        lambda place: place.table(
            "path,label,group\na0.png,a,1\na1.png,a,1\na2.png,a,1\nb0.png,b,2\nb1.png,b,3\nb2.png,b,4\n"
        ),
        r"class 'a' has 1 group of photos that must stay together, and none for .*; wanted one group at least in .*",
    ),
    Case(
        "null bytes",
        lambda place: place.table("path,label\na0\x00.png,a\n" + ROWS),
        r"(table 'table.csv' cannot be read: .*|class 'b' has 2 usable photos; .*)",
    ),
    Case("no Parquet file", parquet_that_is_none, r"table 'table.parquet' is not a Parquet file: .*; re-export it"),
]

# --- photos: archives and arrays -------------------------------------------------------------------------------------


def cut_zip(place: Place) -> list[str]:
    command = place.zipped(("a/1.png", os.urandom(5000)))
    content = (place.here / "photos.zip").read_bytes()
    place.write("photos.zip", content[:2000])
    return command


def bomb(place: Place) -> list[str]:
    place.patch.setattr(unpacking, "RATIO_FROM", 1_000_000)
    place.patch.setattr(unpacking, "MAX_RATIO", 100)
    return place.zipped(("a/zeros.bin", bytes(3_000_000)))


def too_many(place: Place) -> list[str]:
    place.patch.setattr(unpacking, "MAX_MEMBERS", 3)
    return place.zipped(*((f"a/{number}.png", b"x") for number in range(5)))


def tar_with(place: Place, kind: bytes, target: str) -> list[str]:
    member = tarfile.TarInfo("a/link.png")
    member.type, member.linkname = kind, target
    with tarfile.open(place.here / "photos.tar.gz", "w:gz") as out:
        out.addfile(member)
    return ["fit", "photos.tar.gz", *FIT]


def locked_zip(place: Place) -> list[str]:
    command = place.zipped(("a/1.png", b"x"))
    content = bytearray((place.here / "photos.zip").read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # says that it is encrypted
    place.write("photos.zip", bytes(content))
    return command


def npz_with_code(place: Place) -> list[str]:
    return place.arrays(images=np.array([{"a": 1}, None], object), labels=np.array([0, 1]))


GREY = np.zeros((6, 8, 8), np.uint8)

ARCHIVES = [
    Case(
        "a zip that is none",
        lambda place: ["fit", place.write("a.zip", "hello"), *FIT],
        r"archive 'a.zip' is damaged.*",
    ),
    Case("a zip cut short", cut_zip, r"archive 'photos.zip' is damaged: .*; fetch or pack it again"),
    Case(
        "a tar that is none",
        lambda place: ["fit", place.write("a.tgz", "hello"), *FIT],
        r"archive 'a.tgz' is damaged: file could not be opened successfully; fetch or pack it again",
    ),
    Case(
        "a zip that climbs out",
        lambda place: place.zipped(("../../evil.png", b"x")),
        r"archive 'photos.zip' is refused: '../../evil.png' would leave the folder .*; unpack it yourself if you .*",
    ),
    Case(
        "an absolute path in a zip",
        lambda place: place.zipped(("/evil.png", b"x")),
        r"archive 'photos.zip' is refused: '/evil.png' would leave .*",
    ),
    Case(
        "a bomb", bomb, r"archive 'photos.zip' is refused: 'a/zeros.bin' unpacks to 3 MB from .*, as a bomb would; .*"
    ),
    Case("too many members", too_many, r"archive 'photos.zip' is refused: it has more than 3 members; .*"),
    Case("an encrypted zip", locked_zip, r"archive 'photos.zip' is refused: 'a/1.png' is encrypted; .*"),
    Case(
        "a link out of a tar",
        lambda place: tar_with(place, tarfile.SYMTYPE, "/etc/hostname"),
        r"archive 'photos.tar.gz' is refused: 'a/link.png' is a link or a device; wanted files and folders only; .*",
    ),
    Case(
        "a device in a tar",
        lambda place: tar_with(place, tarfile.CHRTYPE, ""),
        r"archive 'photos.tar.gz' is refused: 'a/link.png' is a link or a device; .*",
    ),
    Case("an empty zip", lambda place: place.zipped(), r"'photos.zip' has no class with photos; wanted .*"),
    Case(
        "pickled objects in npz",
        npz_with_code,
        r"'arrays.npz' cannot be read as arrays: an array of objects that are not all .*",
    ),
    Case(
        "an npz that is none",
        lambda place: ["fit", place.write("arrays.npz", "hello"), *FIT],
        r"'arrays.npz' cannot be read as arrays: .*; save it with numpy.savez\(images=.*\), without objects",
    ),
    Case(
        "arrays of other names",
        lambda place: place.arrays(first=GREY, second=np.arange(4)),
        r"'arrays.npz' has the arrays 'first' .*, 'second' .*; wanted images and labels .*",
    ),
    Case(
        "images of a wrong shape",
        lambda place: place.arrays(images=np.zeros((6, 65), np.uint8), labels=np.arange(6)),
        r"'arrays.npz': images has shape \(6, 65\); wanted \(N, H, W\) or \(N, H, W, channels\), uint8.*",
    ),
    Case(
        "float images",
        lambda place: place.arrays(images=np.full((6, 8, 8), 7, np.float32), labels=np.arange(6)),
        r"'arrays.npz': 'images' has whole numbers of 7 to 7 \(float32\), .*; wanted 0 to 255, .*x \* \(255 / .*",
    ),
    Case(
        "fewer labels than images",
        lambda place: place.arrays(images=GREY, labels=np.arange(4)),
        r"'arrays.npz': 6 images and 4 labels; wanted one label for each",
    ),
    Case(
        "an infinite label",
        lambda place: place.arrays(images=GREY, labels=np.array([0.5, 1, 2, np.inf, 4, 5])),
        r"'arrays.npz': the labels have an infinite value in row 3",
    ),
    Case(
        "labels of three axes",
        lambda place: place.arrays(images=GREY, labels=np.zeros((6, 2, 2))),
        r"'arrays.npz': the labels have shape \(6, 2, 2\) and type float64; wanted \(N,\) of integers or text.*",
    ),
]

# --- settings --------------------------------------------------------------------------------------------------------


def out_is_a_file(place: Place) -> list[str]:
    return ["fit", place.good, "--out", place.write("out", "mine")]


def out_under_a_file(place: Place) -> list[str]:
    return ["fit", place.good, "--out", place.write("notes.txt", "mine") + "/run"]


def out_has_other_things(place: Place) -> list[str]:
    place.write("out/thesis.tex", "mine")
    return ["fit", place.good, *FIT]


def out_is_finished(place: Place) -> list[str]:
    shutil.copytree(place.model.parent, place.here / "out")
    return ["fit", place.good, *FIT]


def split_from_other_things(place: Place) -> list[str]:
    return ["fit", place.good, "--split-from", place.write("split.json", '{"schema_version": 1, "subsets": []}'), *FIT]


def with_(*flags: str) -> Callable[[Place], list[str]]:
    return lambda place: ["fit", place.good, *flags, *FIT]


SETTINGS = [
    Case("no such verb", lambda place: ["train", "photos"], r'Unknown command "train". Avail.*; see headstart --help'),
    Case("no such flag", with_("--learning-rate", "1"), r"Unknown option: --learning-rate.*; see headstart fit --help"),
    Case(
        "a flag almost right", with_("--sead", "1"), r"Unknown option: --sead. Did you mean --seed\?; see headstart .*"
    ),
    Case(
        "an option that has to be given",
        lambda place: ["features", "photos"],
        r"--out is missing; see headstart features --help",
    ),
    Case("a flag without its value", with_("--seed"), r'Command "fit" parameter --seed requires an argument; see .*'),
    Case(
        "a seed that is no number",
        with_("--seed", "lucky"),
        r"seed is 'lucky'; wanted a valid integer; see headstart fit --help",
    ),
    Case("a negative seed", with_("--seed=-1"), r"seed is '-1'; wanted greater than or equal to 0; see .*"),
    Case("a share above one", with_("--test-share", "1.5"), r"test_share is '1.5'; wanted less than 0\.9; see .*"),
    Case(
        "a share that is no number",
        with_("--test-share", "nan"),
        r"test_share is 'nan'; wanted a finite number; see .*",
    ),
    Case("C without an end", with_("--c-high", "inf"), r"c_high is 'inf'; wanted a finite number; see .*"),
    Case(
        "shares that leave nothing",
        with_("--test-share", "0.6", "--validation-share", "0.5"),
        r"test_share 0\.6 and validation_share 0\.5 leave less than 5 % to train on; make them smaller",
    ),
    Case(
        "several wrong flags",
        with_("--folds", "1", "--workers=-2"),
        r"(?=.*folds is '1'; wanted greater than)(?=.*; also: )(?=.*workers is '-2'; wanted greater than).*; see .*",
    ),
    Case("C upside down", with_("--c-low", "10", "--c-high", "1"), r"c_low 10 is above c_high 1; swap them"),
    Case(
        "an unknown head",
        with_("--head", "logstic"),
        r"unknown head 'logstic'; did you mean 'logistic'\? Known: logistic, lda, ridge, mlp, auto; see .*",
    ),
    Case(
        "an unknown strategy",
        with_("--strategy", "linear"),
        r"unknown strategy 'linear'; did you mean 'linear-probe'\?.*",
    ),
    Case(
        "an unknown precision", with_("--precision", "f16"), r"unknown precision 'f16'; did you mean 'bf16'\? Known: .*"
    ),
    Case(
        "an unknown engine",
        with_("--engine", "tvm"),
        r"unknown engine 'tvm'; known: auto, openvino, onnxruntime, pytorch; see .*",
    ),
    Case(
        "a budget without a unit",
        with_("--budget", "10"),
        r"budget '10' is not a time; wanted a number and s, m or h, such as 90s, 10m or 2h",
    ),
    Case("a budget below nothing", with_("--budget=-3m"), r"budget '-3m' has to be above 0; wanted a number and s, .*"),
    Case("the same as a word of its own", with_("--budget", "-3m"), r"budget '-3m' has to be above 0; wanted .*"),
    Case("out is a file", out_is_a_file, r"out 'out' is a file; wanted a folder that is new or empty; name another"),
    Case("out lies under a file", out_under_a_file, r"out 'notes.txt/run' cannot be made: 'notes.txt' is a file; .*"),
    Case(
        "out holds other things",
        out_has_other_things,
        r"out 'out' holds other things \('thesis.tex'\); wanted a new or empty folder; name another",
    ),
    Case("out is a finished run", out_is_finished, r"out 'out' already holds a finished run, which is never .*"),
    Case(
        "no run to split from",
        with_("--split-from", "nowhere"),
        r"split 'nowhere' cannot be read: No .*; name a run's folder .*",
    ),
    Case("a split that is none", split_from_other_things, r"'split.json' is not a split; name a run's .*"),
    Case(
        "a store that is a file",
        lambda place: ["fit", place.good, "--store", place.write("store", "mine"), *FIT],
        r"store 'store' is a file; wanted a folder; choose another with --store or HEADSTART_STORE",
    ),
    Case(
        "no such settings file",
        with_("--config", "nowhere.toml"),
        r"settings file 'nowhere.toml' cannot be read: No such file or directory; check the path",
    ),
    Case("not TOML", lambda place: place.toml("seed = = 1"), r"settings file 'settings.toml' is not TOML: .*line 1.*"),
    Case(
        "an unknown setting",
        lambda place: place.toml("haed = 'lda'"),
        r"unknown setting 'haed'; did you mean 'head'\? .*",
    ),
    Case(
        "a setting of another type",
        lambda place: place.toml("seed = 'lucky'"),
        r"seed is 'lucky'; wanted a valid integer",
    ),
    Case("a budget without quotes", lambda place: place.toml("budget = 10"), r"budget '10' is not a time; .*"),
    Case(
        "several wrong settings",
        lambda place: place.toml("folds = 1\nhead = 'svm'"),
        r"(?=.*unknown head 'svm'; known: logistic, )(?=.*; also: )(?=.*folds is 1; wanted greater than).*",
    ),
    Case("a table in TOML", lambda place: place.toml("[fit]\nseed = 1"), r"unknown setting 'fit'; .*[Kk]nown: .*"),
]

# --- backbones -------------------------------------------------------------------------------------------------------


class _Bad:
    """Its pickle makes a file where it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch pickled-code-ran",))


def pickled_code(place: Place) -> list[str]:
    place.write("weights.pth", pickle.dumps(_Bad()))
    return place.fit_with("timm:resnet18@weights.pth")


def weights_of(architecture: str, spoil: bool = False) -> Any:
    import timm

    state = timm.create_model(architecture, pretrained=False).state_dict()
    if spoil:
        state["conv1.weight"][0, 0, 0, 0] = float("nan")
    return state


BACKBONES = [
    Case(
        "an unknown backbone",
        lambda place: place.fit_with("efficientnet_lite5"),
        r"unknown backbone 'efficientnet_lite5'; did you mean 'efficientnet_lite\d'.*\? Known: .*, timm:NAME .*",
    ),
    Case(
        "timm without a name",
        lambda place: place.fit_with("timm:"),
        r"backbone 'timm:' names no architecture; wanted timm:NAME, such as .*",
    ),
    Case(
        "an architecture that timm lacks",
        lambda place: place.fit_with("timm:resnt18"),
        r"timm has no architecture 'resnt18'; did you mean resnet18.*\? headstart models .*",
    ),
    Case(
        "an unknown tag",
        lambda place: place.fit_with("timm:resnet18.nobody_in1k"),
        r"timm has no pretrained weights named 'nobody_in1k' for resnet18; there are: resnet18.*",
    ),
    Case(
        "no hub",
        lambda place: place.fit_with("timm:resnet18.a1_in1k"),
        r"the weights of timm:resnet18.a1_in1k could not be fetched from the hub .*; connect once, or use .*",
    ),
    Case(
        "no such checkpoint",
        lambda place: place.fit_with("timm:resnet18@nowhere.pth"),
        r"checkpoint 'nowhere.pth' is not there; check the path after '@'",
    ),
    Case(
        "a checkpoint of another kind",
        lambda place: place.fit_with("timm:resnet18@" + place.write("weights.h5", "x")),
        r"checkpoint 'weights.h5' ends in '.h5'; wanted one of .safetensors, .pth, .pt",
    ),
    Case(
        "a checkpoint that is none",
        lambda place: place.fit_with("timm:resnet18@" + place.write("weights.pth", "hello")),
        r"checkpoint 'weights.pth' cannot be read safely \(.*\); wanted a state dict saved as .*",
    ),
    Case(
        "a list instead of a state dict",
        lambda place: place.checkpoint([1, 2, 3]),
        r"checkpoint 'weights.pth' holds no state dict; save model.state_dict\(\) and use that",
    ),
    Case("code in a checkpoint", pickled_code, r"checkpoint 'weights.pth' cannot be read safely \(.*\); wanted .*"),
    Case(
        "damaged safetensors",
        lambda place: place.fit_with("timm:resnet18@" + place.write("weights.safetensors", b"\x00" * 64)),
        r"checkpoint 'weights.safetensors' cannot be read safely \(.*\); wanted .*",
    ),
    Case(
        "weights of another architecture",
        lambda place: place.checkpoint(weights_of("mobilenetv3_small_050")),
        r"the weights in 'weights.pth' do not fit resnet18: \d+ of \d+ tensors missing, .*; name the architecture .*",
    ),
    Case(
        "weights that are not finite",
        lambda place: place.checkpoint(weights_of("resnet18", spoil=True)),
        r"the weights in 'weights.pth' are not finite in conv1.weight; use another checkpoint",
    ),
]

# --- a saved classifier ----------------------------------------------------------------------------------------------


def with_model(*flags: str) -> Callable[[Place], list[str]]:
    return lambda place: ["predict", str(place.model), place.photo("one.png"), *flags]


def damaged(file: str) -> Callable[[Place], list[str]]:
    def make(place: Place) -> list[str]:
        shutil.copytree(place.model, place.here / "model")
        content = bytearray((place.here / "model" / file).read_bytes())
        content[len(content) // 2] ^= 1
        place.write(f"model/{file}", bytes(content))
        return ["predict", "model", place.photo("one.png")]

    return make


def without(file: str) -> Callable[[Place], list[str]]:
    def make(place: Place) -> list[str]:
        shutil.copytree(place.model, place.here / "model")
        (place.here / "model" / file).unlink()
        return ["predict", "model", place.photo("one.png")]

    return make


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Place], list[str]]:
    return lambda place: ["predict", place.changed_model(change), place.photo("one.png")]


def model_json_says(text: str) -> Callable[[Place], list[str]]:
    return lambda place: ["predict", str(Path(place.write("model/model.json", text)).parent), place.photo("one.png")]


def unknown_class(place: Place) -> list[str]:
    return ["evaluate", str(place.model), str(place.draw("other", classes=("checks", "squares"), each=2))]


CLASSIFIERS = [
    Case(
        "no model",
        lambda place: ["predict", "nowhere", place.photo("one.png")],
        r"'nowhere' is not a saved classifier: no such folder; give a run's folder or its model/, such as .*",
    ),
    Case(
        "a folder that is no model",
        lambda place: ["predict", place.good, place.photo("one.png")],
        r"'.*good' is not a saved classifier: no model.json in it; give a run's folder or its model/, such as .*",
    ),
    Case("a damaged graph", damaged("model.onnx"), r"'model/model.onnx' is not the file that was saved \(SHA-256 .*"),
    Case("a damaged head", damaged("head.safetensors"), r"'model/head.safetensors' is not the file that was saved .*"),
    Case("no graph", without("model.onnx"), r"'model/model.onnx' cannot be read: No such file .*; copy the whole .*"),
    Case(
        "model.json that is no JSON", model_json_says("{"), r"'model/model.json' cannot be read: not JSON .*; copy .*"
    ),
    Case(
        "model.json that is a list", model_json_says("[]"), r"'model/model.json' is no record of a classifier; copy .*"
    ),
    Case(
        "a model of another schema",
        changed(lambda record: record.update(schema_version=99)),
        r"'model/model.json' has schema version 99, this headstart reads 1; open .*",
    ),
    Case(
        "model.json without classes",
        changed(lambda record: record.pop("space")),
        r"'model/model.json' is incomplete.*",
    ),
    Case(
        "model.json with more keys",
        changed(lambda record: record.update(extra=1)),
        r"'model/model.json' is incomplete: missing or unknown: extra; copy .*",
    ),
    Case(
        "model.json with a number for classes",
        changed(lambda record: record.update(space=3)),
        r"'model/model.json' is incomplete: .*; copy the whole model folder again",
    ),
    Case("two forms of output", with_model("--json", "--csv"), r"--json and --csv were both given; choose one"),
    Case("top of nothing", with_model("--top", "0"), r"top is 0; wanted 1 or more"),
    Case(
        "top that is no number",
        with_model("--top", "all"),
        r'Invalid value for --top: unable to convert "all" into int; see headstart predict --help',
    ),
    Case(
        "no such flag of predict",
        with_model("--tpo", "3"),
        r"unknown option '--tpo'; a file of that name is given as ./--tpo; see headstart predict --help",
    ),
    Case(
        "a model without photos",
        lambda place: ["predict", str(place.model)],
        r"nothing to predict is given; name files of photos, or give - for a list on standard input",
    ),
    Case(
        "a photo that is not there",
        lambda place: ["predict", str(place.model), place.photo("one.png"), "nowhere.jpg"],
        r"1 of 2 photos could not be read; their rows say why",
        prints=True,
    ),
    Case(
        "a photo that is none",
        lambda place: ["predict", str(place.model), place.write("text.jpg", "hello"), place.photo("one.png"), "--csv"],
        r"1 of 2 photos could not be read; their rows say why",
        prints=True,
    ),
    Case(
        "a folder without photos",
        lambda place: ["predict", str(place.model), str(Path(place.write("empty/notes.txt")).parent)],
        r"no photos found in empty \(1 other files, such as 'empty/notes.txt'\); give files, or folders with .*",
    ),
    Case(
        "a class that the model does not know",
        unknown_class,
        r".*other has classes that the classifier does not know \(squares\); wanted photos of checks, .*, in .*",
    ),
    Case(
        "nothing to evaluate on",
        lambda place: ["evaluate", str(place.model), str((place.here / "empty").mkdir() or "empty")],
        r"empty has no photos.*; wanted photos of checks, discs, stripes, in .*",
    ),
    Case(
        "evaluating on what is not there",
        lambda place: ["evaluate", str(place.model), "nowhere"],
        r"'nowhere' does not exist; .*check the path",
    ),
]

# --- the store and the list of models --------------------------------------------------------------------------------


def newer_store(place: Place) -> list[str]:
    (place.here / "store").mkdir()
    connection = sqlite3.connect(place.here / "store/index.sqlite3")
    connection.executescript("CREATE TABLE t (x); PRAGMA application_id = 0x48535354; PRAGMA user_version = 99;")
    connection.close()
    place.write("store/index.lock")
    (place.here / "store/shards").mkdir()
    return ["cache", "--store", "store"]


def anothers_index(place: Place) -> list[str]:
    (place.here / "store").mkdir()
    connection = sqlite3.connect(place.here / "store/index.sqlite3")
    connection.executescript("CREATE TABLE recipes (name TEXT);")
    connection.close()
    place.write("store/index.lock")
    (place.here / "store/shards").mkdir()
    return ["cache", "--store", "store"]


STORES = [
    Case(
        "a size below nothing",
        lambda place: ["cache", "--prune-to", "-1GB"],
        r"size '-1GB' must not be below 0; wanted a number and a unit, such as 500MB or 2GB",
    ),
    Case(
        "a size without a unit", lambda place: ["cache", "--prune-to", "5"], r"size '5' is not one; wanted a number .*"
    ),
    Case("a size that is no number", lambda place: ["cache", "--prune-to", "muchGB"], r"size 'muchGB' is not one; .*"),
    Case(
        "a cache that is a file",
        lambda place: ["cache", "--store", place.write("store", "mine")],
        r"store 'store' is a file; wanted a folder; choose another with --store or HEADSTART_STORE",
    ),
    Case(
        "a store under a file",
        lambda place: ["cache", "--store", place.write("notes.txt", "mine") + "/store"],
        r"the store notes.txt/store cannot be made or written: Not a directory; choose another folder with --store .*",
        code=1,
    ),
    Case(
        "a store of a later headstart",
        newer_store,
        r"the store store was written by a newer headstart \(schema 99, this one reads 1\); upgrade headstart or .*",
        code=1,
    ),
    Case("somebody else's index", anothers_index, r"store/index.sqlite3 is not an index of headstart; .*", code=1),
    Case("no such model", lambda place: ["models", "nosuchnet"], r"no backbone matches 'nosuchnet'; try part of a .*"),
    Case(
        "checking what is not there",
        lambda place: ["check", "nowhere"],
        r"'nowhere' does not exist; wanted a folder, a table, an archive or .npz; check the path",
    ),
]

CASES = [*FOLDERS, *TABLES, *ARCHIVES, *SETTINGS, *BACKBONES, *CLASSIFIERS, *STORES]


@pytest.fixture
def place(tmp_path, warm, photos, monkeypatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, warm.run / "model", monkeypatch, photos)


def judge(case: Case, code: int, out: str, errors: str) -> None:
    lines = errors.splitlines()
    assert lines
    assert re.fullmatch(f"headstart: {case.says}", lines[-1]), lines[-1]
    assert sum(line.startswith("headstart: ") for line in lines) == 1
    assert "Traceback" not in errors
    assert code == case.code
    assert bool(out) is case.prints


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_bad_input(case: Case, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = case.make(place)
    before = snapshot(place.here)
    code = run(arguments)
    judge(case, code, *capsys.readouterr())
    assert snapshot(place.here) == before


@pytest.mark.parametrize("name", ["no such path", "a seed that is no number", "a photo that is none", "one class"])
def test_in_a_process_of_its_own(name: str, place: Place) -> None:
    (case,) = [case for case in CASES if case.name == name]
    arguments = case.make(place)
    before = snapshot(place.here)
    command = [sys.executable, "-m", "headstart.cli.main", *arguments]
    done = subprocess.run(command, cwd=place.here, capture_output=True, text=True, check=False)
    judge(case, done.returncode, done.stdout, done.stderr)
    assert snapshot(place.here) == before


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 45
    assert len({case.name for case in CASES}) == len(CASES)
