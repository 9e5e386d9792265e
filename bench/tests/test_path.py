"""What is read out of traces and samples."""

from bench.measures import path

_SAMPLES = """\
run (eventlet/hub.py:1);do_poll (eventlet/epolls.py:9) 70
call (nova/api.py:1);save (nova/objects/instance.py:5);execute (sqlalchemy/engine.py:3) 20
call (nova/api.py:1);call (nova/api.py:2);check (nova/quota.py:7) 10
"""


def test_at_work():
    """Waiting does not count, and a function counts once however often it is on the stack."""
    found = path.at_work(_SAMPLES)
    assert found['packages'] == [('sqlalchemy', 20 / 30), ('nova', 10 / 30)]
    assert found['functions'] == [
        ('nova/api.py: call', 1.0),
        ('nova/objects/instance.py: save', 20 / 30),
        ('nova/quota.py: check', 10 / 30),
    ]


def test_phases():
    """A moment belongs to the first phase that it does not come after, or to none."""
    window = path.Window(10, 11, 12, 14)
    moments = (9.9, 10, 11, 11.1, 13, 14.1)
    assert [window.phase(moment) for moment in moments] == [
        None, 'asked', 'asked', 'claimed', 'done', None,
    ]  # fmt: skip
