"""Where face files are missing, tests are skipped, but fail in continuous integration."""

import pytest

from tests.integration.faces.files import missing, require


def test_what_is_missing_is_named_with_the_way_to_get_it(tmp_path):
    gone = missing(tmp_path)
    assert gone.startswith("build/models/face-generator/card.json and")
    assert gone.endswith("run 'make models-faces'")
    with pytest.raises(pytest.fail.Exception, match="make models-faces"):
        require(gone, ci=True)
    with pytest.raises(pytest.skip.Exception, match="make models-faces"):
        require(gone, ci=False)


def test_nothing_is_missing_here():
    assert missing() == ""
