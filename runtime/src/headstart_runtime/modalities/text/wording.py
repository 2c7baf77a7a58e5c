"""The words that people have for texts."""

from headstart_runtime.modalities.item import Noun, Phrases

TEXT = Noun(
    "text",
    "texts",
    phrases=Phrases(
        argument="FILE",
        inline='--text "..."',
        parts_step="tokens",
        same_one="says nearly the same",
        same_many="say nearly the same",
        layers="Early ones see words, late ones what is meant.",
        groups="all of one author, one thread or one source",
        copies="a quotation, or the same text with other names or numbers",
        views="with words left out or exchanged",
        shortcut="a word that stands in the texts of one class only",
        kinds="the short ones or those of one source",
        origin="another source or author",
        people="whether people are spoken of in them",
    ),
)
