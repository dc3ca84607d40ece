"""A page that can't be shown is no failure of the run that is over."""

from types import SimpleNamespace

from kedro.io import DataCatalog

from mmctr.data.datasets import AtomicDataset
from mmctr.project.hooks.after_run import ABLATION_PAGE, SummaryHook


def test_a_damaged_page_of_the_ablation_is_only_logged(tmp_path, caplog):
    path = tmp_path / "page.json"
    path.write_text('{"cut')
    held = AtomicDataset(
        dataset="mmctr.data.datasets.JsonDataset", filepath=path.as_posix()
    )
    SummaryHook().after_pipeline_run(
        run_params={"project_path": tmp_path},
        pipeline=SimpleNamespace(all_outputs=lambda: {ABLATION_PAGE}),
        catalog=DataCatalog({ABLATION_PAGE: held}),
    )
    assert "no page: " in caplog.text
    assert path.name in caplog.text
