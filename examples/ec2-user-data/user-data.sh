#!/bin/sh
# EC2 user data: runs once as root, at the first boot. Everything on the
# instance can read it, so it names secrets and holds none.
# ROOT is a folder to run below, for a trial.
set -eu
umask 022
root=${ROOT-}

# The binary: a place of yours, and the sum of what you have put there.
url=${BINARY_URL:-https://downloads.example.com/credrender-linux-amd64}
sha256=${BINARY_SHA256:-0000000000000000000000000000000000000000000000000000000000000000}

binary=$(mktemp)
curl -fsSL --retry 5 --retry-connrefused -o "$binary" "$url"
if ! echo "$sha256  $binary" | sha256sum -c --status -; then
	echo "user data: $url: its SHA-256 is not $sha256; nothing is installed" >&2
	rm -f "$binary"
	exit 1
fi
install -D -m 0755 "$binary" "$root/usr/local/bin/credrender"
rm -f "$binary"

install -d -m 0755 "$root/etc/credrender"
cat > "$root/etc/credrender/credrender.yaml" <<'EOF'
context: {env: prod, service: app}
jobs:
  - name: app
    src: app.env.tmpl
    dest: /etc/app/app.env
    mode: "0600"
    format: env
    create_dirs: true
    hook: systemctl --no-block try-restart app
EOF
cat > "$root/etc/credrender/app.env.tmpl" <<'EOF'
DATABASE_URL={{ printf "postgres://app:%s@db.internal.example.com/app" (secret "app.db.password" | urlquery | replace "+" "%20") | envquote }}
SESSION_KEY={{ secret "app.session.key" | envquote }}
EOF

# A timer, since Amazon Linux 2023 has no cron. It starts before the first
# render, so that one that fails is tried again.
units="$root/etc/systemd/system"
install -d -m 0755 "$units"
cat > "$units/credrender-render.service" <<'EOF'
[Unit]
Description=Render config files from secrets, once
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
EnvironmentFile=-/etc/default/credrender
ExecStart=/usr/local/bin/credrender render
TimeoutStartSec=15min
StateDirectory=credrender
StateDirectoryMode=0700
RuntimeDirectory=credrender
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
LimitCORE=0
EOF
cat > "$units/credrender-render.timer" <<'EOF'
[Unit]
Description=Render config files from secrets every five minutes

[Timer]
OnCalendar=*:0/5
RandomizedDelaySec=5min
FixedRandomDelay=yes
AccuracySec=1s

[Install]
WantedBy=timers.target
EOF
if [ -z "$root" ]; then
	systemctl daemon-reload
	systemctl enable --now --quiet credrender-render.timer
fi

# A new role takes some time to be known; nothing else is waited for.
"$root/usr/local/bin/credrender" --config "$root/etc/credrender/credrender.yaml" \
	render --wait 10m ${root:+--root "$root"}
