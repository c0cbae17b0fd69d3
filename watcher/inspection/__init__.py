"""A part against a good one: PASS, FAIL or NOT_INSPECTED."""
