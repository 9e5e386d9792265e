"""What servers had is added up right, from samples and from periods."""

from cloud.tests.e2e import metering
from cloud.tests.e2e.metering import Amounts, Period, Span
from cloud.tests.e2e.sizes import Size


def test_total():
    """Only what lies within the spans counts, for as long as it does."""
    periods = [Period(0, 10, Size(1, 256)), Period(10, 30, Size(4, 512))]
    assert metering.total(periods, [Span(0, 30)]) == Amounts(10 + 80, 2560 + 10240)
    assert metering.total(periods, [Span(5, 12), Span(29, 99)]) == Amounts(5 + 8 + 4, 1280 + 1536)
    assert metering.total(periods, []) == Amounts(0, 0)


def test_between():
    """What is left begins and ends with the whole span."""
    gaps = [Span(2, 3), Span(5, 9)]
    assert metering.between(Span(0, 10), gaps) == [Span(0, 2), Span(3, 5), Span(9, 10)]
    assert metering.between(Span(0, 10), []) == [Span(0, 10)]


def test_allocations_of_a_migration():
    """They are those of the server until it has some where it moves."""
    source = [('migration', 'moving', 'VCPU', 2), ('migration', 'moving', 'MEMORY_MB', 512)]
    target = [('moving', None, 'VCPU', 1), ('moving', None, 'MEMORY_MB', 256)]
    other = [('other', None, 'VCPU', 3)]
    assert metering.sizes([*source, *other]) == {'moving': Size(2, 512), 'other': Size(3, 0)}
    assert metering.sizes([*target, *source]) == {'moving': Size(1, 256)}
