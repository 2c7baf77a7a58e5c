"""The image spec: the way from a photo's bytes to an array, as data. It is saved with every classifier.

One path, simple enough to be the same on a host, in an ONNX graph and in a browser: centre crop of the source in
whole pixels, then one antialiased resize to the network's square, then ``(pixel / 255 - mean) / std``.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self

from headstart_runtime.modalities.batch import TensorSpec

Interpolation = Literal["bilinear", "bicubic"]
WHOLE_EDGE = 1000  #: thousandths of the shorter edge that every backbone sees: all of it


@dataclass(frozen=True, slots=True)
class GreyRange:
    """The values of photos with more than 8 bits that become black and white: found once, over the training photos."""

    kind: str  #: how values are stored: "uint16", "int16", "uint32", "int32", "float32" of grey, "rgb16" of colour
    low: float  #: becomes 0, and so does what is below
    high: float  #: becomes 255, and so does what is above


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The way from a photo to the input of a network."""

    kind: ClassVar[str] = "image"

    size: int  #: edge of the network's square input, pixels
    crop_permille: int  #: edge of the centre crop, thousandths of the photo's shorter edge; integer, so all agree
    mean: tuple[float, float, float]  #: RGB, of pixels scaled to 0..1
    std: tuple[float, float, float]  #: RGB, of pixels scaled to 0..1
    interpolation: Interpolation = "bilinear"  #: antialiased, Pillow's filters, rounded to uint8
    orientation: Literal["exif"] = "exif"  #: turned upright as EXIF says
    colour: Literal["rgb-on-white"] = "rgb-on-white"  #: any mode to RGB; transparency is laid on white
    decode: Literal["scaled-2x"] = "scaled-2x"  #: JPEGs shrink by 2, 4 or 8 while decoding, never below the target
    grey: tuple[GreyRange, ...] = ()  #: of the kinds in the training photos; of another kind each photo's own range

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """The one tensor of a batch: RGB."""
        return (TensorSpec("pixels", "uint8", (self.size, self.size, 3)),)

    @property
    def rank(self) -> float:
        """Edge of the input for the whole photo: for the greatest of several a JPEG shrinks least while decoding."""
        return self.size / self.crop_permille

    def crop_side(self, height: int, width: int) -> int:
        """Return the edge of the centre crop in whole source pixels, at least 1."""
        return max(1, (min(height, width) * self.crop_permille + 500) // 1000)

    def crop_box(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) of the centre crop in whole source pixels, Pillow's order."""
        side = self.crop_side(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        return left, top, left + side, top + side

    def shrink(self, height: int, width: int) -> int:
        """Return the factor 1, 2, 4 or 8 by which a JPEG may shrink while decoding: the crop stays >= ``size``."""
        factor = 1
        while factor < 8 and self.crop_side(height, width) >= 2 * factor * self.size:
            factor *= 2
        return factor

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, for ``model.json`` and fingerprints."""
        values = {"kind": self.kind, **asdict(self)}
        if not self.grey:  # fingerprints of ordinary photos do not change with it
            del values["grey"]
        return values

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the spec that ``to_json`` describes."""
        values = {name: value for name, value in record.items() if name != "kind"}
        grey = tuple(GreyRange(**it) for it in record.get("grey", ()))
        return cls(**{**values, "mean": tuple(record["mean"]), "std": tuple(record["std"]), "grey": grey})
