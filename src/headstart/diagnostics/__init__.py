"""What a run's data and answers look like: leaks, wrong labels, poor images, weak slices, shortcuts."""
