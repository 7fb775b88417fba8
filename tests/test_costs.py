"""What a run on rented machines will cost, has cost, and may cost at most."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.cloud import backend as rented
from pipeline.cloud import speeds
from pipeline.cloud.container import Done, run_job
from pipeline.cloud.costs import (
    Bill,
    bill,
    costs_of,
    describe_speed,
    dollars_text,
    estimate,
    measured_speed,
    n_containers_for,
    scaledown_seconds,
    worthwhile_chars,
)
from pipeline.cloud.machines import CLERK, machine_of
from pipeline.cloud.speeds import CHARS_PER_SENTENCE
from pipeline.config.run_config import RunConfig, make_config
from pipeline.errors import BudgetError, ConfigError
from pipeline.flow.run import Run, StageRecord
from pipeline.manifest import Document, DocumentPair, Shard
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from pipeline.tasks import TASKS
from pipeline.tasks.export import Exported
from pipeline.tasks.missing import Missing, Todo
from pipeline.tasks.work import Outcome, Work
from stages.align.anchors import windows


def config_of(encoder: str = "labse", **compute: object) -> RunConfig:
    values = {
        "name": "test",
        "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"]},
        "encode": {"encoder": encoder},
        "compute": compute,
    }
    return make_config(values, where="test", folder=Path("/none"))


def document(number: int, n_chars: int = 1_000_000, language: str = "en") -> Document:
    return Document(f"{number:032x}", language, False, n_chars, f"{number}.txt")


def todo(*items: Document | DocumentPair) -> Todo:
    found = Todo()
    found.add(items)
    return found


def done(container: str, started: float, stopped: float, container_started: float = 0.0) -> Done:
    return Done(Outcome(), container, container_started, started, stopped)


# ---- machines and prices


def test_a_second_of_a_machine_costs_its_gpu_its_cores_and_its_memory() -> None:
    machine = machine_of("encode", config_of())
    assert (machine.function, machine.gpu) == ("encode_on_gpu", "L40S")
    assert machine.dollars_per_second({}) == pytest.approx(0.000542 + 4 * 0.0000131 + 16 * 0.00000222)
    assert machine.dollars_per_second({"L40S": 1.0}) == pytest.approx(1 + 4 * 0.0000131 + 16 * 0.00000222)


def test_an_encoder_that_wants_no_gpu_rents_none() -> None:
    assert machine_of("encode", config_of("use-multilingual")).gpu is None
    assert machine_of("align", config_of(align_gpu="none")).function == "align_on_cpu"
    assert machine_of("align", config_of(align_gpu="T4")).gpu == "T4"


def test_a_gpu_aligns_where_pairs_are_so_long_that_it_costs_less() -> None:
    def found(n_sentences: float, method: str = "bertalign", **compute: object) -> str:
        config = config_of(**compute)
        config = config.model_copy(update={"align": config.align.model_copy(update={"method": method})})
        return machine_of("align", config, 2 * n_sentences * CHARS_PER_SENTENCE).function

    assert found(10_000) == "align_on_cpu"
    assert found(100_000) == "align_on_gpu"
    assert found(100_000, align_gpu="none") == "align_on_cpu"
    assert found(10, align_gpu="L4") == "align_on_gpu"
    assert found(100_000, method="bitext") == "align_on_cpu", "it searches a sample"
    assert found(10_000, prices={"T4": 0.0}) == "align_on_gpu", "a free GPU always pays"
    assert found(100_000, prices={"T4": 1.0}) == "align_on_cpu"


def test_faiss_has_no_code_for_an_h100() -> None:
    with pytest.raises(ConfigError, match=r"compute\.align_gpu"):
        config_of(align_gpu="H100")


def test_the_sample_that_is_estimated_with_is_the_one_that_is_taken() -> None:
    assert (windows.SAMPLE_FROM, windows.SAMPLE_EVERY, windows.LARGE_FROM) == (
        speeds.SAMPLE_FROM,
        speeds.SAMPLE_EVERY,
        speeds.LARGE_FROM,
    )


def test_a_price_of_something_unknown_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"compute\.prices\.TPU"):
        config_of(prices={"TPU": 1.0})


# ---- before


def test_nothing_missing_costs_nothing() -> None:
    *stages, clerk = estimate(config_of(), Missing())
    assert [one.dollars for one in stages] == [0.0, 0.0, 0.0]
    assert 0 < clerk.dollars < 0.01, "who looks costs something"
    assert str(estimate(config_of(), Missing())[1]) == "encode  nothing to do"


def test_twice_the_text_is_expected_to_take_twice_the_work() -> None:
    config = config_of(containers=1, scaledown_seconds=2)
    one, two, three = (
        estimate(config, Missing(encode=todo(*(document(number) for number in range(n)))))[1] for n in (1, 2, 3)
    )
    assert two.dollars - one.dollars == pytest.approx(three.dollars - two.dollars)
    assert one.dollars > 0


def test_chinese_has_more_tokens_a_character() -> None:
    config = config_of(containers=1)
    english, chinese = (
        estimate(config, Missing(encode=todo(document(1, 10_000_000, language))))[1] for language in ("en", "zh-Hant")
    )
    assert chinese.wall_seconds > 1.5 * english.wall_seconds


def test_a_container_works_at_least_as_long_as_it_takes_to_come_and_go() -> None:
    config = config_of(containers=5)
    gpu = machine_of("encode", config)
    assert 8e6 < worthwhile_chars(gpu, config) < 20e6
    assert n_containers_for(10, gpu, config) == 1
    assert n_containers_for(2.5 * worthwhile_chars(gpu, config), gpu, config) == 3
    assert n_containers_for(1e12, gpu, config) == 5
    cpu_config = config_of("use-multilingual")
    assert worthwhile_chars(machine_of("encode", cpu_config), cpu_config) < 2e6


def test_a_gpu_waits_for_the_second_round_of_overlaps_as_long_as_a_new_one_takes() -> None:
    gpu = machine_of("encode", config_of())
    assert scaledown_seconds(gpu, config_of()) == speeds.STARTUP_SECONDS["encode_on_gpu"]
    assert scaledown_seconds(gpu, config_of(scaledown_seconds=100)) == 100
    once = encoding_once(config_of())
    assert scaledown_seconds(gpu, once) == once.compute.scaledown_seconds


def encoding_once(config: RunConfig) -> RunConfig:
    return config.model_copy(update={"encode": config.encode.model_copy(update={"overlaps": "none"})})


def test_the_estimate_counts_finding_out_what_is_requested() -> None:
    config = config_of(containers=1, scaledown_seconds=2)
    pairs = tuple(DocumentPair(f"{n}", document(2 * n), document(2 * n + 1)) for n in range(20))
    on_demand, once = (
        estimate(one, Missing(align=todo(*pairs)))[2].wall_seconds for one in (config, encoding_once(config))
    )
    assert on_demand > 1.2 * once


def test_a_speed_that_a_run_has_measured_takes_the_place_of_the_assumed_one(tmp_path: Path) -> None:
    config = config_of(containers=1)
    store = RunStore(Store(tmp_path), config)
    missing = Missing(encode=todo(document(1, 100_000_000)))
    assert "assumed" in describe_speed(config, speeds.known_speeds(store))
    run = Run(config)
    run.records["encode"] = StageRecord(counts=Counter(tokens=2_000_000))
    measured = measured_speed(run, [Bill("encode_on_gpu", 1, 60.0, 20.0, 0.1)])
    assert measured == ("L40S sentence-transformers/LaBSE", 100_000.0)
    speeds.remember_speed(store, *measured)
    known = speeds.known_speeds(store)
    assert describe_speed(config, known) == "encoding at 100,000 tokens/s on L40S (as the last run measured)"
    assert estimate(config, missing, known)[1].wall_seconds < estimate(config, missing)[1].wall_seconds
    assert measured_speed(run, [Bill("encode_on_gpu", 1, 60.0, 5.0, 0.1)]) is None, "too short to tell"


# ---- after


def test_a_container_is_billed_from_its_start_to_its_end_with_the_time_it_waited() -> None:
    config = encoding_once(config_of(scaledown_seconds=10))
    machine = machine_of("encode", config)
    (one,) = bill(
        [
            (machine, done("a", 5, 20)),
            (machine, done("a", 20, 40)),
            (machine, done("b", 12, 30, container_started=10)),
        ],
        config,
    )
    assert (one.n_containers, one.container_seconds, one.busy_seconds) == (2, 40 + 20 + 2 * 10, 15 + 20 + 18)
    assert one.ready_seconds == 5 + 2
    assert str(one).startswith("encode_on_gpu: 2 containers, 80 s billed, 53 s of them at work and 7 s getting ready, ")
    assert one.dollars == pytest.approx(80 * machine.dollars_per_second({}))


def test_the_report_says_speed_and_price() -> None:
    config = encoding_once(config_of(scaledown_seconds=2))
    run = Run(config)
    run.records["encode"] = StageRecord(counts=Counter(tokens=1000))
    run.records["align"] = StageRecord(counts=Counter(beads=120, nulls=20))
    run.exported = Exported(9, Counter(), {"beads": 999, "nulls": 0})  # most of them by earlier runs
    bills = bill([(machine_of("encode", config), done("a", 5, 15))], config)
    costs = costs_of(run, bills)
    assert costs["tokens_per_second"] == 100.0
    assert costs["sentence_pairs"] == 100
    assert costs["dollars_per_million_pairs"] == pytest.approx(costs["dollars"] * 1e4, rel=1e-3)
    assert costs["lines"][0].startswith("cost: $0.01")
    assert costs["lines"][0].endswith("per million sentence pairs (this run aligned 100)")


def test_a_container_that_only_looked_and_found_nothing_to_encode_is_paid_and_says_nothing_of_speed() -> None:
    config = config_of()
    run = Run(config)
    bills = bill([(machine_of("encode", config), done("a", 5, 35))], config)
    assert costs_of(run, bills)["dollars"] > 0
    assert measured_speed(run, bills) is None


def test_a_run_that_encoded_nothing_has_no_speed() -> None:
    costs = costs_of(Run(config_of()), [])
    assert costs["tokens_per_second"] is costs["dollars_per_million_pairs"] is None
    assert costs["lines"][0].startswith("cost: $0 at the prices of ")


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(0.0, "$0"), (1e-5, "less than $0.0001"), (0.00312, "$0.0031"), (1.239, "$1.24"), (1310.4, "$1,310")],
)
def test_sums_are_written_as_people_read_them(dollars: float, text: str) -> None:
    assert dollars_text(dollars) == text


# ---- at most


class Call:
    """A call of a function of the app, which is answered when the test says so."""

    def __init__(self) -> None:
        self.is_over = Event()
        self.is_cancelled = False

    def get(self) -> Done:
        self.is_over.wait(10)
        return Done(Outcome(), "a", 0.0, 0.0, 1.0)

    def cancel(self, terminate_containers: bool) -> None:
        self.is_cancelled = terminate_containers
        self.is_over.set()


class Rented:
    """A backend whose calls the test answers, on a clock that it turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, max_dollars: float | None) -> None:
        self.now, self.calls = 0.0, list[Call]()
        monkeypatch.setattr("time.time", lambda: self.now)
        monkeypatch.setattr(rented, "_function", lambda machine, config, n: self)
        monkeypatch.setattr(rented.ModalBackend, "_fetch_weights", lambda *_: None)
        self.backend = rented.ModalBackend(config_of(), print, clerk=lambda *_: None, max_dollars=max_dollars)

    def spawn(self, *_: object) -> Call:
        self.calls.append(Call())
        return self.calls[-1]

    def submit(self) -> Any:
        future = self.ask_for("encode")
        while not self.calls:
            Event().wait(0.01)
        return future

    def ask_for(self, task: str) -> Any:
        shard = Shard(0, "", "", 1, 1, 1, 1.0, 1, 1.0)
        return self.backend.submit(TASKS[task], Work(config_of(), shard))


