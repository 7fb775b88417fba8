"""Count for Prometheus: requests, queues, what was encoded. Never a text, nor anything that a user wrote."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE", "Metrics"]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
TEXTS = (1, 4, 16, 64, 256, 512, 1024, 4096)


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("bitext_requests", "Requests that were answered.", labels, registry=registry)
        self.seconds = Histogram(
            "bitext_request_seconds", "How long they took.", labels[:2], registry=registry, buckets=SECONDS
        )
        self.waiting = Gauge("bitext_waiting_requests", "Requests that wait for a worker.", registry=registry)
        self.running = Gauge("bitext_running_requests", "Requests that are worked on.", registry=registry)
        self.refused = Counter("bitext_refused_requests", "Requests that found the queue full.", registry=registry)
        self.batch_texts = Histogram(
            "bitext_batch_texts", "Texts that were encoded together.", registry=registry, buckets=TEXTS
        )
        self.tokens = Counter("bitext_tokens", "Tokens computed for embeddings.", registry=registry)
        self.characters = Counter("bitext_aligned_characters", "Characters of texts aligned.", registry=registry)
        self.timeouts = Counter("bitext_timeouts", "Requests that were given up.", registry=registry)
        self.jobs = Counter("bitext_jobs", "Jobs by how they ended.", ("state",), registry=registry)

    def render(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self._registry)
