"""The command ``headstart-predict``, and what it shares with ``headstart predict``."""
