"""Tasks: kinds of questions that are asked of items, such as which of several classes one belongs to."""
