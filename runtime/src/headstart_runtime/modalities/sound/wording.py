"""The words that people have for clips."""

from headstart_runtime.modalities.item import Noun, Phrases

CLIP = Noun(
    "clip",
    "clips",
    phrases=Phrases(
        argument="CLIP",
        decode_step="resampling",
        parts_step="windows and mels",
        same_one="sounds the same",
        same_many="sound the same",
        layers="Early ones hear pitch and loudness, late ones whole syllables.",
        groups="all of one speaker, one recording or one place",
        copies="a louder, shorter or noisier copy of one clip",
        views="moved in time, louder, softer, with noise or with gaps",
        shortcut="the room, the device or the noise behind",
        kinds="the quiet ones or those of one device",
        origin="other speakers, rooms or devices",
        from_video="take its sound out, such as by ffmpeg -i film.mp4 film.wav",
        people="whether people are heard in them",
    ),
)
