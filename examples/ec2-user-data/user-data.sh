#!/bin/sh
# EC2 user data: runs once as root, at the first boot. Everything on the
# instance can read it, so it names secrets and holds none.
# ROOT is a folder to run below, for a trial.
set -eu
umask 022
root=${ROOT-}

# The binary: a place of yours, and the sum of what you have put there.
url=${CREDRENDER_URL:-https://downloads.example.com/credrender-linux-amd64}
sha256=${CREDRENDER_SHA256:-0000000000000000000000000000000000000000000000000000000000000000}

binary=$(mktemp)
curl -fsSL --retry 5 --retry-connrefused -o "$binary" "$url"
echo "$sha256  $binary" | sha256sum -c --status -
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
    hook: systemctl try-restart app
EOF
cat > "$root/etc/credrender/app.env.tmpl" <<'EOF'
DATABASE_URL={{ printf "postgres://app:%s@db.internal.example.com/app" (secret "app.db.password" | urlquery | replace "+" "%20") | envquote }}
SESSION_KEY={{ secret "app.session.key" | envquote }}
EOF

# Before the first render, so that one that fails is tried again.
install -d -m 0755 "$root/etc/cron.d"
cat > "$root/etc/cron.d/credrender" <<'EOF'
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
*/5 * * * * root credrender render --splay 2m
EOF

# A new role takes some time to be known; nothing else is waited for.
"$root/usr/local/bin/credrender" --config "$root/etc/credrender/credrender.yaml" \
	render --wait 10m ${root:+--root "$root"}