@pytest.mark.parametrize("error", [None, OSError("no machine")])
def test_aligning_waits_for_the_machine_that_compiles_and_costs_nothing_meanwhile(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place, is_asked, may_end = Rented(monkeypatch, None), Event(), Event()

    def compile_kernels() -> None:
        is_asked.set()
        may_end.wait(10)
        if error is not None:
            raise error

    monkeypatch.setattr(rented, "is_compiled", lambda: False)
    monkeypatch.setattr(rented.cloud, "compile_kernels", SimpleNamespace(remote=compile_kernels))
    place.backend.expect_to_align(config_of())
    assert is_asked.wait(10)
    future = place.ask_for("align")
    while place.backend._at_work:
        Event().wait(0.01)
    place.now = 5.0
    assert [(one.function, one.container_seconds) for one in place.backend.bills()] == [("compile_kernels", 5.0)]
    assert not place.calls
    may_end.set()
    while not place.calls:
        Event().wait(0.01)
    place.calls[0].is_over.set()
    assert isinstance(future.result(timeout=10), Outcome)
    assert {one.function for one in place.backend.bills()} == {"compile_kernels", "align_on_cpu"}
    assert capsys.readouterr().out.count("kernels are not compiled (no machine)") == (error is not None)


def test_a_stage_is_stopped_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    price = machine_of("encode", config_of()).dollars_per_second({})
    for max_dollars, is_stopped in ((None, False), (price * 300, False), (price * 100, True)):
        place = Rented(monkeypatch, max_dollars)
        future = place.submit()
        place.backend.check()
        place.now = 200.0
        with pytest.raises(BudgetError, match=r"stopped before it costs more than \$") if is_stopped else nullcontext():
            place.backend.check()
        place.calls[0].is_over.set()
        assert isinstance(future.result(timeout=10), Outcome)


def test_a_stage_that_cannot_be_paid_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    price = machine_of("encode", config_of()).dollars_per_second({})
    place = Rented(monkeypatch, price * 20)
    with pytest.raises(BudgetError):
        place.submit()
    assert place.calls == []
    assert place.backend._dollars_at_work() == 0


def test_a_run_that_is_given_up_before_its_first_answer_ends_at_once_and_knows_what_it_has_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    price = machine_of("encode", config_of()).dollars_per_second({})
    place = Rented(monkeypatch, None)
    with pytest.raises(BudgetError), place.backend.computing(config_of()):
        place.submit()
        while not place.backend._calls:
            Event().wait(0.01)
        place.now = 100.0
        assert place.backend.dollars() == 0, "nothing has been answered"
        assert sum(bill.dollars for bill in place.backend.bills()) == pytest.approx(100 * price)
        raise BudgetError("a test")
    place.backend.stop()
    assert [call.is_cancelled for call in place.calls] == [True]
    place.now = 500.0
    (bill,) = place.backend.bills()
    assert (bill.function, bill.n_containers, bill.busy_seconds) == ("encode_on_gpu", 1, 0.0)
    assert bill.dollars == pytest.approx(100 * price)
    place.submit()
    assert len(place.calls) == 1, "nothing is begun after the end"


def test_what_is_given_up_is_cancelled_and_what_is_finished_needs_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Rented(monkeypatch, None)
    finished = place.submit()
    place.calls[0].is_over.set()
    finished.result(timeout=10)
    place.submit()
    while len(place.calls) < 2 or not place.backend._calls:
        Event().wait(0.01)
    place.backend.stop()
    assert [call.is_cancelled for call in place.calls] == [False, True]


def test_an_error_of_the_clerk_s_is_raised_here_and_not_in_its_log() -> None:
    def fail(store: object) -> None:
        raise ConfigError("no file matches")

    class Volume:
        def reload(self) -> None: ...

        def commit(self) -> None: ...

    answer = run_job(Volume(), fail, config_of(), (), {})
    assert isinstance(answer, ConfigError)
    backend = rented.ModalBackend(config_of(), print, clerk=lambda *arguments: answer)
    with pytest.raises(ConfigError, match="no file matches"):
        backend.ask(fail, config_of())


def test_the_clerk_is_paid_as_well() -> None:
    assert CLERK.dollars_per_second({}) == pytest.approx(2 * 0.0000131 + 4 * 0.00000222)


def test_pairs_are_estimated_by_both_sides() -> None:
    pair = DocumentPair("one", document(1), document(2))
    of_both, of_one = (
        estimate(config_of(), Missing(align=todo(one)))[2].wall_seconds
        for one in (pair, DocumentPair("one", document(1), document(2, 0)))
    )
    assert of_both > of_one
