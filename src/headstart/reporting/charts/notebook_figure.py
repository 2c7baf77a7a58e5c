"""A matplotlib figure that shows itself in a notebook, without a magic or a window."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A figure with a preview of itself."""

    def _repr_png_(self) -> bytes:
        """Return the figure as a PNG file, for notebooks."""
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=100)
        return content.getvalue()
