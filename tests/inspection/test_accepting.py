"""What a person says is good is let pass from now on, and nothing else."""

import pytest

from tests.support import parts
from watcher.errors import ReferenceUnusable
from watcher.inspection.golden import accept, teach
from watcher.inspection.inspector import Inspector


@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_part_passes_and_a_defect_elsewhere_does_not(count):
    golden = teach([parts.part(seed=n) for n in range(count)]).golden
    odd = parts.part(bad=True, seed=50)
    assert Inspector(golden).inspect(odd).verdict == "FAIL"
    learnt = accept(golden, odd).golden
    assert learnt.count == count + 1
    assert Inspector(learnt).inspect(parts.part(bad=True, seed=51)).verdict == "PASS"
    assert Inspector(learnt).inspect(parts.part(seed=52)).verdict == "PASS"
    worse = parts.part(seed=53)
    worse[50:62, 200:214] = 20
    assert Inspector(learnt).inspect(worse).verdict == "FAIL"


def test_another_product_is_no_good_part():
    golden = teach([parts.part(seed=n) for n in range(3)]).golden
    with pytest.raises(ReferenceUnusable, match="cannot be laid onto the golden part"):
        accept(golden, parts.part(design=99))
    with pytest.raises(ReferenceUnusable, match="one size"):
        accept(golden, parts.part()[:100])
