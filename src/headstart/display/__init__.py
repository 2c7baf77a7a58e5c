"""Progress and results where a person looks on: lines, a bar in a terminal, a bar and small tables in a notebook."""
