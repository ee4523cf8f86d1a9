"""The jobs that most organisations schedule, as examples that open a filled-in form.

Data only: each is a type with a payload, a schedule and words. What only its user can know is left out of the payload
and marked in `blanks`, so that nothing of an example is taken for a real address.
"""

from collections.abc import Mapping

from tasks_app.catalogue.business import COMMUNITY, INVENTORY, PAYROLL, PURCHASE, SALES
from tasks_app.catalogue.example import Blank, Example
from tasks_app.catalogue.platform import COMMON, FIRST

__all__ = ["BY_KEY", "EXAMPLES", "FIRST", "GROUPS", "Blank", "Example"]

GROUPS = {
    "start": "To begin with",
    "common": "Every organisation",
    "sales": "Sales",
    "purchase": "Purchasing",
    "payroll": "Payroll",
    "community": "Community",
    "inventory": "Inventory",
}
EXAMPLES = (FIRST, *COMMON, *SALES, *PURCHASE, *PAYROLL, *COMMUNITY, *INVENTORY)
BY_KEY: Mapping[str, Example] = {example.key: example for example in EXAMPLES}
