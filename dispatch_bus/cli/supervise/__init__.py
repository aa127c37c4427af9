"""Keeps the processes of one machine running together, and ends them together."""

from dispatch_bus.cli.supervise.child import Child, ChildProcess, says_ready
from dispatch_bus.cli.supervise.supervisor import Supervisor
from dispatch_bus.cli.supervise.watch import Change, State, Supervised

__all__ = ["Change", "Child", "ChildProcess", "State", "Supervised", "Supervisor", "says_ready"]
