# SPDX-License-Identifier: Apache-2.0
"""The live view of `coconut top`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Input, Static

from ..errors import CoconutError
from ..figures import Snapshot
from .base import printable
from .top_rows import COLUMNS, TENANT_HEAD, View, rows, tenant_rows

__all__ = ["Top"]

NAMES = [column.name for column in COLUMNS]


class Top(App[None]):
    """Tenants above, agents below; looks again each `interval` seconds."""

    CSS = """
    #tenants { height: auto; max-height: 30%; }
    #agents { height: 1fr; }
    #filter { display: none; }
    #filter.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("less_than_sign", "sort(-1)", "Sort by the left", key_display="<"),
        Binding("greater_than_sign", "sort(1)", "by the right", key_display=">"),
        Binding("r", "reverse", "Reverse"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("escape", "all", "Show all"),
        Binding("p", "pause", "Pause"),
    ]

    def __init__(self, look: Callable[[], Snapshot], view: View, interval: float) -> None:
        super().__init__()
        self.look = look
        self.view = view
        self.interval = interval
        self.paused = False
        self.before: Snapshot | None = None
        self.now: Snapshot | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="summary")
        yield DataTable(id="tenants", show_cursor=False)
        yield DataTable(id="agents", cursor_type="row")
        yield Input(id="filter", placeholder="only rows with this text")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#tenants", DataTable).add_columns(*TENANT_HEAD)
        self.query_one("#agents", DataTable).focus()
        self.tick()
        self.set_interval(self.interval, self.tick)

    # ---- what is shown ----

    def tick(self) -> None:
        """Looks again, and shows what there is now."""
        if self.paused:
            return
        try:
            now = self.look()
        except (CoconutError, OSError) as error:
            self.query_one("#summary", Static).update(Text(printable(str(error))))
            return
        self.before, self.now = self.now, now
        self.show()

    def show(self) -> None:
        """Draws the last look, by the view of the moment."""
        if self.now is None:
            return
        found = rows(self.now, self.before, self.view)
        self.query_one("#summary", Static).update(Text(self._summary(self.now, len(found))))
        self._fill(self.query_one("#tenants", DataTable), tenant_rows(self.now))
        agents = self.query_one("#agents", DataTable)
        row, scroll = agents.cursor_row, agents.scroll_y
        agents.clear(columns=True)
        agents.add_columns(*(self._head(name) for name in NAMES))
        self._fill(agents, found)
        agents.move_cursor(row=min(row, max(0, len(found) - 1)), animate=False, scroll=False)
        agents.scroll_to(y=scroll, animate=False)

    def _fill(self, table: DataTable[Text], cells: list[list[str]]) -> None:
        # As text: a name is no markup.
        table.clear()
        table.add_rows([[Text(cell) for cell in row] for row in cells])

    def _head(self, name: str) -> str:
        mark = "▲" if self.view.reverse else "▼"
        return f"{name} {mark}" if name == self.view.sort else name

    def _summary(self, now: Snapshot, shown: int) -> str:
        words = [f"agents {shown} of {len(now.agents)}"]
        words += [f"{key} {value}" for key, value in now.chain.items() if key in ("sealed", "lost")]
        words += [f"filter {self.view.wanted}"] if self.view.wanted else []
        words += ["paused"] if self.paused else []
        return "  ".join(words)

    # ---- keys ----

    def action_sort(self, step: int) -> None:
        """By the column to the left or to the right."""
        at = (NAMES.index(self.view.sort) + step) % len(NAMES)
        self.view = replace(self.view, sort=NAMES[at])
        self.show()

    def action_reverse(self) -> None:
        self.view = replace(self.view, reverse=not self.view.reverse)
        self.show()

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.add_class("shown")
        box.focus()

    def action_all(self) -> None:
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def action_pause(self) -> None:
        self.paused = not self.paused
        self.show()

    def _close_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("shown")
        self.query_one("#agents", DataTable).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.view = replace(self.view, wanted=event.value)
        self.show()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self._close_filter()
