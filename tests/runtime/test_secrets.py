"""A secret stays out of logs while it is hidden, and logs are as before then."""

import logging

import pytest

from mmctr.runtime.secrets import redacted_logs, without_secret

SECRET = "sk-secret-1"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"the key is {SECRET}", ()),
        ("the key is %s", (SECRET,)),
        ("headers %r", ([(b"x-key", SECRET.encode())],)),
        ("key %(key)s", ({"key": SECRET},)),
    ],
)
def test_the_secret_is_in_no_record(caplog, message, arguments):
    """In none of the parts that a handler may show."""
    with redacted_logs(SECRET):
        logging.getLogger("urllib3").warning(message, *arguments)
    [record] = caplog.records
    assert SECRET not in repr(vars(record))
    assert "***" in record.getMessage()


def test_nor_in_the_exception_of_a_record(caplog):
    """Its message is another's text."""
    with redacted_logs(SECRET):
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("urllib3").exception("failed")
    assert SECRET not in caplog.text


def test_other_records_and_times_are_left_alone(caplog):
    """Their arguments too; a word is no secret."""
    before = logging.getLogRecordFactory()
    logger = logging.getLogger("urllib3")
    with redacted_logs(SECRET):
        logger.warning("%d of %d", 1, 2)
    with redacted_logs("none"), pytest.raises(ZeroDivisionError):
        logger.warning("none of %s", "these")
        raise ZeroDivisionError
    assert [record.args for record in caplog.records] == [(1, 2), ("these",)]
    assert without_secret("none", "none") == "none"
    assert logging.getLogRecordFactory() is before
