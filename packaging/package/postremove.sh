#!/bin/sh
# "dpkg --purge" removes the state; rpm keeps it. Rendered files stay in both cases,
# because the services that read them are still there.
set -e
[ "${1-}" = purge ] && rm -rf /var/lib/credrender /run/credrender
[ -d /run/systemd/system ] && systemctl daemon-reload
exit 0
