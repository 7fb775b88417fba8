"""A backend that runs everything in the process of the test: workers take longer to start than small runs take."""

from __future__ import annotations

from concurrent.futures import Future

from pipeline.flow.local import LocalBackend
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Outcome, Task, Work


class InProcess(LocalBackend):
    """This machine, without workers."""

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(task(RunStore(self.store, work.config), work))
        return future
