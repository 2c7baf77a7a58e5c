"""Containers of photos and their labels: archives, shards, Parquet and the exports of programs for labelling."""

import io
import tarfile
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix


@add_layout("`shard-000000.tar` with `000001.jpg` and `000001.cls` (WebDataset)", "files of one key belong together")
def webdataset(desk: Desk) -> Path:
    photos = mix(draw_photos(("0", "1", "2")))
    for shard in range(2):
        with tarfile.open(desk.root / f"shard-{shard:06}.tar", "w") as archive:
            for place in range(shard, len(photos), 2):
                content = photos[place].encode()
                desk.claim(content, photos[place].label)
                _add(archive, f"{place:06}.jpg", content)
                _add(archive, f"{place:06}.cls", photos[place].label.encode())
    return desk.root


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
