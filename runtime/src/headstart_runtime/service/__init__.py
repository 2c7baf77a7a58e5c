"""The service: saved classifiers over HTTP. Only what is in this room imports FastAPI, uvicorn and their kin."""
