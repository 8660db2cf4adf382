"""The form of all tables."""

from rich.table import Table


def table_of(*columns: str, right: frozenset[str] = frozenset()) -> Table:
    """An empty table with these columns, without lines; those in `right` are aligned to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table
