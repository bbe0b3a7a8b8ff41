"""When to come back follows how long jobs take, within bounds."""

from services.gateway.jobs.pace import Pace


def test_before_the_first_job_it_is_a_guess() -> None:
    assert Pace().seconds == 5


def test_it_follows_the_jobs_the_newer_the_more() -> None:
    pace = Pace()
    pace.note(10)
    assert pace.seconds == 10
    pace.note(20)
    assert 10 < pace.seconds < 15
    for _ in range(50):
        pace.note(100)
    assert round(pace.seconds) == 100


def test_nobody_is_sent_away_for_less_than_a_second_or_more_than_five_minutes() -> None:
    quick, slow = Pace(), Pace()
    quick.note(0.01)
    slow.note(86400)
    assert (quick.seconds, slow.seconds) == (1, 300)
