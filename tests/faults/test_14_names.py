"""Case 14: what is misspelt is refused before any work, with what is meant."""

import pytest
from fault_runs import kedro, said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--env=tset"], ["--env: there is no 'tset'", "'test'"]),
        (["--pipeline=quantisation"], ["'quantisation'", "'quantization'"]),
        (["--runner=SequentialRuner"], ["--runner", "'SequentialRunner'"]),
        (["--env=test", "--from-nodes=train"], ["--from-nodes", "'train_model'"]),
        (["--env=test", "--to-outputs=metric"], ["--to-outputs", "'metrics'"]),
        (["--params=ctr_modelling.x=1"], ["'ctr_modelling'", "'ctr_modeling'"]),
        (
            ["--params=ctr_modeling.training.learning_rat=1"],
            ["did you mean 'ctr_modeling.training.learning_rate'?"],
        ),
        (
            ["--params=ctr_modeling.training.patience=-1"],
            ["'ctr_modeling.training.patience' = -1", "greater than or equal to 1"],
        ),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(project, arguments, words):
    done = kedro(project, "run", *arguments)
    assert done.returncode in {1, 2}
    for word in words:
        assert word in said(done)
    assert not (project / "data").exists()
