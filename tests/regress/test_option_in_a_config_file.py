"""Found by a review: `keep_alive = 75` in gunicorn.conf.py, as the option is called, has no effect (the setting is
keepalive), and nobody said so: behind a load balancer requests met our close. So it is with each option that is not
called as its setting."""

from tests.worker.served import SOURCE


def test_start_tells_of_it(gunicorn):
    server = gunicorn(SOURCE, config="access_logfile = '-'\n")
    server.wait_for("WARNING. access_logfile in gunicorn's config file is no setting of gunicorn's, and has no effect: "
                    "did you mean accesslog\\?")
    server.worker()
