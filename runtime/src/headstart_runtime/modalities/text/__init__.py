"""Short and long texts: sentences, messages, documents."""
