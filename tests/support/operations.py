"""The operations that the server knows: the rows of its own table."""

import pathlib
import re

TABLE = pathlib.Path(__file__).parents[2] / "src" / "keyfold" / "kms" / "server" / "operation_table.cpp"


def served_operations():
    names = re.findall(r'^ *\{\.operation = Operation::\w+, \.name = "(\w+)"', TABLE.read_text(), re.MULTILINE)
    if not names:
        raise AssertionError(f"{TABLE} has no rows that look like rows")
    return names
