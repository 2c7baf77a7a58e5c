"""Few numbers are worked through by one thread, many by all."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from headstart.heads.threads import SMALL, threads_for


def blas_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [it["num_threads"] for it in threadpool_info() if it["user_api"] == "blas"]


@pytest.mark.parametrize(("numbers", "wanted"), [(SMALL - 1, 1), (SMALL, 2)])
def test_threads_follow_the_size_and_are_put_back(numbers: int, wanted: int) -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with threads_for(numbers):
            assert set(blas_threads()) == {wanted}
        assert blas_threads() == before == [2] * len(before)


def test_they_are_put_back_after_an_error() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(RuntimeError, match="in between"), threads_for(1):
            raise RuntimeError("in between")
        assert set(blas_threads()) == {2}
