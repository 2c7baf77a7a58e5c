"""Ordered classes as a task: all that is special about grades, stages and ratings."""
