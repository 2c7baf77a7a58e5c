"""A proposal of groups: what may belong together by a column or by names, which nobody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupProposal:
    """Groups that samples may be of."""

    what: str  #: for a person, that items share: "'speaker'"
    flag: str  #: that makes them groups
    groups: Mapping[str, str]  #: name of a sample -> its group; "" for none
