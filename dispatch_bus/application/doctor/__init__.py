"""One look at everything that an operator answers for, with what to do about each finding."""

from dispatch_bus.application.doctor.examine import examine
from dispatch_bus.application.doctor.finding import Finding, Grade, worst

__all__ = ["Finding", "Grade", "examine", "worst"]
