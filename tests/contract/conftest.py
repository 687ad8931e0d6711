"""Each family of the registry, trained once by the program itself, for all contract tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from contract_data import SETTINGS, SMALL_DATA, SMALL_DATA_FOR
from contract_runs import REGISTRY, Finished

from trasluz.api import ModelFamily
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import Judgement
from trasluz.core.inference.model import OpenModel
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run

CASES = [(name, str(kind)) for name in sorted(REGISTRY.families) for kind in REGISTRY.families[name].kinds]
SLOW = {("vision-transformer", "sound-classes")}
"""Its two halves, sounds by the CNN and photos by the same network, are among the quick ones."""


def _param(case: tuple[str, str]) -> Any:
    return pytest.param(case, id=" ".join(case), marks=[pytest.mark.slow] if case in SLOW else [])


@pytest.fixture(scope="session", params=[_param(case) for case in CASES])
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Each family with each kind of data that it learns from."""
    return request.param


@pytest.fixture(scope="session")
def family(case: tuple[str, str]) -> ModelFamily:
    """Each family, as it works with the kind."""
    return REGISTRY.family(case[0]).for_kind(case[1])


@pytest.fixture(scope="session")
def finished(
    case: tuple[str, str], family: ModelFamily, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    """The family trained on small real data by the program's own road, on the CPU, as briefly as it can."""
    name, kind = case
    make = SMALL_DATA_FOR.get(case) or SMALL_DATA.get(kind)
    assert make, f"the contract tests have no data of the kind “{kind}”; add it to contract_data.py"
    place = tmp_path_factory.mktemp(f"{name}-{kind}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", str(place / "home"))
        data = make(place / "data")
        settings = SETTINGS.get(case, {"epochs": 1} if "epochs" in family.config.model_fields else {})
        request = RunRequest.new(family=name, data=str(data), settings=settings, device="cpu")
        run = RunFolder.create(place / "run", request)
        status = execute_run(run.path)
        assert status == 0, run.last_words() + "\n".join(e.model_dump_json() for e in run.last_events())
        dataset = Index.open(run.index_path, REGISTRY.sources)
        model = OpenModel(run.model_folder, family, "cpu")
        yield Finished(family, run, dataset, model, Judgement.load(run.judgement_path))
        dataset.close()
