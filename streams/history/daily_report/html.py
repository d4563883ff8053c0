"""The page as one HTML file that needs nothing else: light or dark as its reader has it, and white on paper."""

from html import escape

from streams.history.daily_report.page import Page, Tile
from streams.history.daily_report.tables import Table
from streams.history.html_file import html_file

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --faint: #60646c; --line: #d9d9e0; --paper: #fff; --card: #f4f4f7;
  --alarm: #b42318; --alarm-paper: #fff1f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --faint: #a8adb5; --line: #3a3f45; --paper: #15171a;
  --card: #1f2327; --alarm: #ff9c8f; --alarm-paper: #331917; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .3rem; }
.subtitle, .note, .nothing { color: var(--faint); } .subtitle { margin: .2rem 0 1.2rem; }
.note { font-size: .85em; margin: .4rem 0 0; } .nothing { margin: 0; }
.warnings { background: var(--alarm-paper); border-left: 4px solid var(--alarm); border-radius: 4px; margin: 0 0 1.2rem;
  padding: .7rem 1rem .7rem 2rem; }
.warnings li::marker { color: var(--alarm); } .calm { margin: 0 0 1.2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 1rem; }
.tile { flex: 1 1 6rem; background: var(--card); border-radius: 6px; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.tile span { color: var(--faint); font-size: .85em; }
.tables { columns: 2 26rem; column-gap: 2rem; }
section { break-inside: avoid; padding: .6rem 0 1rem; } section.wide { column-span: all; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { color: var(--faint); font-weight: 500; font-size: .85em; vertical-align: bottom; }
th, td { padding: .22rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal;
  overflow-wrap: break-word; }
th { white-space: normal; }
@media print { :root { --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --card: #fff; --alarm: #000;
  --alarm-paper: #fff; } html { font-size: 11px; } body { font-size: 10px; max-width: none; padding: 0; }
  .tile { border: 1px solid #bbb; padding: .3rem .5rem; } .tables { columns: 2; } section { padding: .3rem 0 .5rem; }
  th, td { padding: .08rem .3rem; } @page { margin: 12mm; } }
"""
_WIDE = 6
"""Tables of more columns go across the page."""


def html_of(page: Page) -> str:
    """The whole file."""
    parts = [
        f"<h1>{escape(page.title)}</h1>",
        f'<p class="subtitle">{escape(page.subtitle)}</p>',
        _warnings(page.warnings),
        f'<div class="tiles">{"".join(map(_tile, page.tiles))}</div>',
        f'<div class="tables">{"".join(map(_table, page.tables))}</div>',
    ]
    return html_file(page.title, _STYLE, parts)


def _warnings(warnings: tuple[str, ...]) -> str:
    if not warnings:
        return '<p class="calm">Nothing stands out.</p>'
    return f'<ul class="warnings">{"".join(f"<li>{escape(each)}</li>" for each in warnings)}</ul>'


def _tile(tile: Tile) -> str:
    name, value, beside = map(escape, (tile.name, tile.value, tile.beside))
    return f'<div class="tile"><span>{name}</span><b>{value}</b><span>{beside}</span></div>'


def _table(table: Table) -> str:
    width = ' class="wide"' if len(table.columns) > _WIDE else ""
    title = f"<h2>{escape(table.title)}</h2>"
    if not table.rows:
        return f'<section{width}>{title}<p class="nothing">{escape(table.nothing)}</p></section>\n'
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    inner = f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>"
    return f'<section{width}>{title}<div class="scroll">{inner}</div>{note}</section>\n'
