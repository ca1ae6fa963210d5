#!/bin/sh
# Stops the units before the program is removed, but not in an upgrade ("upgrade" for
# dpkg, 1 for rpm). Rendered files stay.
set -e
case ${1-} in upgrade | 1) exit 0 ;; esac
[ -d /run/systemd/system ] || exit 0
systemctl --no-reload disable --now credrender.service credrender-render.timer credrender-boot.service credrender-recover.service
