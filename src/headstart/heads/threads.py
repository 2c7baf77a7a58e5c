"""How many threads BLAS may use while heads are solved."""

from collections.abc import Iterator
from contextlib import contextmanager

SMALL = 5_000_000  #: numbers of features; with fewer a second thread gains nothing


@contextmanager
def threads_for(numbers: int) -> Iterator[None]:
    """One thread of BLAS where little is computed, all of them where much is.

    OpenBLAS's threads spin while they wait for each other, so two of them on cores that have other work too took 7.6 s
    for what one does in 0.8 (1,013 rows of 1,280 features, six classes; idle cores: 0.8 s either way). With 8,000
    rows two are 1.5 times as fast as one.

    Args:
        numbers: rows times their width.
    """
    if numbers >= SMALL:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
