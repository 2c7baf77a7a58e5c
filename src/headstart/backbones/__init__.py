"""Pretrained networks: where their weights come from, their image spec, their named layers."""
