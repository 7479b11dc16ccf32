"""Why does it not work? Every part looked at, from here to Mattermost and back, each with the sentence that mends it.

The doctor changes nothing that anybody can see and needs no administrator's token. What depends on something that
does not work is skipped and says so, so that the first failure in the list is the one to mend.
"""

from sekretar.mattermost.doctor.examination import examine
from sekretar.mattermost.doctor.findings import Diagnosis, Finding, State, failure, fine, skipped, warning
from sekretar.mattermost.doctor.surroundings import Check, DoctorSettings, Look, StandIn, Surroundings

__all__ = [
    "Check",
    "Diagnosis",
    "DoctorSettings",
    "Finding",
    "Look",
    "StandIn",
    "State",
    "Surroundings",
    "examine",
    "failure",
    "fine",
    "skipped",
    "warning",
]
