"""Pretrained networks: where their weights come from, their input spec, their named layers."""
