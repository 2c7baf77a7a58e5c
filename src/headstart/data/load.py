"""Loading a photo from where a sample has it: the one place where photos of a data set are read and decoded."""

from headstart.data.samples import SampleSource
from headstart.errors import refuse_machine_faults
from headstart.modalities.image.decoding.decode import Photo, UnreadablePhoto, array_to_rgb, decode
from headstart.modalities.image.spec import ImageSpec


def load_photo(source: SampleSource, spec: ImageSpec) -> Photo:
    """Return a photo, upright RGB, ready for ``crop_resize``.

    Raises:
        BrokenPhoto: it cannot be read or decoded; the message is the reason.
    """
    try:
        content = source.read()
    except OSError as error:
        refuse_machine_faults(error, "to read photos")
        raise UnreadablePhoto(f"cannot be read: {error.strerror or error}") from error
    return decode(content, spec) if isinstance(content, bytes) else Photo(array_to_rgb(content), None)
