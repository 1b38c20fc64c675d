"""Has nbval compare the figures of a notebook's cell as well, which it leaves out.

Cells with the tag `live-training` are left out: their curves differ with the processor.
"""

import pytest
from compare_pictures import differences


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    cell = getattr(item, "cell", None)  # an item of nbval has one
    if cell is not None and "live-training" not in cell.metadata.get("tags", []):
        found = differences(cell.outputs, item.test_outputs)
        if found:
            item.raise_cell_error("Pictures differ from the stored ones", "\n".join(found))
    return result
