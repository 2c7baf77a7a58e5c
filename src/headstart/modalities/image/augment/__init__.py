"""Changed views of images to train on."""
