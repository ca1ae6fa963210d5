#!/bin/sh
# Makes the units known. They are not enabled: a package does not decide whether the
# daemon or the timer runs here.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
# After an upgrade a running daemon continues as the new program. $1 is "configure" and
# $2 the former version (dpkg), or $1 is 2 (rpm).
if [ "$1" = 2 ] || { [ "$1" = configure ] && [ -n "${2-}" ]; }; then
	systemctl try-restart credrender.service
fi
