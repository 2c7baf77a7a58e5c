"""Pretrained networks: where their weights come from, their pixel contract, their named layers."""
