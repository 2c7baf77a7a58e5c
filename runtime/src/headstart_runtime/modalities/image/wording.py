"""The words that people have for photos."""

from headstart_runtime.modalities.item import Noun, Phrases

PHOTO = Noun(
    "photo",
    "photos",
    phrases=Phrases(
        argument="PHOTO",
        parts_step="resize",
        same_one="shows the same",
        same_many="show the same",
        layers="Early ones see edges and colours, late ones whole things.",
        groups="a burst, one animal or one patient",
        copies="a copy, another size or another cut of one photo",
        views="mirrored, cut, turned or with other colours",
        shortcut="the background",
        kinds="the dark ones or those of one camera",
        origin="another source or camera",
        from_video="take single frames out, such as by ffmpeg -i film.mp4 -r 1 frames/%05d.png",
        people="whether people are shown in them",
    ),
)
