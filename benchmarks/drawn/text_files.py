"""Texts in files of their own, in archives and in the formats of libraries."""

import io
import tarfile
import zipfile
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos
from drawn.sentences import Row, draw_sentences, rows_to_quoted

GROUPS = ("alt.atheism", "rec.autos", "sci.space")
NEWS = ("sea", "wood", "town")


def _lay_texts(desk: Desk, pattern: str, rows: list[Row], subset: str = "", encoding: str = "utf-8") -> None:
    """Write each text as a file of its own and note its truth."""
    for place, (text, label) in enumerate(rows):
        content = text.encode(encoding)
        desk.write(pattern.format(label=label, place=place), content)
        desk.claim(content, label, subset)


@add_layout(
    "`20news/alt.atheism/49960`, mails without an ending in a folder for each group", "the folders are the classes"
)
def twenty_newsgroups(desk: Desk) -> Path:
    drawn = draw_sentences(GROUPS)
    mails = [(f"From: a@b.edu\nSubject: Re: {at}\n\n{text}\n> so\n", label) for at, (text, label) in enumerate(drawn)]
    _lay_texts(desk, "{label}/{place}", mails)
    return desk.root


@add_layout("`aclImdb/train/pos/0_9.txt`, `test/neg/...`, `imdb.vocab`, `labeledBow.feat`", "two parts, two classes")
def acl_imdb(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        _lay_texts(desk, part + "/{label}/{place}_7.txt", draw_sentences(("pos", "neg"), 12, seed=seed), part)
        desk.write(f"{part}/urls_pos.txt", "http://www.imdb.com/title/tt0453418/usercomments\n" * 12)
        desk.write(f"{part}/labeledBow.feat", "9 0:9 1:1 2:4\n")
    desk.write("imdb.vocab", "the\nand\na\n")
    desk.write("README", "Large Movie Review Dataset v1.0\n")
    return desk.root


@add_layout("`bbc/business/001.txt` in Latin-1", "the folders are the classes")
def bbc_news(desk: Desk) -> Path:
    rows = [
        (f"{text}\n\nIt cost £{at}m – a café's naïve façade", label)
        for at, (text, label) in enumerate(draw_sentences(NEWS))
    ]
    _lay_texts(desk, "{label}/{place:03}.txt", rows, encoding="cp1252")
    return desk.root


@add_layout("`texts.zip` of folders of `.txt` files", "the folders are the classes")
def zip_of_texts(desk: Desk) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for place, (text, label) in enumerate(draw_sentences(NEWS)):
            archive.writestr(f"texts/{label}/{place}.txt", text)
            desk.claim(text.encode(), label)
    return desk.write("texts.zip", content.getvalue())


@add_layout("`reviews.zip` with `reviews.csv` in it", "the table")
def zip_of_a_table(desk: Desk) -> Path:
    content = io.BytesIO()
    rows = draw_sentences(NEWS)
    for text, label in rows:
        desk.claim(text.encode(), label)
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("reviews.csv", rows_to_quoted([("text", "label"), *rows]))
    return desk.write("reviews.zip", content.getvalue())


@add_layout("`train.ft.txt` with lines `__label__2 text` (fastText)", "the labels before the texts")
def fasttext_lines(desk: Desk) -> Path:
    rows = draw_sentences(("1", "2"), 14)
    for text, label in rows:
        desk.claim(text.encode(), label)
    return desk.write("train.ft.txt", "".join(f"__label__{label} {text}\n" for text, label in rows))


@add_layout(
    "`data/train-00000-of-00001.parquet` and `test-...`: `text`, `label` as numbers with names (hub)",
    "texts, names, parts",
    module="pyarrow",
)
def parquet_of_the_hub(desk: Desk) -> Path:
    import json

    import pyarrow
    from pyarrow import parquet

    feature = {"label": {"names": list(NEWS), "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    metadata = {"huggingface": json.dumps({"info": {"features": feature}})}
    for seed, part in enumerate(("train", "test")):
        rows = draw_sentences(NEWS, 10, seed=seed)
        for text, label in rows:
            desk.claim(text.encode(), label, part)
        columns = {"text": [text for text, _ in rows], "label": [NEWS.index(label) for _, label in rows]}
        path = desk.write(f"data/{part}-00000-of-00001.parquet", b"")
        parquet.write_table(pyarrow.table(columns).replace_schema_metadata(metadata), path)
    desk.write("README.md", "# A set of the hub\n")
    return desk.root


@add_layout("a folder of `save_to_disk`: `text`, `label`", "texts and labels", module="pyarrow")
def arrow_of_texts(desk: Desk) -> Path:
    import pyarrow

    rows = draw_sentences(NEWS)
    for text, label in rows:
        desk.claim(text.encode(), label)
    table = pyarrow.table({"text": [text for text, _ in rows], "label": [NEWS.index(label) for _, label in rows]})
    feature = {"label": {"names": list(NEWS), "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    path = desk.write("set/data-00000-of-00001.arrow", b"")
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    desk.write_json("set/dataset_info.json", {"features": feature})
    desk.write_json("set/state.json", {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]})
    return desk.root / "set"


@add_layout("`shard-000000.tar` with `0.txt` and `0.cls` (WebDataset)", "the texts of the samples")
def shard_of_texts(desk: Desk) -> Path:
    path = desk.write("shard-000000.tar", b"")
    with tarfile.open(path, "w") as archive:
        for place, (text, label) in enumerate(draw_sentences(NEWS)):
            desk.claim(text.encode(), label)
            for ending, content in (("txt", text.encode()), ("cls", label.encode())):
                member = tarfile.TarInfo(f"{place:06}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@add_layout(
    "photos in class folders, each with a description in a `.txt` beside it",
    "the photos",
    flags="--classes-from folder",
)
def descriptions_of_photos(desk: Desk) -> Path:
    for photo in desk.lay_classes("{label}/{number}.jpg", ("ants", "bees"), 12):
        text = draw_sentences((photo.label,), 1, seed=photo.number)[0][0]
        desk.leave(f"{photo.label}/{photo.number}.txt", text)
    return desk.root


@add_layout(
    "`captions.csv`: `image,caption,label`; the photos beside it", "the photos; that there are texts too is said"
)
def captions_of_photos(desk: Desk) -> Path:
    desk.say("caption")
    rows = []
    for place, photo in enumerate(draw_photos(("ants", "bees"), 12)):
        desk.lay(f"images/{place}.jpg", photo)
        rows.append((f"images/{place}.jpg", draw_sentences(("sea",), 1, seed=place)[0][0], photo.label))
    return desk.write("captions.csv", rows_to_quoted([("image", "caption", "label"), *rows]))
