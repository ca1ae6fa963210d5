"""Print when a cron expression is due, by two other implementations.

Reads lines of JSON: [expression, zone, start in seconds, count]. Writes a line of
JSON for each: the times of cronsim and those of croniter, in seconds, or null for
an implementation that refuses the expression.
"""
import json
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim


def runs(make, expression, start, count):
    try:
        times = make(expression, start)
        return [int(next(times).timestamp()) for _ in range(count)]
    except Exception:  # each has its own
        return None


for line in sys.stdin:
    expression, zone, start, count = json.loads(line)
    begin = datetime.fromtimestamp(start, ZoneInfo(zone))
    print(json.dumps([
        runs(CronSim, expression, begin, count),
        runs(lambda e, s: croniter(e, s, ret_type=datetime, implement_cron_bug=True), expression, begin, count),
    ]))
