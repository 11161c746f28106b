"""Size, power and coverage by simulation.

`worlds` says what responses look like, `probes` what is asked of one replication, `simulate` counts. A new world or a
new question is one function and one `register` call; the command line and the pages read the registries.
"""

from eventstudy.calibration.cells import Cell
from eventstudy.calibration.dates import calibrate_dates
from eventstudy.calibration.donors import calibrate_donors
from eventstudy.calibration.probes import PROBES, Replication
from eventstudy.calibration.raised import variance_world
from eventstudy.calibration.simulate import calibrate, calibrate_real
from eventstudy.calibration.worlds import WORLDS, World

__all__ = [
    "PROBES",
    "WORLDS",
    "Cell",
    "Replication",
    "World",
    "calibrate",
    "calibrate_dates",
    "calibrate_donors",
    "calibrate_real",
    "variance_world",
]
