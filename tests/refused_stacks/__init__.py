"""Whole stacks whose settings can't be, each with the report that it has to get."""

from tests.refused_stacks.addresses import ADDRESSES
from tests.refused_stacks.controller import CONTROLLER
from tests.refused_stacks.quotes import QUOTES
from tests.refused_stacks.redirects import REDIRECTS
from tests.refused_stacks.together import TOGETHER

REFUSED = (*REDIRECTS, *ADDRESSES, *CONTROLLER, *TOGETHER, *QUOTES)
