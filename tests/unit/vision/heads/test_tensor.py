"""Raw tensors in an event."""

import numpy as np
import pytest

from tests.support.models.heads import head_for, result


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int64", "uint8", "bool"])
def test_a_tensor_has_name_shape_dtype_and_row_major_data(dtype: str) -> None:
    value = np.array([[[1, 0], [3, 4], [5, 6]]]).astype(dtype)
    found = result(head_for(value, type="Tensor"), [value])
    tensor = found["tensor"]
    assert (tensor["name"], tensor["shape"], tensor["dtype"]) == ("scores", [1, 3, 2], dtype)
    np.testing.assert_array_equal(np.array(tensor["data"], dtype).reshape(tensor["shape"]), value)
