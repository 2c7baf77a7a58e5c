"""The look of charts: colours for light, dark and print, and the rules that use them.

Colours were searched for by hue: every two of a theme differ by 0.11 or more in OKLab as seen with normal sight,
protanopia, deuteranopia and tritanopia (Machado, Oliveira & Fernandes 2009), and each has a contrast of 3:1 or more to
its surface (WCAG 2.2, 1.4.11). Series differ by dash and marker too.
"""

LIGHT = ("#1f5fbf", "#e75b01", "#079d74", "#9d167a", "#620e2b", "#635313")
DARK = ("#6db3ff", "#d88932", "#13f4b1", "#995fbc", "#bf4852", "#ddcc01")
DASHES = ("", "6 3", "2 3", "8 3 2 3")  #: in units of the drawing; the first of each round of colours is solid
MARKERS = ("o", "s", "^", "D", "v", "P")  #: matplotlib's names
SURFACES = {"light": "#ffffff", "dark": "#14181d"}
_INK = {"light": ("#1a1f24", "#56606b", "#dfe3e8"), "dark": ("#e8ecf0", "#a3aeb9", "#343c45")}  #: text, names, grid


def colour_number(number: int) -> int:
    """Return the number of a series' colour and marker."""
    return number % len(LIGHT)


def dash_number(number: int) -> int:
    """Return the number of a series' dash: neighbours differ, and so do series of one colour."""
    return (number + number // len(LIGHT)) % len(DASHES)


def _define_variables(theme: str, colours: tuple[str, ...]) -> str:
    ink, muted, grid = _INK[theme]
    names = "".join(f"--chart-{number}:{colour};" for number, colour in enumerate(colours, 1))
    return f"{names}--chart-ink:{ink};--chart-muted:{muted};--chart-grid:{grid};--chart-surface:{SURFACES[theme]}"


_SERIES = "\n".join(f".chart .s{number}{{--c:var(--chart-{number})}}" for number in range(1, len(LIGHT) + 1))
_DASHED = "\n".join(f".chart .d{number}{{stroke-dasharray:{dash}}}" for number, dash in enumerate(DASHES) if dash)

#: For one ``style`` element of the page; ``data-theme`` on the root, "light" or "dark", wins over the system's theme.
STYLE = f""":root{{{_define_variables("light", LIGHT)}}}
:root[data-theme=dark]{{{_define_variables("dark", DARK)}}}
@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{_define_variables("dark", DARK)}}}}}
@media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{{_define_variables("light", LIGHT)}}}}}
.chart{{display:block;width:100%;height:auto;color:var(--chart-ink);font:12px system-ui,"DejaVu Sans",sans-serif;\
-webkit-print-color-adjust:exact;print-color-adjust:exact}}
.chart text{{fill:currentColor}}
.chart .name,.chart .tick{{fill:var(--chart-muted)}}
.chart .tick,.chart .value{{font-size:11px;font-variant-numeric:tabular-nums}}
.chart .end{{text-anchor:end}}
.chart .mid{{text-anchor:middle}}
.chart .strong{{font-weight:600}}
.chart .halo{{stroke:var(--chart-surface);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}}
.chart .grid{{stroke:var(--chart-grid);stroke-width:1;fill:none}}
.chart .axis{{stroke:var(--chart-muted);stroke-width:1;fill:none}}
.chart .mark{{stroke:var(--chart-ink);stroke-width:1.2;stroke-dasharray:3 3;fill:none}}
.chart .line{{stroke:var(--c);stroke-width:2;fill:none;stroke-linejoin:round}}
.chart .reference{{stroke:var(--chart-muted);stroke-width:1.2;stroke-dasharray:1 4;stroke-linecap:round;fill:none}}
.chart .whisker{{stroke:var(--c);stroke-width:1.4;opacity:.6;fill:none}}
.chart .band{{fill:var(--c);opacity:.16}}
.chart .point{{fill:var(--c);stroke:var(--chart-surface);stroke-width:1}}
.chart .ring{{fill:none;stroke:var(--chart-ink);stroke-width:1.6}}
.chart .cloud{{stroke:var(--c);stroke-width:4.5;stroke-linecap:round;stroke-opacity:.55;fill:none}}
.chart .columns{{fill:var(--c);fill-opacity:.2;stroke:var(--c);stroke-width:1.3}}
.chart .bar{{fill:var(--c)}}
.chart .bar.pale{{fill-opacity:.35;stroke:var(--c);stroke-width:1}}
.chart .hit{{fill:transparent}}
{_SERIES}
{_DASHED}
"""
