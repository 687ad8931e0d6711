"""Each family of the registry, trained once by the program itself, for all contract tests."""

from collections.abc import Iterator

import pytest
from contract_data import SMALL_DATA
from contract_runs import REGISTRY, Finished

from trasluz.api import ModelFamily
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import Judgement
from trasluz.core.inference.model import OpenModel
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run


@pytest.fixture(scope="session", params=sorted(REGISTRY.families))
def family(request: pytest.FixtureRequest) -> ModelFamily:
    """Each family."""
    return REGISTRY.family(request.param)


@pytest.fixture(scope="session")
def finished(family: ModelFamily, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """The family trained on small real data by the program's own road, on the CPU, as briefly as it can."""
    kind = str(family.kinds[0])
    assert kind in SMALL_DATA, f"the contract tests have no data of the kind “{kind}”; add it to contract_data.py"
    place = tmp_path_factory.mktemp(family.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", str(place / "home"))
        data = SMALL_DATA[kind](place / "data")
        settings = {"epochs": 1} if "epochs" in family.config.model_fields else {}
        request = RunRequest.new(family=family.id, data=str(data), settings=settings, device="cpu")
        run = RunFolder.create(place / "run", request)
        status = execute_run(run.path)
        assert status == 0, run.last_words() + "\n".join(e.model_dump_json() for e in run.last_events())
        dataset = Index.open(run.index_path, REGISTRY.sources)
        model = OpenModel(run.model_folder, family, "cpu")
        yield Finished(family, run, dataset, model, Judgement.load(run.judgement_path))
        dataset.close()
