"""Wrong path rules, each with the report that it has to get."""

from tests.refused_rules.case import Refused
from tests.refused_rules.http_routes import HTTP_ROUTES
from tests.refused_rules.options import OPTIONS
from tests.refused_rules.paths import PATHS

REFUSED = (*PATHS, *OPTIONS, *HTTP_ROUTES)

__all__ = ["REFUSED", "Refused"]
