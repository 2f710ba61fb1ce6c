"""The one table of HTTP codes."""

import cache.errors
import service.errors
from service.http.problems import PROBLEMS


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    """Return the classes of a tree that nothing is derived from, and those raised themselves."""
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*(leaves(one) for one in below))


def test_every_error_of_the_service_has_its_answer():
    """No leaf of the service's tree can end as an unforeseen error."""
    assert leaves(service.errors.ServiceError) <= PROBLEMS.keys()


def test_every_error_of_the_cache_that_reaches_a_request_has_its_answer():
    """Those that stay inside are answered by trying again, or by treating a record as absent."""
    inside = {
        cache.errors.RecordInvalid,
        cache.errors.JournalReplaced,
        cache.errors.LeaseLost,
    }

    assert leaves(cache.errors.CacheError) - inside <= PROBLEMS.keys()


def test_errors_with_leaves_below_them_that_are_raised_have_an_answer_too():
    """`BadRequest` and `SetupError` are raised as such."""
    assert {service.errors.BadRequest, service.errors.SetupError} <= PROBLEMS.keys()


def test_the_trees_drawn_on_top_name_every_error():
    """The drawing at the top of each errors.py is complete."""
    for module in (service.errors, cache.errors):
        for name in module.__all__:
            assert name in (module.__doc__ or ""), name
