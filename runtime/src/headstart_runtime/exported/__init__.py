"""An exported classifier as the code in its folder runs it: the manifest, and all that surrounds the network."""
