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


def test_hosts_of_their_own():
    """What is free on one host is of no use to the servers of another."""
    made = [load.Request(server, grows=True) for server in SERVERS[:3]]
    made += [load.Request(server, grows=False) for server in SERVERS[:3]]
    uneven = dict.fromkeys(SERVERS[:3], 'first')
    even = dict(zip(SERVERS[:3], ('first', 'second', 'third'), strict=True))

    def refused(hosts):
        pools = {host: load.Pool(free=7, more=7) for host in ('first', 'second', 'third')}
        return load.refused(made, load.Pools(hosts, pools))

    assert (refused(uneven), refused(even)) == (2, 0)


def test_other_loads():
    """Each number is a load of its own."""
    first, second, again = (load.requests(SERVERS, 0.3, 20, number) for number in (1, 2, 1))
    assert first == again != second
