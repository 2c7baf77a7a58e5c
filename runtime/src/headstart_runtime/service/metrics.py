"""Numbers of the service in Prometheus's form: calls, items, batches, queues. None of them says what was asked."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "headstart_requests", "Calls that were answered.", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "headstart_request_seconds",
            "Seconds from a call's head to its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._items = Counter(
            "headstart_items", "Items that were answered.", ("model", "result"), registry=self.registry
        )
        self._batches = Histogram(
            "headstart_batch_items", "Items in a batch.", ("model",), buckets=SIZES, registry=self.registry
        )
        self._taken_over = Counter(
            "headstart_models_taken_over",
            "New models that took an old one's place.",
            ("model",),
            registry=self.registry,
        )
        self.open_calls = Gauge("headstart_open_requests", "Calls that are open.", registry=self.registry)
        self._waiting = Gauge("headstart_waiting_items", "Items that wait.", ("model",), registry=self.registry)
        self._held = Gauge("headstart_held_bytes", "Bytes of bodies in memory.", registry=self.registry)

    def count_call(self, route: str, status: int, seconds: float) -> None:
        """Count a call that was answered."""
        self._calls.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_items(self, model: str, read: int, failed: int) -> None:
        """Count items that were answered, and such as could not be read."""
        self._items.labels(model, "answered").inc(read)
        self._items.labels(model, "unreadable").inc(failed)

    def count_batch(self, model: str, size: int) -> None:
        """Count a batch; called from any thread."""
        self._batches.labels(model).observe(size)

    def count_takeover(self, model: str) -> None:
        """Count a model that was replaced."""
        self._taken_over.labels(model).inc()

    def render(self, waiting: dict[str, int], held: int) -> bytes:
        """Return all numbers as Prometheus reads them.

        Args:
            waiting: items in the queue of each model.
            held: bytes of bodies in memory.
        """
        for model, count in waiting.items():
            self._waiting.labels(model).set(count)
        self._held.set(held)
        return generate_latest(self.registry)
