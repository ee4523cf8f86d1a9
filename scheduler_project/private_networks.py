"""Who may have addresses inside the network called, beside the switch that lets everybody."""

from scheduler_project.env import Env


def by_permission(env: Env) -> bool:
    """Read whether the permission counts: off, because the role Admin holds it, and so would whoever gets that role."""
    return env.switch(
        "PRIVATE_NETWORKS_BY_PERMISSION",
        False,
        help="Whether tasks of owners with the permission “reach private networks” may call addresses inside the "
        "network, where ALLOW_PRIVATE_ADDRESSES lets nobody else.",
    )
