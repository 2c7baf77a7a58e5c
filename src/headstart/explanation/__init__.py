"""What spoke for an answer, place by place."""
