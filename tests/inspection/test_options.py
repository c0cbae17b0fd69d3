"""What may be set, and what is refused in words."""

import pytest
from pydantic import TypeAdapter, ValidationError

from watcher.inspection.options import InspectionOptions

ADAPTER = TypeAdapter(InspectionOptions)


def test_a_length_in_millimetres_needs_the_scale():
    options = ADAPTER.validate_python({"smallest_defect": "0.3 mm", "pixels_per_mm": 20})
    assert options.pixels(options.smallest_defect) == pytest.approx(6)
    with pytest.raises(ValidationError, match=r"0.3 mm needs pixels_per_mm, or write it in pixels"):
        ADAPTER.validate_python({"smallest_defect": "0.3 mm"})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"smallest_defect": "3 in"}, "unknown unit 'in' .known: px, mm."),
        ({"smallest_defect": 1}, "between 2 and 1000 pixels, not 1 px"),
        ({"bright": 0}, "bright must lie between 1 and 255 grey levels"),
        ({"pose": {"angle": 90}}, "between 0 and 45 degrees"),
        ({"pose": {"shift": "50 %"}}, "leaves too little"),
        ({"light": {"gain": 0.5}}, "between 1 and 5"),
        ({"tolerance": 3}, "tolerance"),
    ],
)
def test_what_makes_no_sense_is_refused(written, said):
    with pytest.raises(ValidationError, match=said):
        ADAPTER.validate_python(written)


def test_the_schema_shows_lengths_as_people_write_them():
    assert ADAPTER.json_schema()["properties"]["smallest_defect"]["default"] == "6 px"
