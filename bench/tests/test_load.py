"""What a load requests, and how much of it a cloud has to refuse."""

from bench.measures import load

SERVERS = [f'server-{number}' for number in range(10)]


def test_requests():
    """As many want the maximum at a time as the share says, and none at the end."""
    made = load.requests(SERVERS, 0.3, steps=20)
    busy = set()
    for server, grows in made:
        (busy.add if grows else busy.remove)(server)
        assert len(busy) <= 3
    assert not busy
    assert load.requested(made) == 3 + 20
    assert made == load.requests(SERVERS, 0.3, steps=20)


def test_bound():
    """What has to be refused is what is more than all hosts have."""
    made = load.requests(SERVERS, 0.3, steps=20)
    assert load.refused(made, load.Pool(free=18, more=6)) == 0
    # Two of three have room at a time: whoever stops makes room for whoever begins.
    assert load.refused(made, load.Pool(free=17, more=6)) == 8
    assert load.refused(made, load.Pool(free=5, more=6)) == load.requested(made)


def test_taken_back():
    """A server that has not grown gives nothing back."""
    pool = load.Pool(free=6, more=6)
    pool.grow('first')
    pool.grow('second')
    assert not pool.shrink('second')
    assert pool.shrink('first')
    pool.grow('second')
    assert pool.shrink('second')
