"""The files of one repository on the Hugging Face hub, fetched when they are first asked for and kept by its client."""

from dataclasses import dataclass
from pathlib import Path

from headstart.backbones.providers.hub import skip_unreachable_hub
from headstart_runtime.errors import BackboneError, refuse_machine_faults
from headstart_runtime.extras import import_extra


@dataclass(frozen=True, slots=True)
class HubFiles:
    """Finds the files of a repository."""

    repository: str  #: "intfloat/multilingual-e5-small"
    revision: str | None = None  #: a branch, tag or commit; None for its main branch

    def __call__(self, name: str) -> Path | None:
        """Return a file, fetched now if it never was; None where the repository has none of that name.

        A file that was fetched is not asked for again, so a run does not wait for the hub, nor change with it.

        Where the hub is not reached, a file that was not fetched before is taken for one that is not there.

        Raises:
            BackboneError: there is no such repository, or it may not be read.
            MissingExtra: the hub's client is not installed.
        """
        hub = import_extra("hub", f"the network hf:{self.repository}", "huggingface_hub")
        kept = hub.try_to_load_from_cache(self.repository, name, revision=self.revision)
        if kept is not None:
            return Path(kept) if isinstance(kept, str) else None  # else it is known that there is none
        try:
            with skip_unreachable_hub():
                return Path(hub.hf_hub_download(self.repository, name, revision=self.revision))
        except hub.errors.EntryNotFoundError:  # also where it is not kept and the hub not reached
            return None
        except Exception as error:  # the client raises a dozen kinds, and those of its session
            refuse_machine_faults(
                error, f"for {name} of hf:{self.repository}, which the hub's client keeps in its cache"
            )
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
            raise BackboneError(f"hf:{self.repository} cannot be fetched from the hub ({reason})") from error

    def is_kept(self, name: str) -> bool:
        """Return whether a file was fetched before."""
        hub = import_extra("hub", f"the network hf:{self.repository}", "huggingface_hub")
        return isinstance(hub.try_to_load_from_cache(self.repository, name, revision=self.revision), str)
